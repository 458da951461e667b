//! Answers before a run has ended.

use super::*;

async fn progress(world: &World, run: &str) -> Value {
    let event = json!({"Operation": "Progress", "RunId": run, "ExecutionArn": "arn"});
    world.event(&event).await.unwrap()
}

async fn answer(world: &World, id: &str, outcome: &Value) -> Value {
    let event = json!({"Operation": "Answer", "RequestId": id, "RunId": id, "Outcome": outcome});
    world.event(&event).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_done_so_far_is_what_azure_shows() {
    let world = world();
    world.want(&wanted(IN));
    world.event(&create("c")).await.unwrap();
    let none = progress(&world, "c").await;
    assert_eq!(
        (&none["AccountsInScope"], &none["Done"]),
        (&json!(0), &json!(false))
    );
    let input = json!({"RequestId": "c", "Operation": "Onboard"});
    world.machine().list("c", &input).await.unwrap();
    world.azure.write(&account_id(1));
    let some = progress(&world, "c").await;
    assert_eq!(
        some,
        json!({"AccountsInScope": 2, "AccountsConnected": 1, "AccountsFailed": 0,
            "AccountsSkipped": 2, "AccountsOffboarded": 0, "Done": false,
            "ReportUri": "s3://defender-runs/runs/c/report.json"})
    );
    assert_eq!(answer(&world, "c", &some).await, json!({"Answered": true}));
    assert_eq!(world.replies.all()[0]["Status"], "SUCCESS");

    // The run goes on, and its own answer is not sent any more.
    world.carry_out().await.unwrap();
    assert_eq!(world.connected().len(), 2);
    assert_eq!(world.replies.all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connector_of_defenders_own_is_one_and_is_not_ours_to_take_out() {
    let world = world();
    world.want(&wanted(IN));
    for (event, intent, name) in [
        (create("c"), "Onboard", "AccountsConnected"),
        (delete("d"), "Offboard", "AccountsOffboarded"),
    ] {
        world.event(&event).await.unwrap();
        let id = event["RequestId"].as_str().unwrap();
        let input = json!({"RequestId": id, "Operation": intent});
        world.machine().list(id, &input).await.unwrap();
        world.azure.put_member(&account_id(1));
        world.azure.put_member(&account_id(2));
        assert_eq!(progress(&world, id).await[name], 2, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_is_not_done_in_time_says_how_many_are_left() {
    let world = world();
    world.want(&wanted(IN));
    world.request(&create("c")).await;
    world.event(&delete("d")).await.unwrap();
    let input = json!({"RequestId": "d", "Operation": "Offboard"});
    world.machine().list("d", &input).await.unwrap();
    world.azure.delete(&account_id(2));
    let so_far = progress(&world, "d").await;
    answer(&world, "d", &so_far).await;
    let reply = world.replies.all().pop().unwrap();
    assert_eq!(reply["Status"], "FAILED");
    let reason = reply["Reason"].as_str().unwrap();
    assert!(
        reason.contains("1 accounts are taken out and 1 are left"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_report_the_answer_says_where_it_will_be() {
    let world = world();
    world.want(&wanted(IN));
    world.event(&create("c")).await.unwrap();
    let nothing = json!({"AccountsInScope": 0, "AccountsConnected": 0, "AccountsFailed": 0,
        "AccountsSkipped": 0, "AccountsOffboarded": 0, "ReportUri": "", "Done": false});
    answer(&world, "c", &nothing).await;
    let reply = &world.replies.all()[0];
    assert_eq!(
        reply["Data"]["ReportUri"],
        "s3://defender-runs/runs/c/report.json"
    );
}
