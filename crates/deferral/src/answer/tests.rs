use std::sync::{Arc, Mutex};
use std::time::Duration;

use custom_resource::{Operation, ReplyError, ResponseOrigins, ResponseUrl};
use serde_json::Value;
use testkit::events::CustomResourceEvent;
use tokio::time::Instant;

use super::*;
use crate::rig::{REQUEST, Rig, URL, create, id, kept};

#[derive(Debug, Clone, Default)]
struct Replies(Arc<Mutex<Vec<Value>>>);

impl Replies {
    fn all(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }
}

impl ReplySender for Replies {
    async fn send(&self, _: &ResponseUrl, body: Vec<u8>, _: Instant) -> Result<(), ReplyError> {
        let body = serde_json::from_slice(&body).unwrap();
        self.0.lock().unwrap().push(body);
        Ok(())
    }
}

fn id_of_thing() -> PhysicalId {
    "thing".parse().unwrap()
}

fn made() -> Done {
    Done::new(id_of_thing()).with("Size", 3)
}

fn failed() -> Failure {
    Failure::new("no")
}

async fn told(
    rig: &Rig,
    replies: &Replies,
    result: Result<Done, Failure>,
) -> Result<Option<Status>, AnswerError> {
    told_by(rig, replies, |_| Ok((id_of_thing(), result))).await
}

async fn told_by(
    rig: &Rig,
    replies: &Replies,
    result: impl FnOnce(&Request) -> Result<(PhysicalId, Result<Done, Failure>), Failure>,
) -> Result<Option<Status>, AnswerError> {
    let origins = ResponseOrigins::new("eu-west-1", None);
    let responder = Responder::new(replies.clone(), origins);
    let invocation = Invocation::ending_at(Instant::now() + Duration::from_mins(5));
    let result = async |request: &Request| result(request);
    answer(&responder, &rig.requests(), &id(), result, &invocation).await
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_is_answered_once_and_forgotten() {
    let (rig, replies) = (Rig::new(), Replies::default());
    assert_eq!(told(&rig, &replies, Ok(made())).await.unwrap(), None);
    rig.requests().keep(&id(), &create()).await.unwrap();
    for expected in [Some(Status::Success), None] {
        assert_eq!(told(&rig, &replies, Ok(made())).await.unwrap(), expected);
    }
    let [reply] = &replies.all()[..] else {
        panic!()
    };
    assert_eq!(reply["PhysicalResourceId"], "thing");
    assert_eq!(reply["Data"]["Size"], "3");
    assert_eq!(rig.keys(), [format!("answered/{REQUEST}")]);
    assert!(rig.requests().is_answered(&id()).await.unwrap());
    assert!(!rig.requests().is_refused(&id()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_create_that_failed_keeps_the_id_under_which_something_may_be() {
    let (rig, replies) = (Rig::new(), Replies::default());
    rig.requests().keep(&id(), &create()).await.unwrap();
    told(&rig, &replies, Err(failed())).await.unwrap();
    let [reply] = &replies.all()[..] else {
        panic!()
    };
    assert_eq!(reply["Status"], "FAILED");
    assert_eq!(reply["PhysicalResourceId"], "thing");
    assert!(rig.requests().is_refused(&id()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_counts() {
    let (rig, replies) = (Rig::new(), Replies::default());
    for result in [Err(failed()), Ok(made())] {
        // It is kept for as long as CloudFormation has not taken the answer.
        rig.requests().keep(&id(), &create()).await.unwrap();
        let status = told(&rig, &replies, result).await.unwrap();
        assert_eq!(status, Some(Status::Failed));
    }
    let replies = replies.all();
    assert_eq!(replies[0], replies[1]);
}

#[tokio::test(start_paused = true)]
async fn what_asks_for_an_answer_elsewhere_gets_none() {
    let (rig, replies) = (Rig::new(), Replies::default());
    let elsewhere = CustomResourceEvent::create("Custom::Thing", "https://example.com/x");
    rig.requests().keep(&id(), &kept(elsewhere)).await.unwrap();
    let error = told(&rig, &replies, Ok(made())).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Invalid);
    assert!(replies.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_is_read_again_before_it_is_answered() {
    let (rig, replies) = (Rig::new(), Replies::default());
    let delete = CustomResourceEvent::delete("Custom::Thing", URL, "thing");
    rig.requests().keep(&id(), &kept(delete)).await.unwrap();
    let result = |request: &Request| match &request.operation {
        Operation::Delete { id } => Ok((id.clone(), Ok(Done::new(id.clone())))),
        _ => Err(Failure::new("it was a Delete")),
    };
    let status = told_by(&rig, &replies, result).await.unwrap();
    assert_eq!(status, Some(Status::Success));
}
