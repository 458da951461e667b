use std::time::Duration;

use aws::RunBucket;
use insta::assert_snapshot;
use lambda_support::{Environment, http};
use serde_json::json;
use testkit::aws_wire::{Answer, Wire};
use testkit::events::{Condition, CustomResourceEvent, failed_invocation};
use testkit::reply_sink::{Behaviour, ReplySink};
use tokio::time::Instant;

use super::*;

const KILLED: Option<&str> = Some("Runtime exited with error: signal: killed");

struct Guard {
    sink: ReplySink,
    responder: Responder<HttpReplySender>,
    wire: Wire,
    claims: ClaimBook,
}

impl Guard {
    async fn start() -> Self {
        let sink = ReplySink::start().await.unwrap();
        let environment: Environment = [("AWS_ENDPOINT_URL", sink.base_url())]
            .into_iter()
            .collect();
        let sender = HttpReplySender::new(http::client(&environment).unwrap());
        let endpoint = sink.base_url().parse().unwrap();
        let responder = Responder::new(sender, ResponseOrigins::new("eu-west-1", Some(endpoint)));
        let wire = Wire::new(|_, _| Answer::Unreachable);
        Self {
            sink,
            responder,
            claims: ClaimBook::of(RunBucket::new(&wire.sdk(), "defender-runs")),
            wire,
        }
    }

    async fn answer(&self, event: &Value) -> Result<(), Unanswered> {
        let invocation = Invocation::ending_at(Instant::now() + Duration::from_secs(4));
        answer(&self.responder, &self.claims, event, &invocation).await
    }

    /// The one body that is sent for an event.
    async fn body(event: impl FnOnce(&ReplySink) -> Value) -> Value {
        let guard = Self::start().await;
        let mut event = event(&guard.sink);
        event["requestContext"]["requestId"] = json!("7d1f");
        event["requestPayload"]["RequestId"] = json!("8d1e");
        assert_eq!(guard.answer(&event).await, Ok(()));
        let stored = guard.sink.stored();
        assert_eq!(stored.len(), 1, "exactly one answer");
        assert!(guard.wire.asked().is_empty(), "nobody else answers these");
        stored[0].json()
    }
}

fn connector(sink: &ReplySink) -> CustomResourceEvent {
    CustomResourceEvent::create("Custom::SecurityConnector", &sink.response_url()).properties(
        json!({
            "AccountId": "111111111111",
            "SubscriptionId": "2f9c7b1e-83d4-4a65-b0ef-d417a6c25938",
            "ResourceGroup": "defender",
        }),
    )
}

fn killed(request: CustomResourceEvent) -> Value {
    failed_invocation(&request.build(), Condition::RetriesExhausted, 1, KILLED)
}

#[tokio::test]
async fn a_killed_create_fails_with_the_id_that_the_rollback_needs() {
    assert_snapshot!(Guard::body(|sink| killed(connector(sink))).await, @r#"{"LogicalResourceId":"SecurityConnector","PhysicalResourceId":"/subscriptions/2f9c7b1e-83d4-4a65-b0ef-d417a6c25938/resourceGroups/defender/providers/Microsoft.Security/securityConnectors/aws-111111111111#interrupted","Reason":"The function RegisterAccount was killed while it worked on this request, most likely for lack of memory: Runtime.ExitError: Runtime exited with error: signal: killed. Give it more memory if the log's REPORT line shows all of it in use, then deploy again. Log: group /defender-connector/defender/register-account, request id 7d1f","RequestId":"8d1e","StackId":"arn:aws:cloudformation:eu-west-1:111111111111:stack/defender/5f2b6ad0-0000-11f1-9e3c-0a1b2c3d4e5f","Status":"FAILED"}"#);
}

#[tokio::test]
async fn a_create_that_never_ran_left_nothing() {
    let body = Guard::body(|sink| {
        failed_invocation(
            &connector(sink).build(),
            Condition::EventAgeExceeded,
            0,
            None,
        )
    });
    assert_snapshot!(body.await, @r#"{"LogicalResourceId":"SecurityConnector","PhysicalResourceId":"not-created:defender/5f2b6ad0-0000-11f1-9e3c-0a1b2c3d4e5f:SecurityConnector","Reason":"The function RegisterAccount never ran for this request: Lambda could not start it in time. See that the account has concurrent executions left and that the function's reserved concurrency is not 0, then deploy again. Log: group /defender-connector/defender/register-account, request id 7d1f","RequestId":"8d1e","StackId":"arn:aws:cloudformation:eu-west-1:111111111111:stack/defender/5f2b6ad0-0000-11f1-9e3c-0a1b2c3d4e5f","Status":"FAILED"}"#);
}

#[tokio::test]
async fn a_killed_create_with_useless_properties_left_nothing() {
    let body = Guard::body(|sink| killed(connector(sink).property("AccountId", "1"))).await;
    assert!(
        body["PhysicalResourceId"]
            .as_str()
            .unwrap()
            .starts_with("not-created:")
    );
}

#[tokio::test]
async fn an_update_and_a_delete_keep_their_id() {
    for request_type in ["Update", "Delete"] {
        for error in [KILLED, None] {
            let body = Guard::body(|sink| {
                let request = connector(sink)
                    .field("RequestType", request_type)
                    .field("PhysicalResourceId", "/subscriptions/x#interrupted");
                failed_invocation(&request.build(), Condition::RetriesExhausted, 1, error)
            });
            let body = body.await;
            assert_eq!(body["PhysicalResourceId"], "/subscriptions/x#interrupted");
            assert_eq!(body["Status"], "FAILED");
        }
    }
}

#[tokio::test]
async fn a_killed_delete_of_what_was_never_made_succeeds() {
    let body = Guard::body(|sink| {
        let url = sink.response_url();
        killed(CustomResourceEvent::delete(
            "Custom::SecurityConnector",
            &url,
            "not-created:s/1:R",
        ))
    });
    assert_eq!(body.await["Status"], "SUCCESS");
}

#[tokio::test]
async fn a_request_too_odd_for_the_function_is_answered_too() {
    let body = Guard::body(|sink| killed(connector(sink).field("RequestType", 5))).await;
    assert_eq!(body["Status"], "FAILED");
}

#[tokio::test]
async fn without_a_request_to_answer_nothing_is_sent_and_nothing_repeated() {
    let guard = Guard::start().await;
    let mut success = killed(connector(&guard.sink));
    success["requestContext"]["condition"] = json!("Success");
    for event in [
        json!({}),
        success,
        killed(connector(&guard.sink).without("ResponseURL")),
        killed(connector(&guard.sink).field("ResponseURL", "https://evil.example/x")),
    ] {
        assert_eq!(guard.answer(&event).await, Ok(()), "{event}");
    }
    assert!(guard.sink.puts().is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_is_an_error() {
    let guard = Guard::start().await;
    guard.sink.always(Behaviour::Status(403));
    let event = killed(connector(&guard.sink));
    let error = guard.answer(&event).await.unwrap_err();
    assert!(matches!(error, Unanswered::Undelivered(_)), "{error}");
    assert_eq!(
        guard.sink.puts().len(),
        1,
        "an expired address is not tried again"
    );
}
