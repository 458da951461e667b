use deferral::StepError;
use onboarding::organization::{RunOutcome, Shown};
use serde_json::Value;

use super::*;

const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/6c2f";

fn request(operation: Operation, kind: &str) -> Request {
    Request {
        ids: custom_resource::RequestIds {
            stack_id: STACK.to_owned(),
            request_id: "8d1e".to_owned(),
            logical_id: "OrganizationOnboarding".to_owned(),
            resource_type: format!("Custom::{kind}"),
        },
        operation,
        properties: Value::Null,
    }
}

fn id(text: &str) -> PhysicalId {
    text.parse().unwrap()
}

fn update() -> Operation {
    Operation::Update {
        id: id("whatever"),
        old_properties: Value::Null,
    }
}

fn delete() -> Operation {
    Operation::Delete { id: id("whatever") }
}

fn counts(failed: usize) -> RunCounts {
    RunCounts {
        accounts_in_scope: 9,
        accounts_connected: 9 - failed,
        accounts_failed: failed,
        accounts_skipped: 2,
        accounts_offboarded: 9 - failed,
    }
}

fn outcome(failed: usize, done: bool) -> Ended<Outcome> {
    Ended::Outcome(Outcome {
        run: RunOutcome {
            counts: counts(failed),
            report_uri: "s3://runs/report.json".to_owned(),
            done,
        },
        common_fault: None,
    })
}

fn told(operation: Operation, ended: Ended<Outcome>) -> Result<Done, String> {
    let request = request(operation, "OrganizationOnboarding");
    let told = result(&request, ended, id("whatever"));
    told.map_err(|failure| failure.reason().to_owned())
}

#[test]
fn the_id_is_the_stacks_and_never_changes() {
    let made = |operation, kind| physical_id(&request(operation, kind)).unwrap();
    let onboarding = made(Operation::Create, "OrganizationOnboarding");
    assert_eq!(onboarding, id("organization-onboarding:mdc/6c2f"));
    let narrowing = made(Operation::Create, "OrganizationNarrowing");
    assert_eq!(narrowing, id("organization-narrowing:mdc/6c2f"));
    for operation in [update(), delete()] {
        assert_eq!(made(operation, "OrganizationOnboarding"), id("whatever"));
    }
}

#[test]
fn single_accounts_never_fail_a_create_or_an_update_nor_does_what_is_not_done() {
    for operation in [Operation::Create, update()] {
        for ended in [outcome(8, true), outcome(0, false)] {
            let done = told(operation.clone(), ended).unwrap();
            let attributes = done.attributes();
            assert_eq!(attributes["AccountsInScope"], "9");
            assert_eq!(attributes["AccountsSkipped"], "2");
            assert_eq!(attributes["ReportUri"], "s3://runs/report.json");
        }
    }
}

#[test]
fn a_delete_is_done_when_all_is_out_and_says_what_is_left() {
    assert!(
        told(delete(), outcome(0, true))
            .unwrap()
            .attributes()
            .is_empty()
    );
    let reason = told(delete(), outcome(2, true)).unwrap_err();
    assert!(
        reason.starts_with("2 accounts could not be taken out, 7 are; which and why is in s3://runs/report.json. Delete the stack again"),
        "{reason}"
    );
    assert!(
        reason.contains("--retain-resources OrganizationOnboarding"),
        "{reason}"
    );
    let reason = told(delete(), outcome(4, false)).unwrap_err();
    assert!(
        reason.starts_with("the run goes on; so far 5 accounts are taken out and 4 are left"),
        "{reason}"
    );
}

#[test]
fn a_fault_common_to_all_fails_every_request() {
    for (operation, again) in [
        (Operation::Create, false),
        (update(), false),
        (delete(), true),
    ] {
        let Ended::Outcome(mut outcome) = outcome(9, true) else {
            panic!()
        };
        outcome.common_fault = Some(CommonFault {
            accounts: 9,
            error_type: "Denied".to_owned(),
            reason: Shown::reason("403: no right to write"),
        });
        let reason = told(operation, Ended::Outcome(outcome)).unwrap_err();
        assert!(
            reason.starts_with("all 9 accounts failed alike, so that the fault is none of theirs: 403: no right to write [Denied]"),
            "{reason}"
        );
        assert_eq!(reason.contains("Delete the stack again"), again);
    }
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
