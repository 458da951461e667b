//! Updates of `Custom::ArcRegions`, which take tags off where Regions are taken out.

use super::*;

const REGIONS: &str = "Custom::ArcRegions";
const ID: &str = "arc-regions:defender/5f2b6ad0:111122223333";

fn account() -> Simulation {
    let options = Options {
        regions: &["eu-west-1", "us-east-1"],
        ..Options::default()
    };
    Simulation::of(0, options)
}

fn update(old: &str, new: &str) -> Value {
    let properties = |regions: &str, value: &str| {
        let mut properties = properties();
        properties["Regions"] = json!(regions);
        properties["ConnectorTagValue"] = json!(value);
        properties
    };
    let mut event = asked(CustomResourceEvent::update(REGIONS, URL, ID, json!({})));
    event["ResourceProperties"] = properties(new, "new");
    event["OldResourceProperties"] = properties(old, "old");
    event
}

fn only(simulation: &Simulation) -> Value {
    let [reply] = &simulation.replies.all()[..] else {
        panic!()
    };
    assert_eq!(reply["PhysicalResourceId"], ID);
    reply.clone()
}

#[tokio::test(start_paused = true)]
async fn an_update_that_takes_regions_out_is_answered_once_their_tags_are_off() {
    let simulation = account();
    simulation.event(&update("", "eu-west-1")).await.unwrap();
    assert!(simulation.replies.all().is_empty());
    let input = simulation.input();
    assert_eq!(
        input,
        json!({"RequestId": REQUEST, "RunId": REQUEST, "Operation": "Narrow", "AccountId": ACCOUNT})
    );
    let objects = simulation.aws.bucket.objects();
    assert_eq!(
        objects.keys().collect::<Vec<_>>(),
        [
            &format!("pending/{REQUEST}.json"),
            &format!("runs/{REQUEST}/dropped.json")
        ],
        "the account does not leave"
    );
    let kept: Value =
        serde_json::from_str(&objects[&format!("runs/{REQUEST}/dropped.json")]).unwrap();
    assert_eq!(
        (&kept["Regions"], &kept["ConnectorTagValue"]),
        (&json!(["us-east-1"]), &json!("old"))
    );

    let outcome = simulation.event(&input).await.unwrap();
    assert_eq!(outcome["Done"], true);
    let objects = simulation.aws.bucket.objects();
    let report: Value =
        serde_json::from_str(&objects[&format!("runs/{REQUEST}/{ACCOUNT}/arc-report.json")])
            .unwrap();
    assert_eq!(report["Operation"], "Narrow");
    assert_eq!(report["Regions"][0]["Region"], "us-east-1");
    assert_eq!(report["Regions"][1], Value::Null);
    simulation.answer("Outcome", &outcome).await;
    let reply = only(&simulation);
    assert_eq!(
        (&reply["Status"], &reply["Data"]["Regions"]),
        (&json!("SUCCESS"), &json!("eu-west-1"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_takes_nothing_out_is_answered_at_once_and_so_is_a_way_back() {
    for (old, new) in [
        ("eu-west-1", ""),
        ("eu-west-1", "eu-west-1,us-east-1"),
        ("", "us-east-1,eu-west-1"),
    ] {
        let simulation = account();
        simulation.event(&update(old, new)).await.unwrap();
        let reply = only(&simulation);
        assert_eq!(reply["Data"]["Regions"], "eu-west-1,us-east-1");
        assert!(simulation.keys().is_empty(), "{old} to {new}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_region_would_be_left_nothing_is_taken_off() {
    let simulation = account();
    simulation
        .event(&update("eu-west-1", "me-south-1"))
        .await
        .unwrap();
    assert_eq!(only(&simulation)["Status"], "FAILED");
    assert!(simulation.keys().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_done_fails_the_update_and_then_takes_nothing_off() {
    let not_done = json!({"Done": false, "InstancesPending": 7});
    let gave_up = json!({"Error": "Transient", "Cause": "no way to it"});
    for (key, ended, says) in [
        ("Outcome", not_done, "7 instances are left"),
        ("Error", gave_up, "no way to it [Transient]"),
    ] {
        let simulation = account();
        simulation.event(&update("", "eu-west-1")).await.unwrap();
        simulation.answer(key, &ended).await;
        let reply = only(&simulation);
        assert_eq!(reply["Status"], "FAILED");
        let reason = reply["Reason"].as_str().unwrap();
        assert!(reason.contains(says), "{reason}");
        assert!(reason.contains("Update the stack again"), "{reason}");
        // The rollback wants the Regions again.
        let refused = simulation.event(&simulation.input()).await.unwrap_err();
        assert_eq!(refused.error_type, "Conflict");
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_run_can_be_made_one_that_takes_tags_off() {
    let simulation = account();
    simulation.event(&create()).await.unwrap();
    let mut input = simulation.input();
    input["Operation"] = json!("Narrow");
    let refused = simulation.event(&input).await.unwrap_err();
    assert_eq!(refused.error_type, "Invalid");
}
