//! The way out.

use super::*;

async fn onboarded() -> World {
    let world = world();
    world.want(&wanted(IN));
    world.request(&create("c")).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_delete_is_answered_when_all_is_out_and_nothing_comes_in_again() {
    let world = onboarded().await;
    let reply = world.request(&delete("d")).await;
    assert_eq!(
        (&reply["Status"], &reply["PhysicalResourceId"]),
        (&json!("SUCCESS"), &json!(ID))
    );
    assert!(world.connected().is_empty());
    assert!(
        world.keys().contains(&"leaving/all".to_owned()),
        "for whoever comes late"
    );
    world.sweep("late").await;
    assert!(world.connected().is_empty());

    // Made anew, it is put in again.
    world.request(&create("again")).await;
    assert_eq!(world.connected().len(), 2);
    assert!(!world.keys().contains(&"leaving/all".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_left_something_is_failed_and_the_next_one_resumes() {
    let world = onboarded().await;
    world.event(&delete("d")).await.unwrap();
    let input = json!({"RequestId": "d", "RunId": "d", "Operation": "Offboard"});
    let mut machine = world.machine();
    machine.failing = |account| (account.as_str() == "000000000002").then_some("Transient");
    machine.run("organization-d", &input).await.unwrap();
    let reply = world.replies.all().pop().unwrap();
    assert_eq!(reply["Status"], "FAILED");
    let reason = reply["Reason"].as_str().unwrap();
    assert!(
        reason.contains("1 accounts could not be taken out, 1 are"),
        "{reason}"
    );
    assert!(reason.contains("--retain-resources"), "{reason}");
    world.aws.state().started.as_mut().unwrap().clear();
    assert_eq!(world.request(&delete("d2")).await["Status"], "SUCCESS");
    assert!(world.connected().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_delete_goes_whatever_its_properties_are() {
    let world = onboarded().await;
    let mut event = delete("d");
    event["ResourceProperties"] = json!({"WantedState": ["{"], "StateMachineArn": "x"});
    assert_eq!(world.request(&event).await["Status"], "SUCCESS");
    assert!(world.connected().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_rolled_back_puts_nothing_in_any_more() {
    let world = world();
    world.want(&wanted(IN));
    world.event(&create("c")).await.unwrap();
    // As the reply guard does it, where the function was killed after it had started the run.
    let killed = json!({"Operation": "Answer", "RequestId": "c", "RunId": "c",
        "Error": {"Error": "Runtime.ExitError"}});
    world.event(&killed).await.unwrap();
    assert_eq!(world.replies.all()[0]["Status"], "FAILED");
    let refused = world.carry_out().await.unwrap_err();
    assert_eq!(refused.error_type, "Conflict");
    assert_eq!(world.request(&delete("d")).await["Status"], "SUCCESS");
    assert!(world.azure.take_writes().is_empty());
    assert_eq!(world.replies.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_never_came_to_be_is_deleted_without_work() {
    let world = world();
    let mut event = delete("d");
    event["PhysicalResourceId"] = json!("not-created:mdc/6c2f:OrganizationOnboarding");
    world.event(&event).await.unwrap();
    assert_eq!(world.replies.all()[0]["Status"], "SUCCESS");
    assert!(world.keys().is_empty());
}
