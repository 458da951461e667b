//! Requests that are refused unless somebody else answers them.

use super::kept::{Store, answer_kept, done};
use super::thing::Log;
use super::*;
use crate::KeptRequest;

type Refused = Result<Option<Status>, Unanswered>;

async fn refuse_through(things: &Things, store: &Store, event: &Value) -> (Refused, Vec<String>) {
    let left_behind = "left#interrupted".parse().unwrap();
    let failure = Failure::new("killed");
    let invocation = invocation();
    let responder = responder(things);
    let refused =
        responder.refuse_unclaimed(event, store, &failure, Some(&left_behind), &invocation);
    let refused = refused.await;
    let sent = things.sent().into_iter().map(|sent| sent.text).collect();
    (refused, sent)
}

async fn refuse(store: &Store, event: &Value) -> (Refused, Vec<String>) {
    refuse_through(&Things::default(), store, event).await
}

/// A store with a request that was handed over.
fn kept(event: &Value) -> (Store, KeptRequest) {
    let request = KeptRequest::of(event);
    let store = Store::default();
    *store.kept.lock().unwrap() = Some(request.clone());
    (store, request)
}

#[tokio::test]
async fn what_nobody_else_answers_is_refused_and_forgotten() {
    for (request_type, id) in [("Create", "left#interrupted"), ("Update", "thing-1")] {
        let event = event(request_type, "succeed");
        let (handed_over, _) = kept(&event);
        // Killed before it was kept, or after.
        for store in [Store::default(), handed_over] {
            let (refused, sent) = refuse(&store, &event).await;
            assert_eq!(refused, Ok(Some(Status::Failed)));
            let body: Value = serde_json::from_str(&sent[0]).unwrap();
            assert_eq!(body["PhysicalResourceId"], id);
            let claimed = store.claimed.lock().unwrap().clone();
            assert_eq!(claimed.as_deref(), Some(sent[0].as_bytes()));
            assert_eq!((sent.len(), store.kept()), (1, None));
        }
    }
}

#[tokio::test]
async fn what_somebody_else_has_begun_to_answer_is_left_to_it() {
    let event = event("Create", "succeed");
    let (store, request) = kept(&event);
    let deaf = Things::that_nobody_hears();
    let undelivered = responder(&deaf)
        .answer_kept(&request, &store, Ok(done()), None, &invocation())
        .await;
    assert!(undelivered.is_err(), "it has claimed and then died");
    let (refused, sent) = refuse(&store, &event).await;
    assert_eq!((refused, sent.len()), (Ok(None), 0));
    assert!(store.kept().is_some(), "its repetition still finds it");
    let (status, sent) = answer_kept(&store, &request, Ok(done())).await;
    assert_eq!((status, sent.len()), (Ok(Status::Success), 1));
}

#[tokio::test]
async fn an_answer_that_did_not_arrive_is_repeated_under_the_own_claim() {
    let event = event("Create", "succeed");
    let (store, request) = kept(&event);
    let deaf = Things::that_nobody_hears();
    let (undelivered, first) = refuse_through(&deaf, &store, &event).await;
    assert!(
        matches!(undelivered, Err(Unanswered::Undelivered(_))),
        "{undelivered:?}"
    );
    let (refused, second) = refuse(&store, &event).await;
    assert_eq!((refused, second), (Ok(Some(Status::Failed)), first.clone()));
    assert_eq!(store.kept(), None);

    // Where it was not repeated, whoever has the request would send the same.
    *store.kept.lock().unwrap() = Some(request.clone());
    let (_, by_another) = answer_kept(&store, &request, Ok(done())).await;
    assert_eq!(by_another, first);
}

#[tokio::test]
async fn where_claims_cannot_be_asked_it_is_answered_even_so() {
    let log = Log::default();
    let guard = log.collect();
    let store = Store::that_cannot_be_asked();
    let (refused, sent) = refuse(&store, &event("Delete", "succeed")).await;
    drop(guard);
    assert_eq!((refused, sent.len()), (Ok(Some(Status::Failed)), 1));
    let text = log.text();
    for told in ["s3:PutObject: denied", "s3:DeleteObject: denied"] {
        assert!(text.contains(told), "{text}");
    }
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn what_is_no_answer_to_this_request_is_nobodys_claim() {
    for odd in [
        &b"nonsense"[..],
        br#"{"RequestId":"other","Status":"SUCCESS"}"#,
    ] {
        let store = Store::default();
        *store.claimed.lock().unwrap() = Some(odd.to_vec());
        let (refused, sent) = refuse(&store, &event("Create", "succeed")).await;
        assert_eq!((refused, sent.len()), (Ok(Some(Status::Failed)), 1));
    }
}

#[tokio::test]
async fn without_an_address_nothing_is_claimed() {
    let store = Store::default();
    let (refused, sent) = refuse(&store, &json!({})).await;
    assert!(
        matches!(refused, Err(Unanswered::Unanswerable(_))),
        "{refused:?}"
    );
    assert!(sent.is_empty() && store.claimed.lock().unwrap().is_none());
}
