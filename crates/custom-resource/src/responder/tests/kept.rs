//! Requests that are handed over, kept and answered later.

use std::sync::Mutex;

use super::thing::{Log, Sender};
use super::*;
use crate::{AnswerClaims, Asked, Claim, ClaimError, DeferringHandler, KeptRequest, Served};

/// Keeps requests and claims in memory.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) kept: Mutex<Option<KeptRequest>>,
    pub(super) claimed: Mutex<Option<Vec<u8>>>,
    asked: Mutex<Vec<String>>,
    broken: bool,
}

impl Store {
    pub(super) fn that_cannot_be_asked() -> Self {
        Self {
            broken: true,
            ..Self::default()
        }
    }

    pub(super) fn kept(&self) -> Option<KeptRequest> {
        self.kept.lock().unwrap().clone()
    }
}

impl AnswerClaims for Store {
    async fn claim(&self, request_id: &str, body: &[u8]) -> Result<Claim, ClaimError> {
        assert_eq!(request_id, "8d1e");
        if self.broken {
            return Err("s3:PutObject: denied\n".into());
        }
        let mut claimed = self.claimed.lock().unwrap();
        if let Some(body) = &*claimed {
            return Ok(Claim::Earlier(body.clone()));
        }
        *claimed = Some(body.to_vec());
        Ok(Claim::Ours)
    }

    async fn settle(&self, _: &str) -> Result<(), ClaimError> {
        if self.broken {
            return Err("s3:DeleteObject: denied".into());
        }
        *self.kept.lock().unwrap() = None;
        Ok(())
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Properties {
    behaviour: String,
}

impl DeferringHandler for &Store {
    type Properties = Properties;

    async fn start(
        &self,
        asked: Asked<Properties>,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<Served, Failure> {
        let (verb, behaviour) = match asked {
            Asked::Create { wanted } => ("create".to_owned(), wanted.behaviour),
            Asked::Update { wanted, old, id } => (format!("update {id} {old}"), wanted.behaviour),
            Asked::Delete { raw, id } => (format!("delete {id}"), raw["Behaviour"].to_string()),
        };
        self.asked.lock().unwrap().push(verb);
        context.declare("thing-2".parse().unwrap());
        if behaviour == "fail" {
            return Err(Failure::new("the machine does not start"));
        }
        if behaviour == "at-once" {
            return Ok(Served::Done(Done::new("thing-2".parse().unwrap())));
        }
        *self.kept.lock().unwrap() = Some(request.clone());
        Ok(Served::Later)
    }
}

async fn hand_over(store: &Store, event: &Value) -> (Answer, Vec<Sent>) {
    let things = Things::default();
    let router = Router::new().with_deferring("Custom::Thing", store);
    let answer = responder(&things)
        .answer(&router, event, &invocation())
        .await;
    (answer.unwrap(), things.sent())
}

pub(super) async fn answer_kept(
    store: &Store,
    kept: &KeptRequest,
    result: Result<Done, Failure>,
) -> (Result<Status, Unanswered>, Vec<String>) {
    let things = Things::default();
    let left_behind = "thing-2".parse().unwrap();
    let responder: Responder<Sender> = responder(&things);
    let status = responder
        .answer_kept(kept, store, result, Some(&left_behind), &invocation())
        .await;
    let sent = things.sent().into_iter().map(|sent| sent.text).collect();
    (status, sent)
}

pub(super) fn done() -> Done {
    Done::new("thing-2".parse().unwrap()).with("Count", 7)
}

#[tokio::test]
async fn work_that_is_handed_over_is_not_answered_yet() {
    for (request_type, asked) in [
        ("Create", "create"),
        ("Update", r#"update thing-1 {"Behaviour":"succeed"}"#),
        ("Delete", "delete thing-1"),
    ] {
        let store = Store::default();
        let (answer, sent) = hand_over(&store, &event(request_type, "succeed")).await;
        assert_eq!((answer, sent.len()), (Answer::Later, 0));
        assert_eq!(*store.asked.lock().unwrap(), [asked]);
        assert!(store.kept().is_some());
    }
}

#[tokio::test]
async fn what_needs_no_handing_over_is_answered_at_once_and_not_kept() {
    let store = Store::default();
    let (answer, sent) = hand_over(&store, &event("Update", "at-once")).await;
    assert_eq!(answer, Answer::Sent(Status::Success));
    let body: Value = serde_json::from_str(&sent[0].text).unwrap();
    assert_eq!(body["PhysicalResourceId"], "thing-2");
    assert_eq!(store.kept(), None);
}

#[tokio::test]
async fn what_cannot_be_handed_over_is_answered_at_once() {
    let store = Store::default();
    let (answer, sent) = hand_over(&store, &event("Create", "fail")).await;
    assert_eq!(answer, Answer::Sent(Status::Failed));
    assert_snapshot!(sent[0].text, @r#"{"Status":"FAILED","Reason":"the machine does not start (log stream stream-1)","PhysicalResourceId":"thing-2","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    let mut odd = event("Update", "x");
    odd["ResourceProperties"]["Extra"] = json!(1);
    let (answer, sent) = hand_over(&store, &odd).await;
    assert_eq!(answer, Answer::Sent(Status::Failed));
    assert!(
        sent[0].text.contains("ResourceProperties.Extra"),
        "{}",
        sent[0].text
    );
    let mut never_made = event("Delete", "succeed");
    never_made["PhysicalResourceId"] = json!(MARKER);
    let (answer, _) = hand_over(&store, &never_made).await;
    assert_eq!(answer, Answer::Sent(Status::Success));
    assert_eq!(*store.asked.lock().unwrap(), ["create"]);
}

#[tokio::test]
async fn a_kept_request_is_answered_like_any_other() {
    let store = Store::default();
    hand_over(&store, &event("Create", "succeed")).await;
    let kept = store.kept().unwrap();
    let kept = KeptRequest::from_bytes(&kept.to_bytes()).unwrap();
    let (status, sent) = answer_kept(&store, &kept, Ok(done())).await;
    assert_eq!(status, Ok(Status::Success));
    assert_snapshot!(sent[0], @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-2","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing","Data":{"Count":"7"}}"#);
    assert_eq!(store.kept(), None, "it is kept no longer than it must");
}

#[tokio::test]
async fn a_failure_keeps_the_ids_rules() {
    for (request_type, id) in [
        ("Create", "thing-2"),
        ("Update", "thing-1"),
        ("Delete", "thing-1"),
    ] {
        let store = Store::default();
        hand_over(&store, &event(request_type, "succeed")).await;
        let failure = Failure::new("x".repeat(9000));
        let (status, sent) = answer_kept(&store, &store.kept().unwrap(), Err(failure)).await;
        assert_eq!(status, Ok(Status::Failed));
        let body: Value = serde_json::from_str(&sent[0]).unwrap();
        assert_eq!(body["PhysicalResourceId"], id);
        assert!(sent[0].len() <= crate::MAXIMUM_BODY_BYTES);
    }
}

#[tokio::test]
async fn the_first_answer_counts_and_is_repeated_word_for_word() {
    let store = Store::default();
    hand_over(&store, &event("Create", "succeed")).await;
    let kept = store.kept().unwrap();
    let (_, first) = answer_kept(&store, &kept, Ok(done())).await;
    let (status, second) = answer_kept(&store, &kept, Err(Failure::new("too late"))).await;
    assert_eq!((status, &second), (Ok(Status::Success), &first));
    // What was put down for another request, or is no answer at all, counts for nothing.
    for odd in [
        &b"nonsense"[..],
        br#"{"RequestId":"other","Status":"SUCCESS"}"#,
    ] {
        *store.claimed.lock().unwrap() = Some(odd.to_vec());
        let (status, sent) = answer_kept(&store, &kept, Err(Failure::new("no"))).await;
        assert_eq!(status, Ok(Status::Failed));
        assert!(sent[0].contains("\"Reason\":\"no"), "{}", sent[0]);
    }
}

#[tokio::test]
async fn what_cannot_be_claimed_is_not_sent() {
    let store = Store::that_cannot_be_asked();
    hand_over(&store, &event("Create", "succeed")).await;
    let (status, sent) = answer_kept(&store, &store.kept().unwrap(), Ok(done())).await;
    let Err(Unanswered::Unclaimed(why)) = status else {
        panic!("{status:?}")
    };
    assert_eq!((why.as_str(), sent.len()), ("s3:PutObject: denied\\n", 0));
    assert!(store.kept().is_some());
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_leaves_the_request_kept() {
    let store = Store::default();
    hand_over(&store, &event("Create", "succeed")).await;
    let kept = store.kept().unwrap();
    let deaf = Things::that_nobody_hears();
    let undelivered = responder(&deaf)
        .answer_kept(&kept, &store, Ok(done()), None, &invocation())
        .await;
    assert!(
        matches!(undelivered, Err(Unanswered::Undelivered(_))),
        "{undelivered:?}"
    );
    assert!(store.kept().is_some());
    let (status, sent) = answer_kept(&store, &kept, Err(Failure::new("no"))).await;
    assert_eq!(status, Ok(Status::Success), "what was put down is sent");
    assert_eq!(sent.len(), 1);
}

#[tokio::test]
async fn a_kept_request_says_what_it_asks_for_and_is_checked_again() {
    let things = Things::default();
    let kept = KeptRequest::of(&event("Update", "succeed"));
    let request = responder(&things).recall(&kept).unwrap();
    assert_eq!(request.properties, json!({"Behaviour": "succeed"}));
    assert_eq!(request.ids.request_id, "8d1e");
    let mut elsewhere = event("Create", "succeed");
    elsewhere["ResponseURL"] = json!("https://evil.example/s3cr3t");
    let kept = KeptRequest::of(&elsewhere);
    let failure = responder(&things).recall(&kept).unwrap_err();
    assert!(failure.reason().starts_with("ResponseURL: "), "{failure}");
    let store = Store::default();
    let (status, sent) = answer_kept(&store, &kept, Ok(done())).await;
    assert!(
        matches!(status, Err(Unanswered::Unanswerable(_))),
        "{status:?}"
    );
    assert!(sent.is_empty() && store.claimed.lock().unwrap().is_none());
}

#[tokio::test]
async fn the_address_is_nowhere_but_in_what_is_kept() {
    let log = Log::default();
    let guard = log.collect();
    let store = Store::default();
    hand_over(&store, &event("Create", "succeed")).await;
    let kept = store.kept().unwrap();
    let _ = answer_kept(&store, &kept, Err(Failure::new("no"))).await;
    let _ = answer_kept(&store, &kept, Ok(done())).await;
    drop(guard);
    let shown = format!("{kept:?} {}", log.text());
    assert!(
        !shown.contains("s3cr3t") && !shown.contains("X-Amz"),
        "{shown}"
    );
    assert!(
        String::from_utf8(kept.to_bytes())
            .unwrap()
            .contains("s3cr3t")
    );
    assert!(
        !String::from_utf8(store.claimed.lock().unwrap().clone().unwrap())
            .unwrap()
            .contains("s3cr3t")
    );
    for odd in [&b"[]"[..], b"nonsense", b""] {
        assert_eq!(KeptRequest::from_bytes(odd), None);
    }
}
