//! What an update takes away, as a run goes about it.

use onboarding::organization::wanted::InvalidWantedState;
use onboarding::organization::{Narrowing, WantedState};

/// Whether an update takes anything away. Which accounts it loses is seen only in the organization,
/// so a scope that changed may lose some.
pub fn loses(narrowing: &Narrowing) -> bool {
    narrowing.before != narrowing.after
        || narrowing.loses_plans
        || narrowing.loses_arc
        || narrowing.leaves_direct
}

/// The wanted state that the run goes by. No tags are put on by it, and those that are taken away
/// have the values that they had before the update.
pub fn state(
    narrowing: &Narrowing,
    before: &WantedState,
) -> Result<WantedState, InvalidWantedState> {
    let mut state = narrowing.state().to_value();
    if let Some(arc) = before.arc() {
        state["Arc"] = arc.clone();
    }
    WantedState::of_value(state)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wanted(units: &str, arc: Option<&str>) -> WantedState {
        let mut state = json!({
            "Scope": "Organization", "Connector": {"Plans": {"Cspm": {"Tier": "Foundational"}}},
            "Organization": {"OrganizationalUnitIds": units, "ManagementAccountId": "111122223333"},
        });
        if let Some(value) = arc {
            state["Arc"] = json!({"ConnectorTagValue": value});
        }
        WantedState::of_value(state).unwrap()
    }

    fn lost(before: &WantedState, after: &WantedState) -> (bool, Value) {
        let narrowing = Narrowing::between(before, after);
        let state = state(&narrowing, before).unwrap();
        (loses(&narrowing), state.to_value()["Arc"].clone())
    }

    #[test]
    fn a_scope_that_changed_or_tags_that_are_off_may_lose_something() {
        let one = wanted("ou-a1b2-11112222", Some("old"));
        assert!(!lost(&one, &one).0);
        assert!(lost(&one, &wanted("ou-a1b2-33334444", Some("old"))).0);
        assert!(lost(&one, &wanted("ou-a1b2-11112222", None)).0);
        assert!(!lost(&wanted("", None), &wanted("", Some("new"))).0);
    }

    #[test]
    fn the_tags_keep_the_values_that_they_had() {
        let before = wanted("", Some("old"));
        for after in [wanted("ou-a1b2-11112222", Some("new")), wanted("", None)] {
            assert_eq!(lost(&before, &after).1, json!({"ConnectorTagValue": "old"}));
        }
        let without = lost(&wanted("", None), &wanted("", Some("new"))).1;
        assert_eq!(
            without,
            json!({"ConnectorTagValue": "new"}),
            "not looked at"
        );
    }
}
