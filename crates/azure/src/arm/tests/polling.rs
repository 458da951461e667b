use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::arm::{Call, Deleted};
use crate::rig::{THING, arm_error, azure, call, ok};
use crate::{Deadline, Kind};

const OPERATION: &str = "/subscriptions/s/providers/P.Q/operations/7";

fn operation(server: &MockServer) -> String {
    format!("{}{OPERATION}?t=1&s=signature", server.uri())
}

fn in_state(state: &str) -> ResponseTemplate {
    ok(json!({"properties": {"provisioningState": state}}))
}

async fn get(server: &MockServer, at: &str, times: Option<u64>, template: ResponseTemplate) {
    let mock = Mock::given(method("GET"))
        .and(path(at))
        .respond_with(template);
    match times {
        Some(times) => mock.up_to_n_times(times).mount(server).await,
        None => mock.mount(server).await,
    }
}

async fn begin(server: &MockServer, verb: &str, template: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path(THING))
        .respond_with(template)
        .mount(server)
        .await;
}

#[tokio::test]
async fn an_operation_is_followed_and_the_resource_read() {
    for status in [200, 201, 202] {
        let (server, arm) = azure().await;
        let begun = ResponseTemplate::new(status)
            .insert_header("azure-asyncoperation", operation(&server).as_str());
        begin(&server, "PUT", begun).await;
        get(
            &server,
            OPERATION,
            Some(2),
            ok(json!({"status": "InProgress"})),
        )
        .await;
        get(&server, OPERATION, None, ok(json!({"status": "succeeded"}))).await;
        get(&server, THING, None, ok(json!({"id": THING}))).await;
        assert_eq!(
            arm.put(&call(THING), &json!({})).await.unwrap(),
            json!({"id": THING})
        );
    }
}

#[tokio::test]
async fn a_location_is_followed_until_it_is_no_longer_202() {
    let (server, arm) = azure().await;
    let location = operation(&server);
    begin(
        &server,
        "PUT",
        ResponseTemplate::new(202).insert_header("location", location.as_str()),
    )
    .await;
    get(&server, OPERATION, Some(2), ResponseTemplate::new(202)).await;
    get(&server, OPERATION, None, ok(json!({"id": THING}))).await;
    assert_eq!(
        arm.put(&call(THING), &json!({})).await.unwrap(),
        json!({"id": THING})
    );
}

#[tokio::test]
async fn the_location_of_a_created_resource_is_not_an_operation() {
    let (server, arm) = azure().await;
    let created = ResponseTemplate::new(201)
        .insert_header("location", operation(&server).as_str())
        .set_body_json(json!({"id": THING}));
    begin(&server, "PUT", created).await;
    assert_eq!(
        arm.put(&call(THING), &json!({})).await.unwrap(),
        json!({"id": THING})
    );
}

#[tokio::test]
async fn a_provisioning_state_is_followed_without_any_header() {
    let (server, arm) = azure().await;
    let begun: Value = json!({"properties": {"provisioningState": "Creating"}});
    begin(
        &server,
        "PUT",
        ResponseTemplate::new(201).set_body_json(begun),
    )
    .await;
    get(&server, THING, Some(2), in_state("Creating")).await;
    get(&server, THING, None, in_state("Succeeded")).await;
    let resource = arm.put(&call(THING), &json!({})).await.unwrap();
    assert_eq!(resource["properties"]["provisioningState"], "Succeeded");
}

#[tokio::test]
async fn an_accepted_resource_may_show_late() {
    let (server, arm) = azure().await;
    begin(&server, "PUT", ResponseTemplate::new(202)).await;
    get(&server, THING, Some(2), arm_error(404, "ResourceNotFound")).await;
    get(&server, THING, None, in_state("Succeeded")).await;
    assert_eq!(
        arm.put(&call(THING), &json!({})).await.unwrap(),
        json!({"properties": {"provisioningState": "Succeeded"}})
    );
}

#[tokio::test]
async fn a_failed_operation_tells_why() {
    for (state, error) in [
        (
            "Failed",
            json!({"code": "ScopeLocked", "message": "There is a lock."}),
        ),
        ("Canceled", Value::Null),
    ] {
        let (server, arm) = azure().await;
        let begun = ResponseTemplate::new(202)
            .insert_header("azure-asyncoperation", operation(&server).as_str());
        begin(&server, "DELETE", begun).await;
        get(
            &server,
            OPERATION,
            None,
            ok(json!({"status": state, "error": error})),
        )
        .await;
        let error = arm.delete(&call(THING)).await.unwrap_err();
        assert!(
            error.message().contains(&format!("ended as {state}")),
            "{error}"
        );
        if state == "Failed" {
            assert_eq!(error.code(), Some("ScopeLocked"));
            assert!(error.message().contains("There is a lock"), "{error}");
            assert!(error.advice().unwrap().contains("lock"), "{error}");
        }
        assert!(!error.to_string().contains("signature"), "{error}");
    }
}

#[tokio::test]
async fn an_accepted_deletion_is_followed_until_the_resource_is_gone() {
    let (server, arm) = azure().await;
    begin(&server, "DELETE", ResponseTemplate::new(202)).await;
    get(&server, THING, Some(2), ok(json!({"id": THING}))).await;
    get(&server, THING, None, arm_error(404, "ResourceNotFound")).await;
    assert_eq!(arm.delete(&call(THING)).await.unwrap(), Deleted::Done);
}

#[tokio::test]
async fn the_pause_that_the_service_asks_for_is_kept() {
    let (server, arm) = azure().await;
    let begun = ResponseTemplate::new(202)
        .insert_header("azure-asyncoperation", operation(&server).as_str())
        .insert_header("retry-after", "1");
    begin(&server, "DELETE", begun).await;
    get(&server, OPERATION, None, ok(json!({"status": "Succeeded"}))).await;
    let started = Instant::now();
    arm.delete(&call(THING)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_operation_that_never_ends_is_left_at_the_deadline_with_its_state() {
    let (server, arm) = azure().await;
    begin(&server, "PUT", in_state("Accepted")).await;
    get(&server, THING, None, in_state("Provisioning")).await;
    let deadline = Deadline::after(Duration::from_secs(3));
    let started = Instant::now();
    let error = arm
        .put(
            &Call {
                deadline,
                ..call(THING)
            },
            &json!({}),
        )
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_mins(1));
    assert_eq!(error.kind(), Kind::Transient);
    assert!(
        error.message().contains("still in state Provisioning"),
        "{error}"
    );
}

#[tokio::test]
async fn a_look_without_an_answer_in_time_leaves_the_last_state() {
    let (server, arm) = azure().await;
    begin(&server, "PUT", in_state("Accepted")).await;
    get(&server, THING, Some(1), in_state("Provisioning")).await;
    let late = in_state("Succeeded").set_delay(Duration::from_mins(1));
    get(&server, THING, None, late).await;
    let call = Call {
        deadline: Deadline::after(Duration::from_secs(2)),
        ..call(THING)
    };
    let error = arm.put(&call, &json!({})).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Transient);
    assert!(
        error.message().contains("still in state Provisioning"),
        "{error}"
    );
}

#[tokio::test]
async fn an_operation_on_another_host_is_not_followed() {
    let (server, arm) = azure().await;
    for header in ["azure-asyncoperation", "location"] {
        let begun = ResponseTemplate::new(202).insert_header(header, "https://evil.test/op");
        begin(&server, "PUT", begun).await;
        assert_eq!(
            arm.put(&call(THING), &json!({})).await.unwrap_err().kind(),
            Kind::Invalid
        );
    }
}
