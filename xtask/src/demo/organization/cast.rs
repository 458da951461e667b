//! Who is in the organization, and what is odd about some.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The units that are onboarded at first, with those below them.
pub const SCOPE: [&str; 3] = ["Sandbox", "Security", "Workloads"];
/// Left out by a parameter.
pub const EXCLUDED: &str = "200000000101";
/// Has a connector that somebody made in the portal.
pub const FOREIGN: &str = "200000000301";
/// Has a role of its own under the name of one of ours.
pub const BROKEN: &str = "200000000302";
/// Suspended by AWS.
pub const SUSPENDED: &str = "200000000401";
/// Joins later.
pub const JOINS: &str = "200000000299";
/// Leaves later.
pub const LEAVES: &str = "200000000310";
/// Moves out of scope later.
pub const MOVES: &str = "200000000406";
/// The role that the broken account has.
pub const TAKEN_ROLE: &str = "CspmMonitorAws";
/// Where instances are.
pub const WITH_INSTANCES: [(&str, &str); 3] = [
    ("200000000201", "eu-west-1"),
    ("200000000303", "us-east-1"),
    ("200000000501", "eu-west-1"),
];

/// Path of a unit, and how many accounts are in it.
const UNITS: [(&str, usize); 6] = [
    ("Archive", 1),
    ("Security", 3),
    ("Workloads", 4),
    ("Workloads/Production", 10),
    ("Workloads/Development", 6),
    ("Sandbox", 2),
];
/// Names that would act where they are shown.
const NAMES: [(&str, &str); 3] = [
    ("200000000202", "<script>alert(1)</script>"),
    ("200000000502", "=cmd|' /C calc'!A0"),
    ("200000000102", "\u{1b}[2J\u{1b}[31mred"),
];

fn id(unit: usize, number: usize) -> String {
    format!("200000000{unit}{number:02}")
}

/// All members, those that come later among them.
pub fn all() -> BTreeSet<String> {
    let there = UNITS.iter().enumerate();
    let there = there.flat_map(|(unit, (_, count))| (1..=*count).map(move |one| id(unit, one)));
    there.chain([JOINS.to_owned()]).collect()
}

/// An account as the local cloud makes it.
pub fn account(id: &str, name: &str) -> Value {
    let named = NAMES.iter().find(|(other, _)| *other == id);
    let name = named.map_or(name, |(_, name)| name);
    let state = if id == SUSPENDED {
        "SUSPENDED"
    } else {
        "ACTIVE"
    };
    json!({"id": id, "name": name, "state": state})
}

/// The whole organization as the local cloud makes it.
pub fn tree() -> Value {
    let accounts = |place: usize| -> Vec<Value> {
        let (path, count) = UNITS[place];
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let numbers = 1..=count;
        numbers
            .map(|number| account(&id(place, number), &format!("{name}-{number}")))
            .collect()
    };
    let unit = |place: usize| -> Value {
        let (path, _) = UNITS[place];
        let below = |other: &usize| {
            let (below, _) = UNITS[*other];
            below
                .rsplit_once('/')
                .is_some_and(|(above, _)| above == path)
        };
        let units: Vec<Value> = (0..UNITS.len())
            .filter(below)
            .map(|low| json!({"name": last(UNITS[low].0), "accounts": accounts(low)}))
            .collect();
        json!({"name": path, "accounts": accounts(place), "units": units})
    };
    let top = (0..UNITS.len()).filter(|place| !UNITS[*place].0.contains('/'));
    json!({"units": top.map(unit).collect::<Vec<_>>()})
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_odd_is_in_the_organization() {
        let all = all();
        assert!(all.len() >= 25, "more than one page of Organizations");
        let text = tree().to_string();
        let named = NAMES.map(|(account, _)| account);
        let instances = WITH_INSTANCES.map(|(account, _)| account);
        for account in [EXCLUDED, FOREIGN, BROKEN, SUSPENDED, LEAVES, MOVES]
            .into_iter()
            .chain(named)
            .chain(instances)
        {
            assert!(all.contains(account), "{account}");
            assert!(text.contains(account), "{account}");
        }
        assert!(!text.contains(JOINS));
    }

    #[test]
    fn units_are_nested() {
        let tree = tree();
        let workloads = &tree["units"][2];
        assert_eq!(workloads["name"], "Workloads");
        assert_eq!(workloads["units"][0]["name"], "Production");
        assert_eq!(
            workloads["units"][0]["accounts"].as_array().unwrap().len(),
            10
        );
    }
}
