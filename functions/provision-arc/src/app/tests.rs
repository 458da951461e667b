//! Requests of `CloudFormation` from the first event to the answer, over the real clients.

use testkit::aws_wire::ACCOUNT;
use testkit::events::CustomResourceEvent;

use super::*;
use crate::simulation::{Options, Simulation};

mod narrowing;
mod organization;
mod refusals;
mod start;

const URL: &str = "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x?X-Amz-Signature=s3cr3t";
const KIND: &str = "Custom::ArcAutoProvisioning";
const ID: &str = "arc-tags:defender/5f2b6ad0-0000-11f1-9e3c-0a1b2c3d4e5f:111122223333";
const REQUEST: &str = "8d1e0b1f-6471-4dda-aec3-111122223333";

fn properties() -> Value {
    json!({
        "AccountId": ACCOUNT,
        "Regions": "",
        "StateMachineArn": "arn:aws:states:eu-west-1:111122223333:stateMachine:Onboard",
    })
}

fn asked(event: CustomResourceEvent) -> Value {
    event
        .properties(properties())
        .field("RequestId", REQUEST)
        .build()
}

fn create() -> Value {
    asked(CustomResourceEvent::create(KIND, URL))
}

fn delete() -> Value {
    asked(CustomResourceEvent::delete(KIND, URL, ID))
}

fn account(instances: usize) -> Simulation {
    Simulation::of(instances, Options::default())
}

impl Simulation {
    async fn event(&self, event: &Value) -> Result<Value, Diagnostic> {
        let invocation = Invocation::ending_at(Instant::now() + Duration::from_mins(15));
        Box::pin(self.app.serve(event, &invocation)).await
    }

    /// What the state machine was started with.
    fn input(&self) -> Value {
        let started = self.aws.started.lock().unwrap();
        let started = started.as_ref().unwrap();
        assert_eq!(
            started.keys().collect::<Vec<_>>(),
            [&format!("arc-{REQUEST}")]
        );
        started.values().next().unwrap().clone()
    }

    fn keys(&self) -> Vec<String> {
        self.aws.bucket.objects().into_keys().collect()
    }

    async fn answer(&self, key: &str, ended: &Value) -> Value {
        let event =
            json!({"Operation": "Answer", "RequestId": REQUEST, "RunId": REQUEST, key: ended});
        self.event(&event).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_is_handed_over_carried_out_and_answered_once() {
    let simulation = account(3);
    assert_eq!(simulation.event(&create()).await.unwrap(), Value::Null);
    assert!(
        simulation.replies.all().is_empty(),
        "the answer comes later"
    );
    let input = simulation.input();
    assert_eq!(
        input,
        json!({"RequestId": REQUEST, "RunId": REQUEST, "Operation": "Onboard", "AccountId": ACCOUNT})
    );
    assert_eq!(
        simulation.keys(),
        [
            format!("pending/{REQUEST}.json"),
            format!("runs/{REQUEST}/wanted.json")
        ]
    );

    let outcome = simulation.event(&input).await.unwrap();
    assert_eq!(
        (&outcome["Done"], &outcome["InstancesTagged"]),
        (&json!(true), &json!(3))
    );
    let report = format!("s3://defender-runs/runs/{REQUEST}/{ACCOUNT}/arc-report.json");
    assert_eq!(outcome["ReportUri"], report);

    let answered = simulation.answer("Outcome", &outcome).await;
    assert_eq!(answered, json!({"Answered": true}));
    let [reply] = &simulation.replies.all()[..] else {
        panic!()
    };
    assert_eq!(
        (&reply["Status"], &reply["PhysicalResourceId"]),
        (&json!("SUCCESS"), &json!(ID))
    );
    assert_eq!(
        reply["Data"],
        json!({
            "InstancesSeen": "3", "InstancesTagged": "3", "InstancesAlreadyRight": "0",
            "InstancesFailed": "0", "InstancesNotManaged": "0", "InstancesPending": "0",
            "RegionsFailed": "0", "ReportUri": report,
        })
    );
    assert_eq!(
        simulation.answer("Outcome", &outcome).await,
        json!({"Answered": false})
    );
    assert_eq!(simulation.replies.all().len(), 1);
    // The run may go on although the request is forgotten.
    assert!(
        !simulation
            .keys()
            .iter()
            .any(|key| key.starts_with("pending/"))
    );
    let outcome = simulation.event(&input).await.unwrap();
    assert_eq!(outcome["Done"], true);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_request_was_refused_puts_nothing_on_and_still_takes_away() {
    for (event, goes_on) in [(create(), false), (delete(), true)] {
        let simulation = account(3);
        simulation.event(&event).await.unwrap();
        let input = simulation.input();
        // As the reply guard does it, where the function was killed after it had started the run.
        let killed = json!({"Error": "Runtime.ExitError"});
        simulation.answer("Error", &killed).await;
        assert_eq!(simulation.replies.all()[0]["Status"], "FAILED");
        let passed = simulation.event(&input).await;
        assert_eq!(passed.is_ok(), goes_on, "{passed:?}");
        if let Err(refused) = passed {
            assert_eq!(refused.error_type, "Conflict");
            let actions = simulation.aws.take_actions();
            assert!(!actions.contains_key("StartAutomationExecution"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_delivered_again_starts_nothing_anew() {
    let simulation = account(1);
    for _ in 0..2 {
        simulation.event(&create()).await.unwrap();
    }
    let input = simulation.input();
    let outcome = simulation.event(&input).await.unwrap();
    simulation.answer("Outcome", &outcome).await;
    simulation.event(&create()).await.unwrap();
    assert!(
        !simulation
            .keys()
            .iter()
            .any(|key| key.starts_with("pending/"))
    );
    assert_eq!(simulation.replies.all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_address_leaves_the_pending_request() {
    let simulation = account(1);
    simulation.event(&create()).await.unwrap();
    let input = simulation.input();
    let outcome = simulation.event(&input).await.unwrap();
    simulation.answer("Outcome", &outcome).await;
    simulation.event(&delete()).await.unwrap();
    let secret = |text: &str| text.contains("s3cr3t") || text.contains("X-Amz");
    assert!(!secret(&input.to_string()) && !secret(&outcome.to_string()));
    for (key, body) in simulation.aws.bucket.objects() {
        let is_pending = key == format!("pending/{REQUEST}.json");
        assert_eq!(secret(&body), is_pending, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_takes_out_whatever_its_properties_are_and_stops_what_puts_in() {
    let simulation = account(0);
    let mut event = delete();
    event["ResourceProperties"]["MaxConcurrentAutomations"] = json!("many");
    event["ResourceProperties"]["AccountId"] = json!("999999999999");
    simulation.event(&event).await.unwrap();
    let input = simulation.input();
    assert_eq!(
        (&input["Operation"], &input["AccountId"]),
        (&json!("Offboard"), &json!(ACCOUNT))
    );
    let sweep = json!({"Operation": "Onboard", "AccountId": ACCOUNT, "RunId": "sweep"});
    let refused = simulation.event(&sweep).await.unwrap_err();
    assert_eq!(refused.error_type, "Conflict");
    let outcome = simulation.event(&input).await.unwrap();
    assert_eq!(outcome["Done"], true);
    simulation.answer("Outcome", &outcome).await;
    let [reply] = &simulation.replies.all()[..] else {
        panic!()
    };
    assert_eq!(
        (&reply["Status"], &reply["PhysicalResourceId"]),
        (&json!("SUCCESS"), &json!(ID))
    );

    // Made anew, it is put in again.
    let made_anew = CustomResourceEvent::create(KIND, URL).field("RequestId", "second");
    simulation
        .event(&made_anew.properties(properties()).build())
        .await
        .unwrap();
    simulation.event(&sweep).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_out_without_a_delete() {
    let simulation = account(1);
    for event in [
        json!({"Operation": "Offboard", "AccountId": ACCOUNT, "RunId": "r"}),
        json!({"Operation": "Offboard", "AccountId": ACCOUNT, "RunId": "r", "RequestId": "r"}),
        json!({"Operation": "Onboard", "AccountId": "444455556666", "RunId": "r"}),
        json!({"Operation": "Reset"}),
        json!({}),
    ] {
        let refused = simulation.event(&event).await.unwrap_err();
        assert_eq!(refused.error_type, "Invalid", "{event}");
    }
    let actions = simulation.aws.take_actions();
    assert!(!actions.contains_key("StartAutomationExecution"));
}

#[tokio::test(start_paused = true)]
async fn the_regions_are_looked_up_and_answered_at_once() {
    let simulation = account(0);
    let event = CustomResourceEvent::create("Custom::ArcRegions", URL)
        .property("AccountId", ACCOUNT)
        .property("Regions", "eu-west-1,us-east-1")
        .build();
    simulation.event(&event).await.unwrap();
    let [reply] = &simulation.replies.all()[..] else {
        panic!()
    };
    assert_eq!(
        reply["Data"],
        json!({
            "Regions": "eu-west-1",
            "StackSetPrincipals": "cloudformation.amazonaws.com",
            "SkippedRegions": "us-east-1: not enabled for the account",
        })
    );
}
