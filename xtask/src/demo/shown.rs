//! The demo's tables.

use serde_json::Value;

use super::fleet::{Instance, KEYS};
use crate::azure::Connector;
use crate::inventory::Inventory;
use crate::table::Table;

pub mod members;

/// What CloudFormation made.
pub fn stacks(inventory: &Inventory) -> String {
    let mut table = Table::new(["stack", "resource", "type", "status"]);
    for stack in &inventory.stacks {
        table.row([&stack.name, "", "AWS::CloudFormation::Stack", &stack.status]);
        for resource in &stack.resources {
            table.row([
                &stack.name,
                &resource.logical_id,
                &resource.kind,
                &resource.status,
            ]);
        }
    }
    titled("What CloudFormation made", &table)
}

/// Who may come in, and as whom.
pub fn roles(inventory: &Inventory) -> String {
    let mut table = Table::new(["kind", "name", "audience"]);
    for role in &inventory.roles {
        table.row(["role", role, ""]);
    }
    for provider in &inventory.providers {
        for audience in &provider.audiences {
            table.row(["identity provider", &provider.arn, audience]);
        }
    }
    titled("Roles and identity provider", &table)
}

/// What Defender for Cloud has.
pub fn connectors(connectors: &[Connector]) -> String {
    let mut table = Table::new([
        "account",
        "connector",
        "plan",
        "feature",
        "role",
        "scan interval (hours)",
    ]);
    for connector in connectors {
        let interval = scan_interval(connector);
        for offering in &connector.properties.offerings {
            let plan = offering["offeringType"].as_str().unwrap_or("?");
            for (feature, role) in roles_of(offering) {
                table.row([
                    &connector.properties.hierarchy_identifier,
                    &connector.name,
                    plan,
                    &feature,
                    &role,
                    &interval,
                ]);
            }
        }
    }
    titled("What Defender for Cloud has", &table)
}

/// The instances, their four tags, and what the last run says of them.
pub fn instances(title: &str, instances: &[Instance], report: &Value) -> String {
    let [account, cloud, own, connector] = KEYS;
    let mut table = Table::new([
        "region",
        "instance",
        "name",
        "state",
        account,
        cloud,
        own,
        connector,
        "tags",
        "ready for Azure Arc",
    ]);
    for instance in instances {
        let tag = |key: &str| instance.tags.get(key).map_or("", String::as_str);
        let [account, cloud, own, connector] = KEYS.map(tag);
        let (outcome, readiness) = told(report, &instance.id);
        table.row([
            &instance.region,
            &instance.id,
            tag("Name"),
            &instance.state,
            account,
            cloud,
            own,
            connector,
            &outcome,
            &readiness,
        ]);
    }
    titled(title, &table)
}

/// What became of an instance's tags, and what it lacks.
fn told(report: &Value, id: &str) -> (String, String) {
    let regions = report["Regions"].as_array().into_iter().flatten();
    let all = regions.flat_map(|region| region["Instances"].as_array().into_iter().flatten());
    let mut of_it = all.filter(|one| one["InstanceId"] == id);
    let Some(instance) = of_it.next() else {
        return (String::new(), String::new());
    };
    let lacks = instance["NotReady"].as_array();
    let reasons = lacks
        .into_iter()
        .flatten()
        .filter_map(|one| one["Reason"].as_str());
    let reasons: Vec<&str> = reasons.collect();
    let readiness = match lacks {
        None => String::new(),
        Some(_) if reasons.is_empty() => "yes".to_owned(),
        Some(_) => reasons.join("; "),
    };
    let outcome = instance["Tags"].as_str().unwrap_or_default().to_owned();
    (outcome, readiness)
}

/// Hours between scans, as text.
pub fn scan_interval(connector: &Connector) -> String {
    match &connector.properties.environment_data["scanInterval"] {
        Value::Null => "?".to_owned(),
        hours => hours.to_string(),
    }
}

/// The features of an offering that have a role, and its name. An offering without one has a row too.
fn roles_of(offering: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (feature, part) in offering.as_object().into_iter().flatten() {
        collect(feature, part, &mut found);
    }
    if found.is_empty() {
        found.push((String::new(), "none".to_owned()));
    }
    found
}

fn collect(feature: &str, part: &Value, found: &mut Vec<(String, String)>) {
    for (key, value) in part.as_object().into_iter().flatten() {
        match value.as_str() {
            Some(arn) if key == "cloudRoleArn" => {
                let role = arn.rsplit('/').next().unwrap_or(arn);
                found.push((feature.to_owned(), role.to_owned()));
            }
            _ => collect(&format!("{feature}.{key}"), value, found),
        }
    }
}

fn titled(title: &str, table: &Table) -> String {
    format!("\n   {title}\n\n{}", table.render())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_instance_is_shown_with_its_tags_and_what_it_lacks() {
        let instance = |id: &str, tags: Value| -> Instance {
            let seen = json!({"region": "eu-west-1", "id": id, "state": "running", "tags": tags});
            serde_json::from_value(seen).unwrap()
        };
        let report = json!({"Regions": [{"Region": "eu-west-1", "Instances": [
            {"InstanceId": "i-1", "Tags": "Tagged", "NotReady": []},
            {"InstanceId": "i-2", "Tags": "Failed", "NotReady": [
                {"Reason": "the instance has no instance profile", "Fix": "Attach one"}]},
            {"InstanceId": "i-3", "Tags": "Excluded"},
        ]}]});
        let all = [
            instance(
                "i-1",
                json!({"Name": "web", "AccountId": "1", "Cloud": "AWS",
                "InstanceId": "i-1", "MDFCSecurityConnector": "true"}),
            ),
            instance("i-2", json!({"Cloud": "GCP"})),
            instance("i-3", json!({})),
            instance("i-4", json!({})),
        ];
        insta::assert_snapshot!(instances("Instances", &all, &report), @r"
           Instances

          region     instance  name  state    AccountId  Cloud  InstanceId  MDFCSecurityConnector  tags      ready for Azure Arc
          ---------  --------  ----  -------  ---------  -----  ----------  ---------------------  --------  ------------------------------------
          eu-west-1  i-1       web   running  1          AWS    i-1         true                   Tagged    yes
          eu-west-1  i-2             running             GCP                                       Failed    the instance has no instance profile
          eu-west-1  i-3             running                                                       Excluded
          eu-west-1  i-4             running
        ");
    }

    #[test]
    fn a_connector_is_shown_with_its_plans_and_their_roles() {
        let listed = json!({
            "id": "/subscriptions/s/resourceGroups/g/providers/x/aws-111111111111",
            "name": "aws-111111111111",
            "properties": {
                "hierarchyIdentifier": "111111111111",
                "environmentData": {"environmentType": "AwsAccount", "scanInterval": 12},
                "offerings": [
                    {
                        "offeringType": "CspmMonitorAws",
                        "nativeCloudConnection": {"cloudRoleArn": "arn:aws:iam::111111111111:role/CspmMonitorAws"},
                    },
                    {
                        "offeringType": "DefenderCspmAws",
                        "ciem": {"ciemOidc": {"cloudRoleArn": "arn:aws:iam::111111111111:role/Oidc"}},
                        "vmScanners": {"enabled": true, "cloudRoleArn": "arn:aws:iam::111111111111:role/Scanner"},
                    },
                ],
            },
        });
        let connector: Connector = serde_json::from_value(listed).unwrap();
        insta::assert_snapshot!(connectors(&[connector]), @r"
           What Defender for Cloud has

          account       connector         plan             feature                role            scan interval (hours)
          ------------  ----------------  ---------------  ---------------------  --------------  ---------------------
          111111111111  aws-111111111111  CspmMonitorAws   nativeCloudConnection  CspmMonitorAws  12
          111111111111  aws-111111111111  DefenderCspmAws  ciem.ciemOidc          Oidc            12
          111111111111  aws-111111111111  DefenderCspmAws  vmScanners             Scanner         12
        ");
    }
}
