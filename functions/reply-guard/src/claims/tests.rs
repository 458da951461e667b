//! Claims over the real S3 client, on a wire that a bucket answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use custom_resource::{
    ReplyError, ReplySender, Responder, ResponseOrigins, ResponseUrl, Unanswered,
};
use testkit::aws_wire::{Answer, Asked, Wire};
use testkit::events::{Condition, CustomResourceEvent, failed_invocation};

use super::*;
use crate::guard::answer;

const URL: &str = "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x?X-Amz-Signature=s3cr3t";
const PENDING: &str = "pending/8d1e.json";
const ANSWERED: &str = "answered/8d1e";
const CLAIMED: &str = r#"{"RequestId":"8d1e","Status":"SUCCESS"}"#;

type Objects = Arc<Mutex<BTreeMap<String, String>>>;

fn key(asked: &Asked) -> String {
    let (_, rest) = asked.uri.split_once(".com/").unwrap();
    rest.split('?').next().unwrap().to_owned()
}

fn refused(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Answer::Body(status, body)
}

fn serve(objects: &Objects, asked: &Asked) -> Answer {
    let (key, mut objects) = (key(asked), objects.lock().unwrap());
    match asked.method.as_str() {
        "PUT" if asked.header("if-none-match") == Some("*") && objects.contains_key(&key) => {
            refused(412, "PreconditionFailed")
        }
        "PUT" => {
            objects.insert(key, asked.body.clone());
            Answer::Body(200, String::new())
        }
        "DELETE" => {
            objects.remove(&key);
            Answer::Body(204, String::new())
        }
        _ => Answer::Body(200, objects[&key].clone()),
    }
}

/// Takes answers, or hears none.
#[derive(Debug, Clone, Default)]
struct Replies(Arc<Mutex<Vec<String>>>, Arc<Mutex<bool>>);

impl ReplySender for Replies {
    async fn send(&self, _: &ResponseUrl, body: Vec<u8>, _: Instant) -> Result<(), ReplyError> {
        if *self.1.lock().unwrap() {
            return Err(ReplyError::Forbidden);
        }
        self.0
            .lock()
            .unwrap()
            .push(String::from_utf8(body).unwrap());
        Ok(())
    }
}

struct Rig {
    wire: Wire,
    objects: Objects,
    book: ClaimBook,
    replies: Replies,
}

impl Rig {
    /// A guard whose bucket holds these.
    fn with(objects: &[(&str, &str)]) -> Self {
        let owned = |(key, body): &(&str, &str)| ((*key).to_owned(), (*body).to_owned());
        let objects: Objects = Arc::new(Mutex::new(objects.iter().map(owned).collect()));
        let served = Arc::clone(&objects);
        let rig = Self::over(Wire::new(move |_, asked| serve(&served, asked)));
        Self { objects, ..rig }
    }

    fn over(wire: Wire) -> Self {
        Self {
            book: ClaimBook::of(RunBucket::new(&wire.sdk(), "defender-runs")),
            wire,
            objects: Objects::default(),
            replies: Replies::default(),
        }
    }

    async fn guard(&self, request: CustomResourceEvent) -> Result<(), Unanswered> {
        self.answer(&record(request)).await
    }

    async fn answer(&self, record: &Value) -> Result<(), Unanswered> {
        let origins = ResponseOrigins::new("eu-west-1", None);
        let responder = Responder::new(self.replies.clone(), origins);
        let invocation = Invocation::ending_at(Instant::now() + Duration::from_mins(1));
        answer(&responder, &self.book, record, &invocation).await
    }

    fn sent(&self) -> Vec<String> {
        self.replies.0.lock().unwrap().clone()
    }

    fn object(&self, key: &str) -> Option<String> {
        self.objects.lock().unwrap().get(key).cloned()
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.wire.asked();
        let told = asked
            .iter()
            .map(|one| format!("{} {}", one.method, key(one)));
        told.collect()
    }
}

/// What Lambda says of a function that was killed over the request.
fn record(request: CustomResourceEvent) -> Value {
    let killed = Some("Runtime exited with error: signal: killed");
    let request = request.property("AccountId", "111111111111").build();
    failed_invocation(&request, Condition::RetriesExhausted, 1, killed)
}

fn create() -> CustomResourceEvent {
    CustomResourceEvent::create("Custom::ArcAutoProvisioning", URL).field("RequestId", "8d1e")
}

fn delete() -> CustomResourceEvent {
    CustomResourceEvent::delete(
        "Custom::ArcAutoProvisioning",
        URL,
        "arc-tags:s/1:111111111111",
    )
    .field("RequestId", "8d1e")
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_handed_over_is_claimed_answered_and_forgotten() {
    let narrows = CustomResourceEvent::update(
        "Custom::ArcRegions",
        URL,
        "arc-regions:s/1",
        Value::default(),
    );
    for request in [create(), delete(), narrows.field("RequestId", "8d1e")] {
        let rig = Rig::with(&[(PENDING, "{}")]);
        rig.guard(request).await.unwrap();
        let [sent] = &rig.sent()[..] else { panic!() };
        assert!(sent.contains("FAILED"), "{sent}");
        assert_eq!(rig.object(ANSWERED).as_ref(), Some(sent));
        assert_eq!(rig.object(PENDING), None);
        let expected = [format!("PUT {ANSWERED}"), format!("DELETE {PENDING}")];
        assert_eq!(rig.asked(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn so_is_every_other_type_that_is_handed_over() {
    for kind in [
        "Custom::OrganizationNarrowing",
        "Custom::OrganizationOnboarding",
    ] {
        let rig = Rig::with(&[(PENDING, "{}")]);
        let request = CustomResourceEvent::create(kind, URL).field("RequestId", "8d1e");
        rig.guard(request).await.unwrap();
        assert_eq!(rig.sent().len(), 1);
        assert!(rig.object(ANSWERED).is_some(), "{kind}");
        assert_eq!(rig.object(PENDING), None);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_was_killed_before_it_was_kept_is_answered_likewise() {
    let rig = Rig::with(&[]);
    rig.guard(create()).await.unwrap();
    assert_eq!(rig.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_state_machine_has_begun_to_answer_is_left_to_it() {
    let rig = Rig::with(&[(PENDING, "{}"), (ANSWERED, CLAIMED)]);
    rig.guard(create()).await.unwrap();
    assert!(rig.sent().is_empty());
    assert_eq!(rig.object(PENDING).as_deref(), Some("{}"));
    assert_eq!(rig.object(ANSWERED).as_deref(), Some(CLAIMED));
}

#[tokio::test(start_paused = true)]
async fn the_guard_goes_on_where_an_earlier_attempt_of_its_own_stopped() {
    let rig = Rig::with(&[(PENDING, "{}")]);
    // Lambda hands the very same record over again.
    let killed = record(create());
    *rig.replies.1.lock().unwrap() = true;
    rig.answer(&killed).await.unwrap_err();
    assert_eq!(rig.object(PENDING).as_deref(), Some("{}"));
    *rig.replies.1.lock().unwrap() = false;
    rig.answer(&killed).await.unwrap();
    assert_eq!(rig.sent(), [rig.object(ANSWERED).unwrap()]);
    assert_eq!(rig.object(PENDING), None);
}

#[tokio::test(start_paused = true)]
async fn where_s3_cannot_be_asked_it_is_answered_even_so_and_soon() {
    let silent = Rig::over(Wire::new(|_, _| Answer::Never));
    let unreachable = Rig::over(Wire::new(|_, _| Answer::Unreachable));
    let denied = Rig::over(Wire::new(|_, _| refused(403, "AccessDenied")));
    let mut nameless = Rig::with(&[]);
    nameless.book = ClaimBook::new(&Boot::of(lambda_support::Environment::default()));
    for (rig, asks) in [(silent, 1), (unreachable, 5), (denied, 1), (nameless, 0)] {
        let begun = Instant::now();
        rig.guard(create()).await.unwrap();
        assert_eq!(rig.sent().len(), 1);
        assert!(begun.elapsed() <= WITHIN, "{:?}", begun.elapsed());
        let puts = rig.asked().into_iter().filter(|one| one.starts_with("PUT"));
        assert_eq!(puts.count(), asks);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_else_can_answer_is_not_claimed() {
    for request in [
        CustomResourceEvent::create("Custom::SecurityConnector", URL).field("RequestId", "8d1e"),
        CustomResourceEvent::create("Custom::DeploymentScope", URL).field("RequestId", "8d1e"),
        create().field("RequestId", "../x"),
        create().without("RequestId"),
    ] {
        let rig = Rig::with(&[]);
        rig.guard(request).await.unwrap();
        assert_eq!(rig.sent().len(), 1);
        assert!(rig.asked().is_empty(), "{:?}", rig.asked());
    }
}
