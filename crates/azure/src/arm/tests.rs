use serde_json::json;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::rig::{THING, TOKEN, arm_error, asked, azure, call, ok, soon};

mod errors;
mod paging;
mod polling;
mod retrying;

/// One answer for a GET of the thing, then the thing.
async fn first(template: ResponseTemplate) -> (MockServer, crate::rig::TestArm) {
    let (server, arm) = azure().await;
    Mock::given(method("GET"))
        .respond_with(template)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(ok(json!({"id": THING})))
        .mount(&server)
        .await;
    (server, arm)
}

async fn always(template: ResponseTemplate) -> (MockServer, crate::rig::TestArm) {
    let (server, arm) = azure().await;
    Mock::given(any())
        .respond_with(template)
        .mount(&server)
        .await;
    (server, arm)
}

#[tokio::test]
async fn a_request_carries_version_token_and_ids() {
    let (server, arm) = first(ok(json!({"id": THING}))).await;
    assert_eq!(arm.get(&call(THING)).await.unwrap(), json!({"id": THING}));
    let sent = asked(&server).await;
    assert_eq!(sent[0].url.path(), THING);
    assert_eq!(sent[0].url.query(), Some("api-version=2024-01-01"));
    assert_eq!(
        sent[0].headers["authorization"],
        format!("Bearer {TOKEN}-1").as_str()
    );
    assert_eq!(sent[0].headers["x-ms-return-client-request-id"], "true");
    let id = sent[0].headers["x-ms-client-request-id"].to_str().unwrap();
    assert!(uuid::Uuid::parse_str(id).is_ok());
}

#[tokio::test]
async fn each_try_has_an_id_of_its_own() {
    let (server, arm) = first(ResponseTemplate::new(503)).await;
    arm.get(&call(THING)).await.unwrap();
    let sent = asked(&server).await;
    assert_ne!(
        sent[0].headers["x-ms-client-request-id"],
        sent[1].headers["x-ms-client-request-id"]
    );
}

#[tokio::test]
async fn writes_send_the_body_and_return_the_answers() {
    for verb in ["PUT", "PATCH"] {
        for status in [200, 201] {
            let (server, arm) = azure().await;
            let template = ResponseTemplate::new(status).set_body_json(json!({"a": 2}));
            Mock::given(method(verb))
                .respond_with(template)
                .mount(&server)
                .await;
            let (call, body) = (call(THING), json!({"a": 1}));
            let written = match verb {
                "PUT" => arm.put(&call, &body).await,
                _ => arm.patch(&call, &body).await,
            };
            assert_eq!(written.unwrap(), json!({"a": 2}));
            let sent = asked(&server).await;
            assert_eq!((sent.len(), &sent[0].body[..]), (1, &b"{\"a\":1}"[..]));
            assert_eq!(sent[0].headers["content-type"], "application/json");
        }
    }
}

#[tokio::test]
async fn a_write_answered_without_a_body_is_read_back() {
    let (server, arm) = first(ok(json!({"read": true}))).await;
    Mock::given(method("PUT"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    assert_eq!(
        arm.put(&call(THING), &json!({})).await.unwrap(),
        json!({"read": true})
    );
}

#[tokio::test]
async fn a_deletion_takes_every_form_of_success() {
    for (template, expected) in [
        (ResponseTemplate::new(200), Deleted::Done),
        (
            ResponseTemplate::new(200).set_body_string("gone"),
            Deleted::Done,
        ),
        (ResponseTemplate::new(204), Deleted::Done),
        (arm_error(404, "ResourceNotFound"), Deleted::Absent),
        (arm_error(404, "ResourceGroupNotFound"), Deleted::Absent),
        (ResponseTemplate::new(404), Deleted::Absent),
    ] {
        let (_server, arm) = always(template).await;
        assert_eq!(arm.delete(&call(THING)).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_404_that_does_not_speak_of_the_resource_is_no_deletion() {
    for template in [
        arm_error(404, "SubscriptionNotFound"),
        arm_error(404, "NoRegisteredProviderFound"),
        ResponseTemplate::new(404).set_body_string("<html>proxy</html>"),
    ] {
        let (_server, arm) = always(template).await;
        assert_eq!(
            arm.delete(&call(THING)).await.unwrap_err().kind(),
            Kind::NotFound
        );
    }
}

#[tokio::test]
async fn a_path_cannot_leave_its_place() {
    let (server, arm) = first(ok(json!({}))).await;
    arm.get(&call("/subscriptions/s/a?b=c#d/e%2ff g"))
        .await
        .unwrap();
    let sent = asked(&server).await;
    assert_eq!(
        sent[0].url.path(),
        "/subscriptions/s/a%3Fb=c%23d/e%252ff%20g"
    );
    assert_eq!(sent[0].url.query(), Some("api-version=2024-01-01"));
}

#[tokio::test]
async fn the_version_and_path_reach_the_right_resource() {
    let (server, arm) = azure().await;
    Mock::given(path(THING))
        .respond_with(ok(json!({})))
        .expect(1)
        .mount(&server)
        .await;
    arm.get(&Call {
        deadline: soon(),
        ..call(THING)
    })
    .await
    .unwrap();
}
