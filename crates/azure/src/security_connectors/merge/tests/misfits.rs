//! Bodies that do not fit the model: seen all the same, and never written over.

use super::*;

#[test]
fn a_body_that_does_not_fit_is_seen_but_never_written_over() {
    let mut odd = portal();
    odd["properties"]["environmentData"]["scanInterval"] = json!("often");
    let seen = read(odd).unwrap();
    assert!(seen.connects(&"123456789012".parse().unwrap()));
    assert_eq!(seen.tags["CostCentre"], "7");
    assert_eq!(seen.scan_interval_hours, None);
    assert!(
        body(&wanted(), Some(&seen))
            .unwrap_err()
            .to_string()
            .contains("often")
    );
}

/// Offerings with a wrong type somewhere, by the word that an error must have.
fn misfits() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"offeringType": "CspmMonitorAws", "nativeCloudConnection": "arn:r"}),
            "CspmMonitorAws",
        ),
        (
            json!({"offeringType": "defendercspmaws", "vmScanners": {"enabled": "yes"}}),
            "DefenderCspmAws",
        ),
        (
            json!({"offeringType": "DefenderForServersAws", "subPlan": 2}),
            "DefenderForServersAws",
        ),
        (
            json!({"offeringType": "DefenderForContainersAws", "kubeAuditRetentionTime": "30"}),
            "DefenderForContainersAws",
        ),
        (
            json!({"offeringType": "DefenderForDatabasesAws",
                "arcAutoProvisioning": {"enabled": true, "configuration": {"proxy": []}}}),
            "DefenderForDatabasesAws",
        ),
    ]
}

fn with(offering: &Value) -> Connector {
    let mut body = portal();
    body["properties"]["offerings"] = json!([offering]);
    read(body).unwrap()
}

#[test]
fn an_offering_that_does_not_fit_differs_from_whatever_is_wanted() {
    for (offering, kind) in misfits() {
        let seen = with(&offering);
        assert_eq!(seen.scan_interval_hours, Some(4), "the rest is read");
        for plans in [plans::barest(), plans::fullest()] {
            let wanted = wanting(&plans);
            let expected = Difference::Offering(kind.to_owned());
            assert!(differences(&wanted, &seen).contains(&expected), "{kind}");
        }
    }
}

#[test]
fn an_offering_that_does_not_fit_is_not_written_over() {
    for (offering, kind) in misfits() {
        let error = body(&wanting(&plans::fullest()), Some(&with(&offering))).unwrap_err();
        assert!(error.to_string().contains(kind), "{error}");
    }
}

#[test]
fn an_offering_that_does_not_fit_can_be_taken_out() {
    for (offering, kind) in misfits().split_off(1) {
        let seen = with(&offering);
        let expected = Difference::WithdrawnOffering(kind.to_owned());
        assert!(differences(&wanted(), &seen).contains(&expected), "{kind}");
        let after = answered(body(&wanted(), Some(&seen)).unwrap());
        assert_eq!(differences(&wanted(), &after), vec![]);
    }
}

#[test]
fn what_has_no_connectors_id_is_passed_over() {
    for item in [
        json!({}),
        json!(null),
        json!({"id": 7}),
        json!({"id": "/subscriptions/x"}),
    ] {
        assert!(read(item).is_none());
    }
}
