//! What `CloudTrail` may call the same thing.

use super::*;

fn organizations(detail_type: &str, detail: &Value) -> Value {
    json!({
        "source": "aws.organizations", "account": OWN, "region": "us-east-1",
        "detail-type": detail_type, "detail": detail,
    })
}

/// A detail with both of its lists, one of which holds the account.
fn detail(name: &str, parameters: &Value, service: &Value) -> Value {
    json!({"eventName": name, "requestParameters": parameters, "serviceEventDetails": service,
        "recipientAccountId": OWN})
}

#[tokio::test(start_paused = true)]
async fn every_spelling_of_every_event_names_its_account() {
    let one = account_id(1);
    let id = json!({"accountId": one});
    let none = json!(null);
    let moved = json!({"accountId": one, "sourceParentId": "r-a1b2", "destinationParentId": "ou-a1b2-11112222"});
    let status = |state: &str| json!({"id": "car-1", "state": state, "accountName": "****", "accountId": one});
    let departures = [
        json!({"accountId": one, "departureMethod": "REMOVED", "departureTime": "Sep 16, 2026 9:20:50 PM"}),
        json!({"accountId": one, "departedMethod": "Left", "departedTime": "2026-09-16T21:20:50Z"}),
        json!({"accountId": one, "joinedMethod": "Created"}),
    ];
    let mut details = vec![
        detail("MoveAccount", &moved, &none),
        detail("RemoveAccountFromOrganization", &id, &none),
        detail("CloseAccount", &id, &none),
        detail(
            "CloseAccountResult",
            &none,
            &json!({"closeAccountStatus": status("SUCCEEDED")}),
        ),
        detail(
            "CreateAccountResult",
            &none,
            &json!({"createAccountStatus": status("SUCCEEDED")}),
        ),
    ];
    for membership in departures {
        for name in ["AccountJoinedOrganization", "AccountDepartedOrganization"] {
            details.push(detail(name, &none, &membership));
            details.push(detail(name, &membership, &none));
        }
    }
    for detail in details {
        for kind in [
            "AWS API Call via CloudTrail",
            "AWS Service Event via CloudTrail",
        ] {
            let world = world();
            let found = accounts(&world, &[organizations(kind, &detail)]).await;
            assert_eq!(found, Some(json!([one])), "{kind} {detail}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_failed_or_belongs_elsewhere_means_nothing() {
    let id = json!({"accountId": account_id(1)});
    let none = json!(null);
    let mut refused = detail("MoveAccount", &id, &none);
    refused["errorCode"] = json!("AccessDenied");
    let mut elsewhere = detail("MoveAccount", &id, &none);
    elsewhere["recipientAccountId"] = json!("444455556666");
    let failed = json!({"createAccountStatus": {"state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}});
    let call = "AWS API Call via CloudTrail";
    let events = [
        organizations(call, &refused),
        organizations(call, &elsewhere),
        organizations(call, &detail("CreateAccountResult", &none, &failed)),
        organizations(call, &detail("TagResource", &id, &none)),
        organizations(
            call,
            &detail("MoveAccount", &json!({"accountId": "1"}), &none),
        ),
        organizations(call, &detail("MoveAccount", &none, &none)),
        organizations(
            "AWS Console Sign In via CloudTrail",
            &detail("MoveAccount", &id, &none),
        ),
        organizations(call, &json!("x")),
    ];
    for event in events {
        let world = world();
        assert_eq!(
            accounts(&world, std::slice::from_ref(&event)).await,
            None,
            "{event}"
        );
    }
}
