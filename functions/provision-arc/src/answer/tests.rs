use custom_resource::RequestIds;
use deferral::StepError;
use onboarding::arc::Counts;
use serde_json::json;

use super::*;

const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/6c2f";
const ID: &str = "arc-tags:mdc/6c2f:111122223333";

fn request(operation: Operation) -> Request {
    Request {
        ids: RequestIds {
            stack_id: STACK.to_owned(),
            request_id: "8d1e".to_owned(),
            logical_id: "ArcTags".to_owned(),
            resource_type: "Custom::ArcAutoProvisioning".to_owned(),
        },
        operation,
        properties: json!({"AccountId": "111122223333"}),
    }
}

fn update(id: &str) -> Operation {
    Operation::Update {
        id: id.parse().unwrap(),
        old_properties: json!({}),
    }
}

fn delete() -> Operation {
    Operation::Delete {
        id: "whatever".parse().unwrap(),
    }
}

fn id(operation: Operation) -> String {
    let own = "999999999999".parse().unwrap();
    physical_id(&request(operation), &own).unwrap().to_string()
}

fn outcome(done: bool) -> Ended<Outcome> {
    Ended::Outcome(Outcome {
        done,
        counts: Counts {
            instances_pending: 7,
            ..Counts::default()
        },
        ..Outcome::default()
    })
}

fn told(operation: Operation, ended: Ended<Outcome>) -> Result<Done, String> {
    let result = result(&request(operation), ended, ID.parse().unwrap());
    result.map_err(|failure| failure.to_string())
}

#[test]
fn only_another_account_is_a_replacement() {
    assert_eq!(id(Operation::Create), ID);
    let renamed = "arc-tags:older/1:111122223333";
    assert_eq!(
        id(update(renamed)),
        renamed,
        "the id stays whatever else changes"
    );
    assert_eq!(id(update("of-an-unknown-form")), "of-an-unknown-form");
    assert_eq!(id(update("arc-tags:mdc/6c2f:444455556666")), ID);
    assert_eq!(id(delete()), "whatever");
}

#[test]
fn what_is_left_when_it_is_time_to_answer_fails_a_delete_and_nothing_else() {
    for operation in [Operation::Create, update(ID)] {
        let done = told(operation, outcome(false)).unwrap();
        assert_eq!(done.attributes()["InstancesPending"], "7");
    }
    assert!(
        told(delete(), outcome(true))
            .unwrap()
            .attributes()
            .is_empty()
    );
    let reason = told(delete(), outcome(false)).unwrap_err();
    assert!(reason.contains("7 instances are left"), "{reason}");
    assert!(reason.contains("--retain-resources ArcTags"), "{reason}");
}

#[test]
fn an_error_is_told_and_a_delete_says_how_to_skip_it() {
    let error = || {
        Ended::Error(StepError {
            error: "Denied".to_owned(),
            cause: Some("no".to_owned()),
        })
    };
    assert_eq!(told(Operation::Create, error()).unwrap_err(), "no [Denied]");
    let reason = told(delete(), error()).unwrap_err();
    assert!(
        reason.starts_with("no [Denied]. Delete the stack again"),
        "{reason}"
    );
}
