//! Requests that are answered at once, with a failure.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_handed_over_is_answered_at_once_and_forgotten() {
    let simulation = account(1);
    *simulation.aws.started.lock().unwrap() = None;
    simulation.event(&create()).await.unwrap();
    let [reply] = &simulation.replies.all()[..] else {
        panic!()
    };
    assert_eq!(
        (&reply["Status"], &reply["PhysicalResourceId"]),
        (&json!("FAILED"), &json!(ID))
    );
    let reason = reply["Reason"].as_str().unwrap();
    assert!(
        reason.contains("states:StartExecution") && reason.contains("[Denied]"),
        "{reason}"
    );
    assert!(
        !simulation
            .keys()
            .iter()
            .any(|key| key.starts_with("pending/"))
    );
}

#[tokio::test(start_paused = true)]
async fn bad_properties_are_answered_with_their_path_and_nothing_is_kept() {
    let simulation = account(1);
    for (name, value) in [
        ("HostManagement", json!("Automatic")),
        ("MaxConcurrentAutomations", json!("101")),
        ("Colour", json!("blue")),
    ] {
        let mut event = create();
        event["ResourceProperties"][name] = value;
        simulation.event(&event).await.unwrap();
        let replies = simulation.replies.all();
        let reply = replies.last().unwrap();
        let reason = reply["Reason"].as_str().unwrap();
        assert!(
            reason.starts_with(&format!("ResourceProperties.{name}: ")),
            "{reason}"
        );
        assert!(
            reply["PhysicalResourceId"]
                .as_str()
                .unwrap()
                .starts_with("not-created:")
        );
    }
    let mut event = create();
    let properties = event["ResourceProperties"].as_object_mut().unwrap();
    properties.remove("StateMachineArn");
    simulation.event(&event).await.unwrap();
    let replies = simulation.replies.all();
    let reason = replies.last().unwrap()["Reason"].to_string();
    assert!(
        reason.contains("ResourceProperties.StateMachineArn"),
        "{reason}"
    );
    assert!(simulation.keys().is_empty());
}
