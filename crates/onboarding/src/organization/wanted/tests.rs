use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A wanted state as the template writes it.
pub(in crate::organization) fn written() -> Value {
    json!({
        "Scope": "Organization",
        "Organization": {
            "OrganizationalUnitIds": "ou-a1b2-11112222, ou-a1b2-33334444",
            "ExcludedAccountIds": "",
            "MemberRegistration": "Direct",
            "Regions": "",
            "MigrateMemberRegistration": "true",
            "StackSetNamePrefix": "DefenderConnector-Members",
            "MaxConcurrentAccounts": "",
            "FailureTolerancePercentage": "100",
            "ManagementAccountId": "111122223333",
        },
        "Connector": {
            "Location": "westeurope",
            "Regions": "",
            "Plans": {
                "Cspm": {"Tier": "Foundational", "ExclusionTags": ""},
                "Servers": "Off",
            },
        },
        "Arc": {"Regions": ""},
    })
}

fn read(value: &Value) -> Result<WantedState, String> {
    WantedState::read(&value.to_string()).map_err(|error| error.to_string())
}

#[test]
fn an_empty_string_is_absent() {
    let state = read(&written()).unwrap();
    assert_eq!(state.scope(), DeploymentScope::Organization);
    let settings = state.organization().unwrap();
    assert_eq!(settings.organizational_unit_ids.len(), 2);
    assert!(settings.excluded_account_ids.is_empty() && settings.regions.is_empty());
    assert_eq!(settings.max_concurrent_accounts, None);
    assert_eq!(settings.failure_tolerance_percentage, Some(100));
    assert!(settings.migrate_member_registration);
    assert_eq!(
        state.connector().unwrap(),
        &json!({"Location": "westeurope", "Plans": {"Cspm": {"Tier": "Foundational"}, "Servers": "Off"}})
    );
    assert_eq!(state.arc().unwrap(), &json!({}));
}

#[test]
fn what_is_left_out_has_its_default() {
    let least = json!({
        "Scope": "Organization", "Connector": {},
        "Organization": {"ManagementAccountId": "111122223333"},
    });
    let state = read(&least).unwrap();
    let settings = state.organization().unwrap();
    assert_eq!(settings.member_registration, MemberRegistration::Direct);
    assert_eq!(
        settings.stack_set_name_prefix.as_str(),
        "DefenderConnector-Members"
    );
    assert!(!settings.migrate_member_registration);
}

#[test]
fn a_state_without_a_scope_is_for_one_account() {
    for state in [
        json!({}),
        json!({"Arc": {}}),
        json!({"Scope": "Account", "Organization": {"x": 1}}),
    ] {
        let state = read(&state).unwrap();
        assert_eq!(state.scope(), DeploymentScope::Account);
        assert_eq!(state.organization(), None);
    }
}

/// A member of `Organization`, a value that does not fit there, and what is said of it.
const MISFITS: [(&str, &str, &str); 8] = [
    (
        "MigrateMemberRegistration",
        "True",
        ".MigrateMemberRegistration: expected true or false",
    ),
    (
        "ExcludedAccountIds",
        "111122223333,1",
        ".ExcludedAccountIds: item 2: expected an AWS account id of 12 digits",
    ),
    (
        "OrganizationalUnitIds",
        "ou-a1b2-11112222,",
        ".OrganizationalUnitIds: item 2: expected the id of a root or an organizational unit such \
         as r-a1b2 or ou-a1b2-11112222",
    ),
    (
        "ManagementAccountId",
        "",
        ": missing field `ManagementAccountId`",
    ),
    (
        "MemberRegistration",
        "Both",
        ".MemberRegistration: unknown variant `Both`, expected `Direct` or `Discovery`",
    ),
    (
        "MaxConcurrentAccounts",
        "0",
        ".MaxConcurrentAccounts: expected a number from 1 to 1000",
    ),
    (
        "MaxConcurrentAccounts",
        "+5",
        ".MaxConcurrentAccounts: expected a number from 1 to 1000",
    ),
    (
        "FailureTolerancePercentage",
        "101",
        ".FailureTolerancePercentage: expected a number from 0 to 100",
    ),
];

#[test]
fn what_does_not_fit_is_named_by_its_path() {
    let wrong = |name: &str, value: &str| {
        let mut state = written();
        state["Organization"][name] = json!(value);
        read(&state).unwrap_err()
    };
    for (name, value, problem) in MISFITS {
        let expected = format!("the wanted state is malformed at Organization{problem}");
        assert_eq!(wrong(name, value), expected);
    }
    assert!(wrong("Regoins", "x").contains("Organization.Regoins: unknown field"));
}

#[test]
fn a_state_that_is_none_is_refused() {
    assert_eq!(
        WantedState::read("{").unwrap_err().to_string(),
        "the wanted state is no JSON"
    );
    assert_eq!(
        read(&json!([])).unwrap_err(),
        "the wanted state is no JSON object"
    );
    for part in ["Organization", "Connector"] {
        let mut state = written();
        state.as_object_mut().unwrap().remove(part);
        let expected = format!("the wanted state says nothing of {part}");
        assert_eq!(read(&state).unwrap_err(), expected);
    }
    let shown = read(&json!({"Scope": "\u{1b}[2J"})).unwrap_err();
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn the_root_can_be_put_in_place_of_no_unit() {
    let root = BTreeSet::from(["r-a1b2".parse().unwrap()]);
    let state = read(&written()).unwrap().with_targets(&root);
    assert_eq!(state.organization().unwrap().organizational_unit_ids, root);
    assert_eq!(WantedState::of_value(state.to_value()).unwrap(), state);
    let account = read(&json!({})).unwrap();
    assert_eq!(account.clone().with_targets(&root), account);
}

proptest! {
    #[test]
    fn what_was_read_can_be_written_and_read_again(
        units in prop::collection::btree_set("ou-[0-9a-z]{4}-[0-9a-z]{8}", 0..4),
        accounts in prop::collection::btree_set("[0-9]{12}", 0..4),
        at_once in prop::option::of(1_u32..=1000),
    ) {
        let joined = |items: &BTreeSet<String>| items.iter().cloned().collect::<Vec<_>>().join(",");
        let mut state = written();
        state["Organization"]["OrganizationalUnitIds"] = json!(joined(&units));
        state["Organization"]["ExcludedAccountIds"] = json!(joined(&accounts));
        state["Organization"]["MaxConcurrentAccounts"] = json!(at_once.map(|n| n.to_string()).unwrap_or_default());
        let read_once = read(&state).unwrap();
        let settings = read_once.organization().unwrap();
        prop_assert_eq!(settings.organizational_unit_ids.len(), units.len());
        prop_assert!(settings.excluded_account_ids.iter().map(ToString::to_string).eq(accounts));
        prop_assert_eq!(settings.max_concurrent_accounts.map(|n| u32::from(n.get())), at_once);
        prop_assert_eq!(WantedState::of_value(read_once.to_value()).unwrap(), read_once);
    }

    #[test]
    fn no_text_makes_the_reading_panic(text in "\\PC{0,60}") {
        let _ = WantedState::read(&text);
    }
}
