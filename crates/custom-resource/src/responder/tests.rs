mod kept;
mod thing;
mod unclaimed;

use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::thing::{Sent, Things, event, responder};
use super::*;

const MARKER: &str = "not-created:mdc/6c2f:Thing";

fn invocation() -> Invocation {
    Invocation::ending_at(Instant::now() + Duration::from_mins(5)).with_log_stream("stream-1")
}

/// Answers one event and returns what was sent.
async fn answers(things: &Things, event: &Value) -> (Result<Answer, Unanswered>, Vec<Sent>) {
    let router = Router::new().with("Custom::Thing", things);
    let responder = responder(things);
    let result = responder.answer(&router, event, &invocation()).await;
    (result, things.sent())
}

/// The one body that was sent.
async fn body(event: &Value) -> String {
    let (result, sent) = answers(&Things::default(), event).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(sent.len(), 1, "exactly one answer");
    sent[0].text.clone()
}

async fn field(event: &Value, name: &str) -> String {
    let sent: Value = serde_json::from_str(&body(event).await).unwrap();
    sent[name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_went_well_is_answered_with_id_and_attributes() {
    assert_snapshot!(body(&event("Create", "succeed")).await, @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-2","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing","Data":{"Name":"a thing","Count":"1"}}"#);
    assert_snapshot!(body(&event("Update", "succeed")).await, @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing","Data":{"Count":"2"}}"#);
    assert_snapshot!(body(&event("Update", "replace")).await, @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-3","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing","Data":{"Count":"2"}}"#);
    assert_snapshot!(body(&event("Delete", "succeed")).await, @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[tokio::test]
async fn what_failed_before_a_write_is_answered_with_the_marker() {
    assert_snapshot!(body(&event("Create", "fail")).await, @r#"{"Status":"FAILED","Reason":"the service said no (log stream stream-1)","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    assert_snapshot!(body(&event("Create", "panic")).await, @r#"{"Status":"FAILED","Reason":"the function failed by a fault of its own (a panic) (log stream stream-1)","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[tokio::test]
async fn what_failed_after_a_write_is_answered_with_the_declared_id() {
    assert_snapshot!(body(&event("Create", "declare, fail")).await, @r#"{"Status":"FAILED","Reason":"the service said no (log stream stream-1)","PhysicalResourceId":"thing-2","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    assert_snapshot!(body(&event("Create", "declare, panic")).await, @r#"{"Status":"FAILED","Reason":"the function failed by a fault of its own (a panic) (log stream stream-1)","PhysicalResourceId":"thing-2","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_answered_with_the_declared_id_or_the_marker() {
    assert_snapshot!(body(&event("Create", "hang")).await, @r#"{"Status":"FAILED","Reason":"the function ran out of time; the work was broken off before it was done (log stream stream-1)","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    assert_snapshot!(body(&event("Create", "declare, hang")).await, @r#"{"Status":"FAILED","Reason":"the function ran out of time; the work was broken off before it was done (log stream stream-1)","PhysicalResourceId":"thing-2","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_failed_update_or_delete_keeps_its_id() {
    for request_type in ["Update", "Delete"] {
        for behaviour in [
            "fail",
            "panic",
            "hang",
            "declare, fail",
            "declare, panic",
            "declare, hang",
        ] {
            let event = event(request_type, behaviour);
            assert_eq!(
                field(&event, "PhysicalResourceId").await,
                "thing-1",
                "{behaviour}"
            );
            assert_eq!(field(&event, "Status").await, "FAILED", "{behaviour}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_the_work_is_gone_before_the_answer() {
    let things = Things::default();
    let start = Instant::now();
    let (result, sent) = answers(&things, &event("Create", "hang")).await;
    assert_eq!(result, Ok(Answer::Sent(Status::Failed)));
    assert_eq!(things.history(), ["create", "work dropped", "answer"]);
    assert_eq!(start.elapsed(), Duration::from_secs(293));
    assert_eq!(sent[0].until - start, Duration::from_millis(299_500));
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(things.sent().len(), 1, "never again");
}

#[tokio::test]
async fn bad_properties_are_answered_with_their_path_and_no_work() {
    let mut bad = event("Create", "succeed");
    bad["ResourceProperties"]["Naem"] = json!("x");
    assert_snapshot!(body(&bad).await, @r#"{"Status":"FAILED","Reason":"ResourceProperties.Naem: unknown field `Naem`, expected `Behaviour` (log stream stream-1)","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    bad["ResourceProperties"] = json!("text");
    assert_eq!(
        field(&bad, "Reason").await,
        "ResourceProperties: invalid type: string \"text\", expected struct Properties (log stream stream-1)"
    );
    let things = Things::default();
    let _ = answers(&things, &bad).await;
    assert_eq!(things.history(), ["answer"]);
}

#[tokio::test]
async fn a_delete_survives_bad_properties() {
    let mut bad = event("Delete", "succeed");
    bad["ResourceProperties"] = json!({"Naem": [1]});
    assert_eq!(field(&bad, "Status").await, "SUCCESS");
}

#[tokio::test]
async fn a_request_of_no_known_kind_is_answered() {
    let mut odd = event("Upsert", "succeed");
    assert_snapshot!(body(&odd).await, @r#"{"Status":"FAILED","Reason":"RequestType: expected Create, Update or Delete, got \"Upsert\" (log stream stream-1)","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    odd = event("Create", "succeed");
    odd["ResourceType"] = json!("Custom::Other\n");
    assert_snapshot!(body(&odd).await, @r#"{"Status":"FAILED","Reason":"ResourceType: this function serves Custom::Thing, not \"Custom::Other\\n\" (log stream stream-1)","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    assert_snapshot!(body(&json!({"ResponseURL": odd["ResponseURL"]})).await, @r#"{"Status":"FAILED","Reason":"RequestType: expected Create, Update or Delete (log stream stream-1)","PhysicalResourceId":"not-created:unknown:unknown","StackId":"","RequestId":"","LogicalResourceId":""}"#);
}

#[tokio::test]
async fn the_delete_of_what_was_never_made_succeeds_without_work() {
    let mut delete = event("Delete", "fail");
    delete["PhysicalResourceId"] = json!(MARKER);
    delete["ResourceType"] = json!("Custom::Other");
    delete["ResourceProperties"] = json!([]);
    let things = Things::default();
    let (result, sent) = answers(&things, &delete).await;
    assert_eq!(
        (result, things.history()),
        (Ok(Answer::Sent(Status::Success)), vec!["answer"])
    );
    assert_snapshot!(sent[0].text, @r#"{"Status":"SUCCESS","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[tokio::test]
async fn a_request_delivered_twice_is_answered_alike() {
    for request_type in ["Create", "Update", "Delete"] {
        for behaviour in ["succeed", "fail", "panic", "declare, fail"] {
            let event = event(request_type, behaviour);
            assert_eq!(body(&event).await, body(&event).await);
        }
    }
}

#[tokio::test]
async fn without_an_address_nothing_is_sent_or_done() {
    for odd in [
        json!({}),
        json!("x"),
        json!({"ResponseURL": "https://evil.example/s3cr3t"}),
    ] {
        let things = Things::default();
        let (result, sent) = answers(&things, &odd).await;
        assert!(
            matches!(result, Err(Unanswered::Unanswerable(_))),
            "{result:?}"
        );
        assert!(sent.is_empty() && things.history().is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_is_an_error_without_the_address() {
    let things = Things::that_nobody_hears();
    let (result, sent) = answers(&things, &event("Create", "succeed")).await;
    assert_eq!(sent.len(), 1);
    let error = result.unwrap_err();
    assert_eq!(error, Unanswered::Undelivered(ReplyError::Forbidden));
    assert!(!format!("{error} {error:?}").contains("s3cr3t"));
}

/// Answers an event without handling it.
async fn refusal(event: &Value, left_behind: Option<&str>) -> String {
    let things = Things::default();
    let left_behind = left_behind.map(|id| id.parse::<PhysicalId>().unwrap());
    let failure = Failure::new("AZURE_TENANT_ID: not set");
    let result = responder(&things)
        .refuse(event, &failure, left_behind.as_ref(), &invocation())
        .await;
    assert!(result.is_ok());
    assert_eq!(things.history(), ["answer"]);
    things.sent()[0].text.clone()
}

#[tokio::test]
async fn a_function_that_could_not_start_refuses_with_the_right_id() {
    assert_snapshot!(refusal(&event("Create", ""), None).await, @r#"{"Status":"FAILED","Reason":"AZURE_TENANT_ID: not set (log stream stream-1)","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    assert_snapshot!(refusal(&event("Update", ""), None).await, @r#"{"Status":"FAILED","Reason":"AZURE_TENANT_ID: not set (log stream stream-1)","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    assert_snapshot!(refusal(&event("Delete", ""), None).await, @r#"{"Status":"FAILED","Reason":"AZURE_TENANT_ID: not set (log stream stream-1)","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    let mut never_made = event("Delete", "");
    never_made["PhysicalResourceId"] = json!(MARKER);
    assert_snapshot!(refusal(&never_made, None).await, @r#"{"Status":"SUCCESS","PhysicalResourceId":"not-created:mdc/6c2f:Thing","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[tokio::test]
async fn what_a_killed_create_left_behind_names_creates_only() {
    let id =
        |text: String| serde_json::from_str::<Value>(&text).unwrap()["PhysicalResourceId"].clone();
    assert_eq!(
        id(refusal(&event("Create", ""), Some("left#interrupted")).await),
        "left#interrupted"
    );
    for other in ["Update", "Delete", "Upsert"] {
        assert_eq!(
            id(refusal(&event(other, ""), Some("left#interrupted")).await),
            "thing-1"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_requests_apart_and_never_holds_the_address() {
    let log = thing::Log::default();
    let guard = log.collect();
    for request_type in ["Create", "Update", "Delete", "Upsert"] {
        for behaviour in ["succeed", "fail", "panic", "hang"] {
            let _ = answers(&Things::default(), &event(request_type, behaviour)).await;
        }
    }
    let _ = answers(&Things::that_nobody_hears(), &event("Create", "fail")).await;
    let _ = answers(
        &Things::default(),
        &json!({"ResponseURL": "https://evil.example/s3cr3t"}),
    )
    .await;
    drop(guard);
    let text = log.text();
    assert!(
        !text.contains("s3cr3t") && !text.contains("X-Amz"),
        "{text}"
    );
    for field in [
        "cfn.request_id",
        "cfn.stack_id",
        "cfn.logical_id",
        "cfn.request_type",
    ] {
        assert!(text.contains(&format!("\"{field}\":")), "{field} in {text}");
    }
    let reason = "the service said no";
    let lines = text.lines().filter(|line| line.contains(reason)).count();
    assert_eq!(lines, 4, "one line for each failure: {text}");
    assert!(text.contains("connection reset"), "the cause is in the log");
}
