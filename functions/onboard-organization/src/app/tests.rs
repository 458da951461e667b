//! Requests of `CloudFormation` from the first event to the answer, over the real clients.

use onboarding::AccountId;
use serde_json::{Value, json};
use testkit::events::CustomResourceEvent;

use super::*;
use crate::world::organization::account_id;
use crate::world::wanted::{wanted, without_tags};
use crate::world::{ENVIRONMENT, MACHINE, STACK, World};

mod deletes;
mod progress;
mod refusals;

const URL: &str = "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x?X-Amz-Signature=s3cr3t";
const ONBOARDING: &str = "Custom::OrganizationOnboarding";
const NARROWING: &str = "Custom::OrganizationNarrowing";
const ID: &str = "organization-onboarding:mdc/6c2f";
const IN: &str = "ou-a1b2-11112222";
const OUT: &str = "ou-a1b2-99998888";

/// Three members, one of them elsewhere.
fn world() -> World {
    let world = World::new();
    let mut state = world.aws.state();
    state.organization.join(&account_id(1), Some(IN));
    state.organization.join(&account_id(2), Some(IN));
    state.organization.join(&account_id(9), Some(OUT));
    drop(state);
    world
}

fn properties(state: &Value) -> Value {
    json!({"WantedState": state.to_string(), "StateMachineArn": MACHINE})
}

fn asked(event: CustomResourceEvent, id: &str, state: &Value) -> Value {
    let event = event.field("StackId", STACK).field("RequestId", id);
    event.properties(properties(state)).build()
}

fn create(id: &str) -> Value {
    asked(
        CustomResourceEvent::create(ONBOARDING, URL),
        id,
        &wanted(IN),
    )
}

fn update(kind: &str, id: &str, before: &Value, after: &Value) -> Value {
    let event = CustomResourceEvent::update(kind, URL, ID, properties(before));
    asked(event, id, after)
}

fn delete(id: &str) -> Value {
    asked(
        CustomResourceEvent::delete(ONBOARDING, URL, ID),
        id,
        &wanted(IN),
    )
}

impl World {
    /// The stack keeps this wanted state from now on.
    fn want(&self, state: &Value) {
        self.aws.state().wanted = Some(state.to_string());
    }

    /// A request that is handed over, and carried out to its answer.
    async fn request(&self, event: &Value) -> Value {
        let before = self.replies.all().len();
        assert_eq!(self.event(event).await.unwrap(), Value::Null);
        assert_eq!(self.replies.all().len(), before, "the answer comes later");
        let _ = self.carry_out().await;
        let mut replies = self.replies.all();
        assert_eq!(replies.len(), before + 1);
        replies.pop().unwrap()
    }

    fn connected(&self) -> Vec<AccountId> {
        self.azure.connected().into_iter().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_is_handed_over_carried_out_and_answered_once() {
    let world = world();
    world.want(&wanted(IN));
    assert_eq!(world.event(&create("c")).await.unwrap(), Value::Null);
    let started = world.aws.state().started.clone().unwrap();
    let input = json!({"RequestId": "c", "RunId": "c", "Operation": "Onboard",
        "Scope": "Organization"});
    assert_eq!(started.get("organization-c"), Some(&input));
    assert_eq!(world.keys(), ["pending/c.json", "runs/c/asked.json"]);

    let outcome = world.carry_out().await.unwrap();
    assert_eq!(
        (&outcome["AccountsConnected"], &outcome["Done"]),
        (&json!(2), &json!(true))
    );
    let [reply] = &world.replies.all()[..] else {
        panic!()
    };
    assert_eq!(
        (&reply["Status"], &reply["PhysicalResourceId"]),
        (&json!("SUCCESS"), &json!(ID))
    );
    assert_eq!(
        reply["Data"],
        json!({"AccountsInScope": "2", "AccountsConnected": "2", "AccountsFailed": "0",
            "AccountsSkipped": "2", "AccountsOffboarded": "0",
            "ReportUri": "s3://defender-runs/runs/c/report.json"})
    );
    assert_eq!(world.connected(), [account_id(1), account_id(2)]);
    assert!(!world.keys().contains(&"pending/c.json".to_owned()));

    // It is delivered again: nothing is started, marked or answered anew.
    world.aws.bucket.put("leaving/all", "{}");
    world.event(&create("c")).await.unwrap();
    assert!(world.aws.state().started.as_ref().unwrap().is_empty());
    assert!(world.keys().contains(&"leaving/all".to_owned()));
    assert_eq!(world.replies.all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_address_leaves_the_pending_request() {
    let world = world();
    world.want(&wanted(IN));
    world.event(&create("c")).await.unwrap();
    let started = format!("{:?}", world.aws.state().started);
    let secret = |text: &str| text.contains("s3cr3t") || text.contains("X-Amz");
    assert!(!secret(&started));
    for (key, body) in world.aws.bucket.objects() {
        assert_eq!(secret(&body), key == "pending/c.json", "{key}");
    }
    world.carry_out().await.unwrap();
    assert!(
        world
            .aws
            .bucket
            .objects()
            .values()
            .all(|body| !secret(body))
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_narrows_first_and_onboards_then() {
    let world = world();
    let (before, after) = (wanted(IN), without_tags(OUT));
    world.want(&before);
    world.request(&create("c")).await;
    world.want(&after);

    let narrowed = world
        .request(&update(NARROWING, "n", &before, &after))
        .await;
    assert_eq!(
        (&narrowed["Status"], &narrowed["PhysicalResourceId"]),
        (&json!("SUCCESS"), &json!(ID))
    );
    assert_eq!(narrowed["Data"]["AccountsOffboarded"], "2");
    assert!(world.connected().is_empty());
    for mark in ["leaving/arc/all", "leaving/000000000001"] {
        assert!(world.keys().contains(&mark.to_owned()), "{mark}");
    }

    let onboarded = world
        .request(&update(ONBOARDING, "o", &before, &after))
        .await;
    assert_eq!(onboarded["Data"]["AccountsConnected"], "1");
    assert_eq!(world.connected(), [account_id(9)]);

    // It is taken back: who left comes again, tags and all.
    world.want(&before);
    let narrowed = world
        .request(&update(NARROWING, "n2", &after, &before))
        .await;
    assert_eq!(narrowed["Data"]["AccountsOffboarded"], "1");
    assert!(!world.keys().contains(&"leaving/arc/all".to_owned()));
    world
        .request(&update(ONBOARDING, "o2", &after, &before))
        .await;
    assert_eq!(world.connected(), [account_id(1), account_id(2)]);
    assert!(
        !world
            .keys()
            .iter()
            .any(|key| key.starts_with("leaving/00000000000") && key != "leaving/000000000009")
    );
}

#[tokio::test(start_paused = true)]
async fn a_narrowing_that_is_made_or_goes_is_answered_at_once() {
    let world = world();
    let made = CustomResourceEvent::create(NARROWING, URL);
    let gone = CustomResourceEvent::delete(NARROWING, URL, "organization-narrowing:mdc/6c2f");
    for event in [made, gone] {
        world.event(&asked(event, "n", &wanted(IN))).await.unwrap();
        let reply = world.replies.all().pop().unwrap();
        assert_eq!(reply["Status"], "SUCCESS");
        assert_eq!(
            reply["PhysicalResourceId"],
            "organization-narrowing:mdc/6c2f"
        );
    }
    assert!(world.keys().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_former_state_cannot_be_read_takes_nothing_away() {
    let world = world();
    let after = wanted(IN);
    world.want(&after);
    let mut event = update(NARROWING, "n", &after, &after);
    event["OldResourceProperties"]["WantedState"] = json!("{");
    let reply = world.request(&event).await;
    assert_eq!(reply["Status"], "SUCCESS", "{reply}");
    assert_eq!(reply["Data"]["AccountsInScope"], "0");
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_one_account_is_counted_and_one_of_all_fails_the_stack() {
    let one: crate::world::machine::Failing =
        |account| (account.as_str() == "000000000001").then_some("Denied");
    let all: crate::world::machine::Failing = |_| Some("Denied");
    for (failing, status, failed) in [(one, "SUCCESS", json!("1")), (all, "FAILED", Value::Null)] {
        let world = world();
        world.want(&wanted(IN));
        world.event(&create("c")).await.unwrap();
        let mut machine = world.machine();
        machine.failing = failing;
        let input = json!({"RequestId": "c", "RunId": "c", "Operation": "Onboard"});
        machine.run("organization-c", &input).await.unwrap();
        let reply = world.replies.all().pop().unwrap();
        assert_eq!(reply["Status"], status, "{reply}");
        assert_eq!(reply["Data"]["AccountsFailed"], failed);
    }
}
