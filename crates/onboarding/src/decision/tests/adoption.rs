//! Connectors of others: refused by name, or taken over where they are.

use super::*;

#[test]
fn a_connector_of_others_is_refused_by_name_or_adopted_in_place() {
    let Err(refusal) = decided(&[foreign("from-portal")], false) else {
        panic!()
    };
    let reason = refusal.to_string();
    assert!(
        reason.contains("resourceGroups/portal") && reason.contains("from-portal"),
        "{reason}"
    );
    assert!(reason.contains("AdoptExisting=true"), "{reason}");

    let decision = decided(&[foreign("from-portal")], true).unwrap();
    assert_eq!(decision.step, Step::Adopt);
    assert_eq!(decision.wanted.id, id("portal", "from-portal"));
    assert_eq!(decision.wanted.tags["Adopted"], "true");
}

#[test]
fn an_adopted_connector_stays_in_place_and_needs_no_second_write() {
    let decision = decided(&[foreign("from-portal")], true).unwrap();
    let adopted = Connector {
        body: Value::Null,
        ..written(&decision.wanted)
    };
    for adopt_existing in [true, false] {
        let again = decided(std::slice::from_ref(&adopted), adopt_existing).unwrap();
        assert_eq!(again.step, Step::Nothing);
        assert_eq!(again.wanted.id, adopted.id);
    }
}

#[test]
fn a_connector_of_another_deployment_is_refused_with_its_deployment_id() {
    let mut theirs = written(&wanted());
    theirs.tags.insert("DeploymentId".into(), "theirs".into());
    let reason = decided(&[theirs], false).unwrap_err().to_string();
    assert!(reason.contains("DeploymentId 'theirs'"), "{reason}");
}

#[test]
fn two_connectors_of_others_cannot_both_be_adopted() {
    let refusal = decided(&[foreign("a"), foreign("b")], true).unwrap_err();
    assert!(
        matches!(refusal, Refusal::AmbiguousAdoption { count: 2, .. }),
        "{refusal}"
    );
}
