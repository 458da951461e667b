use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::organization::wanted::tests::written;

/// A state with these plans.
fn state(plans: &Value) -> WantedState {
    let mut state = written();
    state["Connector"]["Plans"] = plans.clone();
    WantedState::of_value(state).unwrap()
}

fn between(before: &Value, after: &Value) -> (bool, Value) {
    let narrowing = Narrowing::between(&state(before), &state(after));
    let connector = narrowing.state().connector().unwrap();
    (narrowing.loses_plans, connector["Plans"].clone())
}

#[test]
fn a_plan_that_is_switched_off_is_lost_and_one_switched_on_waits() {
    let servers = json!({"SubPlan": "P2", "AgentlessScanning": "true"});
    let (loses, plans) = between(
        &json!({"Cspm": {"Tier": "Foundational"}, "Servers": servers}),
        &json!({"Cspm": {"Tier": "Foundational"}, "Servers": "Off", "Databases": {"Rds": "true"}}),
    );
    assert!(loses);
    assert_eq!(plans, json!({"Cspm": {"Tier": "Foundational"}}));
    // Also one of which nothing is on but itself.
    let (loses, _) = between(&json!({"Servers": {"SubPlan": "P1"}}), &json!({}));
    assert!(loses);
}

#[test]
fn nothing_is_lost_by_an_update_that_only_adds() {
    let (loses, plans) = between(
        &json!({"Cspm": {"Tier": "Foundational"}}),
        &json!({"Cspm": {"Tier": "Defender", "AgentlessScanning": "true"}, "Containers": {"AuditLogs": "true"}}),
    );
    assert!(!loses);
    assert_eq!(plans, json!({"Cspm": {"Tier": "Foundational"}}));
}

#[test]
fn a_part_of_a_plan_can_be_lost() {
    for (before, after) in [
        (
            json!({"SubPlan": "P2", "AgentlessScanning": "true"}),
            json!({"SubPlan": "P2", "AgentlessScanning": "false"}),
        ),
        (
            json!({"SubPlan": "P2", "AgentlessScanning": "true"}),
            json!({"SubPlan": "P2"}),
        ),
        (json!({"SubPlan": "P2"}), json!({"SubPlan": "P1"})),
    ] {
        let (loses, plans) = between(&json!({"Servers": before}), &json!({"Servers": after}));
        assert!(loses, "{before} {after}");
        assert_eq!(plans["Servers"], after);
    }
    let ciem = json!({"Cspm": {"Tier": "Defender", "Ciem": {"Subject": "x"}}});
    let (loses, _) = between(&ciem, &json!({"Cspm": {"Tier": "Defender"}}));
    assert!(loses);
}

#[test]
fn a_plan_that_gains_and_loses_stays_as_it_was() {
    let before = json!({"Servers": {"SubPlan": "P1", "ArcAutoProvisioning": "true"}});
    let after = json!({"Servers": {"SubPlan": "P2", "ArcAutoProvisioning": "false"}});
    assert_eq!(between(&before, &after), (true, before));
}

#[test]
fn what_is_no_part_of_a_plan_is_neither_lost_nor_held_back() {
    let before = json!({"Servers": {"SubPlan": "P1", "VulnerabilityAssessment": "TVM"}});
    let after = json!({"Servers": {"SubPlan": "P1", "VulnerabilityAssessment": "Off"}});
    assert_eq!(between(&before, &after), (false, after));
}

#[test]
fn roles_keep_the_names_that_they_have() {
    let named = |name: Option<&str>| {
        let mut state = written();
        if let Some(name) = name {
            state["Connector"]["RoleNames"] = json!({"CspmMonitor": name});
        }
        WantedState::of_value(state).unwrap()
    };
    for (before, after) in [
        (Some("Old"), Some("New")),
        (None, Some("New")),
        (Some("Old"), None),
    ] {
        let narrowing = Narrowing::between(&named(before), &named(after));
        let connector = narrowing.state().connector().unwrap();
        assert_eq!(connector["RoleNames"]["CspmMonitor"].as_str(), before);
        assert_eq!(connector["Location"], "westeurope");
    }
}

#[test]
fn the_scopes_arc_and_who_registers_are_compared() {
    let before = WantedState::of_value(written()).unwrap();
    let mut after = written();
    after.as_object_mut().unwrap().remove("Arc");
    after["Organization"]["MemberRegistration"] = json!("Discovery");
    let narrowing = Narrowing::between(&before, &WantedState::of_value(after).unwrap());
    assert!(narrowing.loses_arc && narrowing.leaves_direct && !narrowing.loses_plans);
    assert_eq!(narrowing.before, narrowing.after);
    let account = WantedState::of_value(json!({"Scope": "Account"})).unwrap();
    let narrowing = Narrowing::between(&before, &account);
    assert!(narrowing.before.is_some() && narrowing.after.is_none() && !narrowing.leaves_direct);
    assert_eq!(narrowing.state(), &account);
}

fn plans() -> impl Strategy<Value = Value> {
    let part = prop::option::of(prop::sample::select(vec!["true", "false"]));
    let plan = prop::option::of((part.clone(), part, prop::sample::select(vec!["P1", "P2"])));
    prop::collection::vec(plan, 4).prop_map(|plans| {
        let plan = |(one, other, sub): (Option<&str>, Option<&str>, &str)| {
            json!({"One": one.unwrap_or_default(), "Other": other.unwrap_or_default(), "SubPlan": sub})
        };
        let off = || json!("Off");
        let plans = plans.into_iter().map(|one| one.map_or_else(off, plan));
        PLANS.iter().map(|name| (*name).to_owned()).zip(plans).collect()
    })
}

proptest! {
    #[test]
    fn narrowing_never_adds_and_an_unchanged_state_loses_nothing(before in plans(), after in plans()) {
        let (old, new) = (state(&before), state(&after));
        let narrowing = Narrowing::between(&old, &new);
        let kept = narrowing.state().connector().unwrap();
        for name in PLANS {
            prop_assert!(parts(plan(kept, name)).is_subset(&parts(plan(old.connector().unwrap(), name))));
        }
        // Brought about, it loses nothing more by itself.
        prop_assert!(!Narrowing::between(&old, &old).loses_plans);
        if !narrowing.loses_plans {
            prop_assert!(!Narrowing::between(&old, narrowing.state()).loses_plans);
        }
    }
}
