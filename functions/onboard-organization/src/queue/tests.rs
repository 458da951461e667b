//! Batches as Lambda delivers them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::organization::account_id;
use crate::world::wanted::wanted;
use crate::world::{OWN, World};

mod spellings;

const SET: &str =
    "arn:aws:cloudformation:eu-west-1:111122223333:stackset/DefenderConnector-Members-Account:1e0f";

fn world() -> World {
    let world = World::new();
    world.aws.state().wanted = Some(wanted("").to_string());
    world
}

/// A change of a stack in an account.
fn stack_event(account: usize) -> Value {
    let stack = format!(
        "arn:aws:cloudformation:us-east-1:{}:stack/StackSet-X/1",
        account_id(account)
    );
    json!({
        "source": "aws.cloudformation", "account": OWN, "region": "eu-west-1",
        "detail-type": "CloudFormation StackSet StackInstance Status Change",
        "detail": {"stack-set-arn": SET, "stack-id": stack, "action": "CREATE",
            "status-details": {"status": "CURRENT", "detailed-status": "SUCCEEDED"}},
    })
}

fn batch(events: &[Value]) -> Value {
    let records = events.iter().enumerate().map(|(number, event)| {
        let body = event
            .as_str()
            .map_or_else(|| event.to_string(), str::to_owned);
        json!({"messageId": format!("message-{number}"), "body": body, "eventSource": "aws:sqs"})
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

async fn failed(world: &World, batch: &Value) -> Vec<String> {
    let answer = world.event(batch).await.unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}

fn started(world: &World) -> BTreeMap<String, Value> {
    world.aws.state().started.clone().unwrap()
}

/// The accounts that the one run is over.
async fn accounts(world: &World, events: &[Value]) -> Option<Value> {
    assert!(failed(world, &batch(events)).await.is_empty());
    let started = started(world);
    assert!(started.len() <= 1, "{started:?}");
    let input = started.into_values().next()?;
    assert_eq!(input["Operation"], "Onboard");
    assert_eq!(input["Scope"], "Organization");
    assert_eq!(input.get("RequestId"), None);
    Some(input["AccountIds"].clone())
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_events_are_one_run_over_each_account_once() {
    let world = world();
    let events: Vec<Value> = (0..10_000)
        .map(|number| stack_event(number % 2_500))
        .collect();
    let accounts = accounts(&world, &events).await.unwrap();
    assert_eq!(accounts.as_array().unwrap().len(), 2_500);
    let input = started(&world).into_values().next().unwrap().to_string();
    assert!(input.len() < 256 * 1024);
    let actions = world.aws.take_actions();
    assert_eq!((actions["StartExecution"], actions["GetParameter"]), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_accounts_fit_into_the_input_of_a_run() {
    let world = world();
    let events: Vec<Value> = (0..10_000).map(stack_event).collect();
    accounts(&world, &events).await.unwrap();
    let input = started(&world).into_values().next().unwrap().to_string();
    assert!(input.len() < 256 * 1024, "{}", input.len());
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_delivered_again_starts_nothing_again() {
    let world = world();
    let mut again = batch(&[stack_event(1), stack_event(2)]);
    failed(&world, &again).await;
    again["Records"].as_array_mut().unwrap().reverse();
    failed(&world, &again).await;
    assert_eq!(started(&world).len(), 1);
    failed(&world, &batch(&[stack_event(1)])).await;
    assert_eq!(started(&world).len(), 2, "another batch is another run");
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_or_is_not_ours_is_dropped_and_the_rest_is_done() {
    let foreign = |pointer: &str, value: Value| {
        let mut event = stack_event(2);
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let other_set = |name: &str| json!(SET.replace("DefenderConnector-Members-Account", name));
    let events = [
        json!("no JSON"),
        json!({}),
        json!([]),
        json!("\u{1b}[2J"),
        foreign("/account", json!("444455556666")),
        foreign("/source", json!("aws.ec2")),
        foreign(
            "/detail-type",
            json!("CloudFormation StackSet Operation Status Change"),
        ),
        foreign("/detail/stack-set-arn", other_set("Another-Account")),
        foreign(
            "/detail/stack-set-arn",
            other_set("DefenderConnector-Members-Other"),
        ),
        foreign(
            "/detail/stack-set-arn",
            json!(SET.replace(OWN, "444455556666")),
        ),
        foreign("/detail/stack-set-arn", json!(7)),
        foreign("/detail/stack-id", json!("")),
        foreign("/detail/status-details/detailed-status", json!("FAILED")),
        foreign("/detail", json!(null)),
        stack_event(1),
    ];
    let world = world();
    assert_eq!(
        accounts(&world, &events).await,
        Some(json!([account_id(1)]))
    );
    let mut odd = batch(&[stack_event(3)]);
    odd["Records"][0]
        .as_object_mut()
        .unwrap()
        .remove("messageId");
    assert!(failed(&world, &odd).await.is_empty());
    for nothing in [
        json!({"Records": []}),
        json!({"Records": "x"}),
        json!({"Records": [{}, 7]}),
    ] {
        assert!(failed(&world, &nothing).await.is_empty(), "{nothing}");
    }
    assert_eq!(started(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_wanted_state_or_while_all_goes_events_lead_to_nothing() {
    for change in [
        (|world: &World| world.aws.state().wanted = None) as fn(&World),
        |world| world.aws.state().wanted = Some(r#"{"Arc": {}}"#.to_owned()),
        |world| world.aws.bucket.put("leaving/all", "{}"),
    ] {
        let world = world();
        change(&world);
        assert_eq!(accounts(&world, &[stack_event(1)]).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_passing_comes_again_and_nothing_else() {
    for refused in ["GetParameter", "StartExecution"] {
        let world = world();
        world.aws.state().refused = Some((refused, "ThrottlingException"));
        let batch = batch(&[stack_event(1), json!("no JSON"), stack_event(2)]);
        assert_eq!(
            failed(&world, &batch).await,
            ["message-0", "message-2"],
            "{refused}"
        );
        world.aws.state().refused = None;
        assert!(failed(&world, &batch).await.is_empty());
        assert_eq!(started(&world).len(), 1);
    }
    let world = world();
    world.aws.state().wanted = Some("{".to_owned());
    assert_eq!(
        failed(&world, &batch(&[stack_event(1)])).await,
        ["message-0"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_sample_batch_is_understood() {
    let text = include_str!("../../../../events/onboard-organization-queue.json");
    let mut sample: Value = serde_json::from_str(text).unwrap();
    for record in sample["Records"].as_array_mut().unwrap() {
        let body = record["body"]
            .as_str()
            .unwrap()
            .replace("111111111111", OWN);
        record["body"] = json!(body);
    }
    let world = world();
    assert!(failed(&world, &sample).await.is_empty());
    let input = started(&world).into_values().next().unwrap();
    assert_eq!(input["AccountIds"], json!(["333333333333", "444444444444"]));
}
