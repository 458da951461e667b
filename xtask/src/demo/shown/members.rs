//! The table of an organization's accounts.

use serde_json::Value;

use super::titled;
use crate::azure::Connector;
use crate::demo::organization::SeenAccount;
use crate::table::Table;

/// What is known of an account.
#[derive(Debug, Default)]
pub struct Member {
    /// Its id.
    pub id: String,
    name: String,
    unit: String,
    connector: String,
    plans: String,
    /// What the last run that looked at it came to.
    pub outcome: String,
    instances: String,
    why: String,
}

impl Member {
    /// From what the organization, Azure and the reports say of it.
    pub fn new(
        id: &str,
        seen: Option<&SeenAccount>,
        connector: Option<&Connector>,
        report: &Value,
    ) -> Self {
        let said = &report["Accounts"][id];
        let text = |field: &str| said[field].as_str().unwrap_or_default().to_owned();
        let unit = match seen {
            None => "not in the organization".to_owned(),
            Some(account) if account.state != "ACTIVE" => {
                format!("{} ({})", account.unit, account.state)
            }
            Some(account) => account.unit.clone(),
        };
        let commands = report["LeftBehind"][id]["Commands"]
            .as_array()
            .map(Vec::len);
        let why = match (commands, text("Reason")) {
            (Some(count), _) => format!("{count} commands for what stays behind are in the report"),
            (None, reason) => reason,
        };
        Self {
            id: id.to_owned(),
            name: seen.map_or_else(|| text("Name"), |account| account.name.clone()),
            unit,
            connector: connector.map_or_else(String::new, |one| one.name.clone()),
            plans: connector.map(plans).unwrap_or_default(),
            outcome: text("Outcome"),
            instances: instances(&said["Instances"]),
            why,
        }
    }
}

/// The accounts, with their connectors and what came of them.
pub fn table(title: &str, members: &[Member]) -> String {
    let mut table = Table::new([
        "account",
        "name",
        "unit",
        "connector",
        "plans",
        "outcome",
        "instances",
        "why",
    ]);
    for member in members {
        table.row([
            &member.id,
            &member.name,
            &member.unit,
            &member.connector,
            &member.plans,
            &member.outcome,
            &member.instances,
            &member.why,
        ]);
    }
    titled(title, &table)
}

/// The plans, without what all of their names have in common.
fn plans(connector: &Connector) -> String {
    let kinds = connector.properties.offerings.iter();
    let kinds = kinds.filter_map(|one| one["offeringType"].as_str());
    let short = kinds.map(|kind| {
        let kind = kind.strip_suffix("Aws").unwrap_or(kind);
        kind.strip_prefix("DefenderFor").unwrap_or(kind)
    });
    short.collect::<Vec<_>>().join(" ")
}

/// How many there are, and what became of their tags.
fn instances(counts: &Value) -> String {
    let count = |name: &str| counts[name].as_u64().unwrap_or_default();
    if count("InstancesSeen") == 0 {
        return String::new();
    }
    let told = [
        ("InstancesSeen", "seen"),
        ("InstancesTagged", "tagged"),
        ("InstancesAlreadyRight", "right before"),
        ("InstancesUntagged", "untagged"),
        ("InstancesFailed", "failed"),
    ];
    let told = told.into_iter().filter(|(name, _)| count(name) > 0);
    let told = told.map(|(name, word)| format!("{} {word}", count(name)));
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn connector(account: &str) -> Connector {
        let listed = json!({
            "id": "/x", "name": format!("aws-{account}"),
            "properties": {
                "hierarchyIdentifier": account, "environmentData": {},
                "offerings": [
                    {"offeringType": "CspmMonitorAws"},
                    {"offeringType": "DefenderForServersAws"},
                ],
            },
        });
        serde_json::from_value(listed).unwrap()
    }

    #[test]
    fn accounts_are_shown_with_what_became_of_them_and_their_names_are_inert() {
        let seen = |name: &str, state: &str| SeenAccount {
            name: name.to_owned(),
            state: state.to_owned(),
            unit: "Workloads".to_owned(),
        };
        let report = json!({
            "Accounts": {
                "1": {"Outcome": "Connected", "Instances": {
                    "InstancesSeen": 3, "InstancesTagged": 2, "InstancesAlreadyRight": 1}},
                "2": {"Outcome": "Failed", "Reason": "why\u{1b}[2J not"},
                "3": {"Outcome": "Skipped", "Reason": "Suspended"},
                "4": {"Outcome": "Removed", "Name": "gone"},
            },
            "LeftBehind": {"4": {"Commands": ["a", "b"]}},
        });
        let members = [
            Member::new(
                "1",
                Some(&seen("web", "ACTIVE")),
                Some(&connector("1")),
                &report,
            ),
            Member::new(
                "2",
                Some(&seen("\u{1b}[31mred\r\nx", "ACTIVE")),
                None,
                &report,
            ),
            Member::new("3", Some(&seen("old", "SUSPENDED")), None, &report),
            Member::new("4", None, None, &report),
        ];
        insta::assert_snapshot!(table("Accounts", &members), @r"
           Accounts

          account  name    unit                     connector  plans                outcome    instances                         why
          -------  ------  -----------------------  ---------  -------------------  ---------  --------------------------------  --------------------------------------------------
          1        web     Workloads                aws-1      CspmMonitor Servers  Connected  3 seen, 2 tagged, 1 right before
          2        red  x  Workloads                                                Failed                                       why not
          3        old     Workloads (SUSPENDED)                                    Skipped                                      Suspended
          4        gone    not in the organization                                  Removed                                      2 commands for what stays behind are in the report
        ");
    }
}
