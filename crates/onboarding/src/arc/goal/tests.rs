use proptest::prelude::*;

use super::*;

const ID: &str = "i-0123456789abcdef0";

fn tags() -> WantedTags {
    WantedTags {
        account: "111122223333".parse().unwrap(),
        cloud: "AWS".parse().unwrap(),
        connector: "true".parse().unwrap(),
    }
}

fn apply() -> Goal {
    let exclusion = BTreeMap::from([("Arc".to_owned(), "off".to_owned())]);
    Goal::Apply(tags(), ExclusionTags(exclusion))
}

fn instance(pairs: &[(&str, &str)]) -> SeenInstance {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    SeenInstance {
        id: ID.parse().unwrap(),
        state: InstanceState::Running,
        architecture: "x86_64".to_owned(),
        profile: None,
        tags: pairs.iter().map(owned).collect(),
    }
}

fn right() -> SeenInstance {
    instance(&tags().of(&ID.parse().unwrap()))
}

fn wrong(replaced: &[(&'static str, &str)]) -> Verdict {
    let owned = |(key, value): &(&'static str, &str)| (*key, (*value).to_owned());
    let replaced = replaced.iter().map(owned).collect();
    Verdict::Wrong { replaced }
}

#[test]
fn all_four_tags_with_their_values_are_right_whatever_else_is_there() {
    let mut seen = right();
    assert_eq!(apply().judge(&seen), Verdict::Right);
    seen.tags.insert("Name".to_owned(), "web".to_owned());
    assert_eq!(apply().judge(&seen), Verdict::Right);
}

#[test]
fn a_missing_tag_and_another_value_are_wrong_and_the_old_value_is_kept() {
    assert_eq!(apply().judge(&instance(&[])), wrong(&[]));
    let mut seen = right();
    seen.tags.remove("Cloud");
    assert_eq!(apply().judge(&seen), wrong(&[]));
    seen.tags
        .insert("InstanceId".to_owned(), "i-old\u{1b}[2J".to_owned());
    let observed = apply().observe(seen);
    assert!(observed.is_wrong());
    assert_eq!(
        observed.replaced(),
        BTreeMap::from([("InstanceId".to_owned(), "i-old\\u{1b}[2J".to_owned())])
    );
}

#[test]
fn keys_are_told_apart_by_case_and_so_are_values() {
    let mut seen = right();
    let value = seen.tags.remove("AccountId").unwrap();
    seen.tags.insert("accountid".to_owned(), value);
    assert_eq!(apply().judge(&seen), wrong(&[]));
    let mut seen = right();
    seen.tags.insert("Cloud".to_owned(), "aws".to_owned());
    assert_eq!(apply().judge(&seen), wrong(&[("Cloud", "aws")]));
}

#[test]
fn gone_and_excluded_instances_are_left_alone() {
    for state in [InstanceState::ShuttingDown, InstanceState::Terminated] {
        let seen = SeenInstance {
            state,
            ..instance(&[])
        };
        assert_eq!(apply().judge(&seen), Verdict::Gone);
        assert_eq!(Goal::Remove(tags()).judge(&seen), Verdict::Gone);
    }
    assert_eq!(
        apply().judge(&instance(&[("Arc", "off")])),
        Verdict::Excluded
    );
    assert_eq!(apply().judge(&instance(&[("Arc", "on")])), wrong(&[]));
}

#[test]
fn an_instance_without_room_for_the_tags_is_not_tried() {
    let mut seen = instance(&[("aws:autoscaling:groupName", "x")]);
    for number in 0..46 {
        seen.tags.insert(format!("k{number}"), String::new());
    }
    assert_eq!(apply().judge(&seen), wrong(&[]));
    seen.tags.insert("one".to_owned(), String::new());
    assert_eq!(apply().judge(&seen), Verdict::Full);
    // A key that is there already takes no more room.
    seen.tags.remove("one");
    seen.tags.insert("Cloud".to_owned(), "x".to_owned());
    assert_eq!(apply().judge(&seen), wrong(&[("Cloud", "x")]));
}

#[test]
fn the_way_back_takes_what_carries_one_of_our_values_excluded_or_not() {
    let remove = Goal::Remove(tags());
    assert_eq!(remove.judge(&instance(&[])), Verdict::Right);
    assert_eq!(remove.judge(&right()), wrong(&[]));
    assert_eq!(
        remove.judge(&instance(&[("Cloud", "AWS"), ("Arc", "off")])),
        wrong(&[])
    );
    let changed = [
        ("AccountId", "444455556666"),
        ("Cloud", "Azure"),
        ("InstanceId", "i-0123456789abcdef1"),
        ("MDFCSecurityConnector", "false"),
    ];
    assert_eq!(remove.judge(&instance(&changed)), Verdict::Right);
}

proptest! {
    #[test]
    fn what_the_runbook_writes_is_right_and_what_it_takes_is_gone(
        others in prop::collection::btree_map("[A-Za-z]{1,9}", "\\PC{0,20}", 0..9),
        ours in prop::collection::btree_map(prop::sample::select(&KEYS[..]), "[a-z]{0,3}|AWS|true", 0..4),
    ) {
        let mut seen = instance(&[]);
        let own = |key: &String| !KEYS.contains(&key.as_str());
        seen.tags.extend(others.into_iter().filter(|(key, _)| own(key)));
        seen.tags.extend(ours.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let before = seen.clone();
        let written: Vec<(String, String)> =
            tags().of(&seen.id).map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        seen.tags.extend(written.clone());
        prop_assert_eq!(apply().judge(&seen), Verdict::Right);
        let tags_before = before.tags.clone();
        if let Verdict::Wrong { replaced } = apply().judge(&before) {
            for (key, value) in replaced {
                prop_assert_eq!(tags_before.get(key).map(|seen| inert(seen, SHOWN)), Some(value));
            }
        }
        seen.tags.retain(|key, value| !written.contains(&(key.clone(), value.clone())));
        prop_assert_eq!(Goal::Remove(tags()).judge(&seen), Verdict::Right);
    }
}
