use proptest::prelude::*;

use super::*;
use crate::arc::tags::KEYS;

mod upkeep;

const ID: &str = "i-0123456789abcdef0";
const ACCOUNT: &str = "111122223333";

fn instance() -> InstanceId {
    ID.parse().unwrap()
}

fn wanted() -> WantedTags {
    WantedTags {
        account: ACCOUNT.parse().unwrap(),
        cloud: "AWS".parse().unwrap(),
        connector: "true".parse().unwrap(),
    }
}

fn path_of(name: &str) -> String {
    format!(
        "/subscriptions/s-1/resourceGroups/rg-mdc/providers/Microsoft.HybridCompute/machines/{name}"
    )
}

fn machine(name: &str, tags: &[(&str, &str)]) -> ArcMachine {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    ArcMachine {
        id: MachineId::seen(&path_of(name)).unwrap(),
        tags: tags.iter().map(owned).collect(),
    }
}

fn review(machine: &ArcMachine) -> Review {
    Review::of(&wanted(), &instance(), machine)
}

#[test]
fn ids_are_those_of_machines_in_any_case() {
    let id = MachineId::seen(&path_of(ID)).unwrap();
    assert_eq!(
        (id.subscription(), id.resource_group(), id.name()),
        ("s-1", "rg-mdc", ID)
    );
    assert_eq!(MachineId::seen(&path_of(ID).to_uppercase()), Some(id));
    for bad in [
        String::new(),
        path_of(""),
        path_of(".."),
        path_of("a\n"),
        format!("{}/extensions/x", path_of("a")),
        path_of("a").replace("machines", "licenses"),
        path_of("a").replace("/subscriptions/s-1", ""),
    ] {
        assert_eq!(MachineId::seen(&bad), None, "{bad}");
    }
}

#[test]
fn a_machine_stands_for_the_instance_of_its_name_or_else_of_its_tag() {
    let other = "i-0123abcd";
    assert_eq!(machine(ID, &[]).instance(), Some(instance()));
    assert_eq!(
        machine(&ID.to_uppercase(), &[]).instance(),
        Some(instance())
    );
    assert_eq!(
        machine(ID, &[("InstanceId", other)]).instance(),
        Some(instance())
    );
    assert_eq!(
        machine("web", &[("instanceid", ID)]).instance(),
        Some(instance())
    );
    assert_eq!(machine("web", &[]).instance(), None);
    assert_eq!(machine("web", &[("InstanceId", "web")]).instance(), None);
}

#[test]
fn machines_of_an_account_have_its_tag_or_an_instances_name() {
    let account: AccountId = ACCOUNT.parse().unwrap();
    for (machine, may) in [
        (machine(ID, &[]), true),
        (machine(ID, &[("AccountId", "444455556666")]), true),
        (machine("web", &[("ACCOUNTID", ACCOUNT)]), true),
        (machine("web", &[("AccountId", "444455556666")]), false),
        (machine("web", &[]), false),
    ] {
        assert_eq!(machine.may_be_of(&account), may, "{machine:?}");
    }
}

#[test]
fn what_is_missing_and_what_differs_is_told_apart() {
    let seen = machine(
        ID,
        &[
            ("cloud", "AWS"),
            ("MDFCSecurityConnector", "True\u{1b}[2J"),
            ("InstanceId", ""),
            ("Team", "Web"),
        ],
    );
    let expected = Review {
        missing: BTreeMap::from([("AccountId", ACCOUNT.to_owned())]),
        differing: BTreeMap::from([
            ("InstanceId", String::new()),
            ("MDFCSecurityConnector", "True\\u{1b}[2J".to_owned()),
        ]),
    };
    assert_eq!(review(&seen), expected);
    let merged = review(&seen).merged(&seen).unwrap();
    let mut all = seen.tags.clone();
    all.insert("AccountId".to_owned(), ACCOUNT.to_owned());
    assert_eq!(merged, all);
}

#[test]
fn azure_has_room_for_fifty_tags() {
    let mut seen = machine(ID, &[("Cloud", "AWS")]);
    for number in 0..46 {
        seen.tags.insert(format!("k{number}"), String::new());
    }
    assert_eq!(review(&seen).merged(&seen).map(|all| all.len()), Some(50));
    seen.tags.insert("one".to_owned(), String::new());
    assert_eq!(review(&seen).merged(&seen), None);
}

/// Keys in any spelling, ours among them, no two that Azure would take for one.
fn any_tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    let ours = (prop::sample::select(&KEYS[..]), any::<[bool; 21]>()).prop_map(|(key, upper)| {
        let spell = |(c, upper): (char, bool)| {
            if upper {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        };
        key.chars().zip(upper).map(spell).collect::<String>()
    });
    let key = prop_oneof![2 => ours, 1 => "[a-zA-Z]{1,6}"];
    let value = prop_oneof![Just("true".to_owned()), Just("AWS".to_owned()), "\\PC{0,9}"];
    prop::collection::vec((key, value), 0..9).prop_map(|pairs| {
        let mut tags: BTreeMap<String, String> = BTreeMap::new();
        for (key, value) in pairs {
            if !tags.keys().any(|seen| seen.eq_ignore_ascii_case(&key)) {
                tags.insert(key, value);
            }
        }
        tags
    })
}

proptest! {
    #[test]
    fn merging_adds_what_is_missing_and_changes_nothing(tags in any_tags()) {
        let before = ArcMachine { tags, ..machine(ID, &[]) };
        let found = review(&before);
        let merged = found.merged(&before).unwrap();
        for (key, value) in &before.tags {
            prop_assert_eq!(merged.get(key), Some(value));
        }
        prop_assert_eq!(merged.len(), before.tags.len() + found.missing.len());
        let mut spelled: Vec<String> = merged.keys().map(|key| key.to_lowercase()).collect();
        spelled.sort();
        spelled.dedup();
        prop_assert_eq!(spelled.len(), merged.len(), "no key twice in Azure's eyes");

        let after = ArcMachine { tags: merged.clone(), ..before };
        let then = review(&after);
        prop_assert!(then.missing.is_empty());
        prop_assert_eq!(&then.differing, &found.differing);
        prop_assert_eq!(then.merged(&after), Some(merged), "a second time adds nothing");
    }

    #[test]
    fn each_of_the_four_is_right_missing_or_differing(tags in any_tags()) {
        let seen = ArcMachine { tags, ..machine(ID, &[]) };
        let found = review(&seen);
        for (key, value) in wanted().of(&instance()) {
            let missing = found.missing.get(key).map(String::as_str) == Some(value);
            let differing = found.differing.contains_key(key);
            let right = seen.tag(key) == Some(value);
            prop_assert_eq!([missing, differing, right].iter().filter(|one| **one).count(), 1);
        }
        prop_assert!(found.differing.values().all(|shown| !shown.contains(char::is_control)));
    }
}
