//! What an update takes away.

use serde_json::json;

use super::*;

fn narrowed(organization: &Organization, before: &WantedState) -> Vec<String> {
    let narrowing = Narrowing::between(before, &organization.state);
    shown(&organization.plan(Purpose::Narrow(&narrowing)))
}

fn with_plans(state: &WantedState, plans: serde_json::Value) -> WantedState {
    let mut state = state.to_value();
    state["Connector"]["Plans"] = plans;
    WantedState::of_value(state).unwrap()
}

#[test]
fn accounts_that_are_no_longer_wanted_are_taken_out() {
    let mut organization = everything();
    organization.state = state("ou-a1b2-99998888", "000000000007", "Direct");
    let before = state("", "000000000006", "Direct");
    assert_eq!(
        narrowed(&organization, &before),
        [
            "1: Offboard",
            "2: Offboard",
            "3: Offboard as wanted",
            "4: RemoveConnector",
            "5: Closed",
            "6: NotNarrowed",
            "7: Offboard",
            "8: Suspended",
            "9: UnknownState",
            "111122223333: ManagementAccount",
        ]
    );
}

#[test]
fn a_lost_plan_is_withdrawn_from_the_accounts_that_stay() {
    let mut organization = everything();
    let before = with_plans(&organization.state, json!({"Servers": {"SubPlan": "P2"}}));
    organization.state = with_plans(&organization.state, json!({"Servers": "Off"}));
    assert_eq!(
        narrowed(&organization, &before)[..5],
        [
            "1: Onboard as wanted",
            "2: Onboard",
            "3: NotNarrowed",
            "4: Suspended",
            "5: Closed"
        ]
    );
    // An update that only adds takes nothing away.
    let gained = organization.state.clone();
    organization.state = before;
    let lines = narrowed(&organization, &gained);
    assert!(
        lines.iter().all(|line| !line.contains("board")),
        "{lines:?}"
    );
}

#[test]
fn an_account_that_comes_into_scope_waits_for_its_roles() {
    let mut organization = everything();
    organization.state = state("", "", "Direct");
    let before = state("ou-a1b2-11112222", "", "Direct");
    let lines = narrowed(&organization, &before);
    assert!(lines.contains(&"7: NotNarrowed".to_owned()), "{lines:?}");
}

#[test]
fn where_defender_is_to_register_members_our_connectors_go_first() {
    let mut organization = everything();
    organization.state = state("ou-a1b2-11112222", "", "Discovery");
    let before = state("ou-a1b2-11112222", "", "Direct");
    assert_eq!(
        narrowed(&organization, &before)[..4],
        [
            "1: RemoveConnector",
            "2: RemoveConnector",
            "3: NotNarrowed",
            "4: Suspended"
        ]
    );
}

#[test]
fn all_members_are_lost_when_the_scope_becomes_the_account() {
    let organization = everything();
    let account = WantedState::of_value(json!({"Scope": "Account"})).unwrap();
    let narrowing = Narrowing::between(&organization.state, &account);
    let lines = shown(&organization.plan(Purpose::Narrow(&narrowing)));
    assert_eq!(lines[..2], ["1: Offboard", "2: Offboard"]);
    let narrowing = Narrowing::between(&account, &organization.state);
    let lines = shown(&organization.plan(Purpose::Narrow(&narrowing)));
    assert!(
        lines[..9].iter().all(|line| line.ends_with("NotNarrowed")),
        "{lines:?}"
    );
}
