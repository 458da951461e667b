use serde_json::json;

use super::*;
use crate::rig::{Fault, REQUEST, Rig, context, create, id, machine};

/// Hands a request over whose run needs one object.
async fn begin(rig: &Rig) -> Result<(), Failure> {
    let machine = machine();
    let prepare = async |run: RunId| {
        let key = format!("runs/{run}/wanted.json");
        rig.objects().put_json(&key, &json!({})).await
    };
    rig.hand_over(&machine)
        .begin(&create(), &context(REQUEST), prepare)
        .await
}

fn pending() -> String {
    format!("pending/{REQUEST}.json")
}

#[tokio::test(start_paused = true)]
async fn the_machine_is_told_which_request_it_is_and_nothing_of_its_address() {
    let rig = Rig::new();
    for _ in 0..2 {
        begin(&rig).await.unwrap();
    }
    let started = rig.cloud.started.lock().unwrap().clone();
    let expected = json!({"Operation": "Onboard", "RequestId": REQUEST, "RunId": REQUEST});
    assert_eq!(started, [(format!("arc-{REQUEST}"), expected)].into());
    assert_eq!(
        rig.keys(),
        [pending(), format!("runs/{REQUEST}/wanted.json")]
    );
    for (key, body) in rig.cloud.bucket.objects() {
        assert_eq!(body.contains("s3cr3t"), key == pending(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_was_answered_already_changes_nothing() {
    let rig = Rig::new();
    let answered = format!("answered/{REQUEST}");
    rig.cloud.bucket.put(&answered, "{}");
    begin(&rig).await.unwrap();
    assert!(rig.cloud.started.lock().unwrap().is_empty());
    assert_eq!(rig.keys(), [answered]);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_no_part_of_a_key_is_refused() {
    let rig = Rig::new();
    let machine = machine();
    let begun = rig
        .hand_over(&machine)
        .begin(&create(), &context("../x"), async |_| Ok(()))
        .await;
    let reason = begun.unwrap_err().to_string();
    assert!(reason.starts_with("RequestId: expected "), "{reason}");
}

/// Whatever fails: either the request is kept and its run has begun, or it is answered at once and
/// nothing is kept that would answer it again.
#[tokio::test(start_paused = true)]
async fn it_is_answered_from_one_place_wherever_a_call_fails() {
    for fault in [Fault::Before, Fault::After] {
        for nth in 0.. {
            let rig = Rig::new();
            rig.fail(nth, fault);
            let begun = begin(&rig).await;
            if !rig.struck() {
                assert!(nth > 3, "it is not that short");
                begun.unwrap();
                break;
            }
            let is_kept = rig.keys().contains(&pending());
            let has_begun = !rig.cloud.started.lock().unwrap().is_empty();
            if begun.is_ok() {
                assert!(is_kept && has_begun, "call {nth}, {fault:?}");
            } else if has_begun {
                assert!(!is_kept, "call {nth}, {fault:?}: the run must not answer");
            }
            // Delivered again, it goes on.
            begin(&rig).await.unwrap();
            assert_eq!(rig.cloud.started.lock().unwrap().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_whose_run_answered_before_its_start_failed_is_not_answered_again() {
    let rig = Rig::new();
    let machine = machine();
    // The line breaks after the machine has started: the run is quick and answers.
    rig.fail(2, Fault::After);
    let answered = format!("answered/{REQUEST}");
    let prepare = async |_| {
        rig.cloud.bucket.put(&answered, "{}");
        Ok(())
    };
    let begun = rig
        .hand_over(&machine)
        .begin(&create(), &context(REQUEST), prepare)
        .await;
    begun.unwrap();
    assert_eq!(rig.keys(), [answered]);
    assert_eq!(rig.requests().kept(&id()).await.unwrap(), None);
}
