use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::always;
use crate::rig::{CLIENT, THING, arm, arm_error, azure, call};
use crate::{ArmClient, Kind};

#[tokio::test]
async fn an_error_carries_all_ids_and_reads_as_a_sentence() {
    let body = json!({"statusCode": 400,
        "errorMessage": "error occured for security connector: Identity provider is missing",
        "errorCorrelation": "11111111-2222-3333-4444-555555555555"});
    let template = ResponseTemplate::new(400)
        .set_body_json(body)
        .insert_header("x-ms-request-id", "req-1")
        .insert_header("x-ms-correlation-request-id", "corr-1")
        .insert_header("x-ms-routing-request-id", "WESTEUROPE:1");
    let (_server, arm) = always(template).await;
    let error = arm.put(&call(THING), &json!({})).await.unwrap_err();
    assert!(error.refused_content());
    let ours = error.correlation().client_request_id.clone().unwrap();
    let text = error.to_string().replace(&ours, "[uuid]");
    insta::assert_snapshot!(text, @"could not test the thing: Azure Resource Manager answered 400: error occured for security connector: Identity provider is missing (PUT /subscriptions/s/resourceGroups/g/providers/P.Q/things/one; correlation id corr-1; error correlation 11111111-2222-3333-4444-555555555555; request id req-1; routing id WESTEUROPE:1; client request id [uuid])");
    let port = onboarding::PortError::from(error);
    assert!(port.refused_content && port.kind == onboarding::FailureKind::Invalid);
}

#[tokio::test]
async fn resource_managers_own_400_is_no_refusal_by_defender() {
    let (_server, arm) = always(arm_error(400, "InvalidRequestContent")).await;
    assert!(
        !arm.put(&call(THING), &json!({}))
            .await
            .unwrap_err()
            .refused_content()
    );
}

#[tokio::test]
async fn the_text_of_a_service_is_inert_and_short() {
    let message = format!("\u{1b}[2Jbad\r\nline {}", "x".repeat(9000));
    let body = json!({"error": {"code": "Bad\u{7}Code", "message": message}});
    let (_server, arm) = always(ResponseTemplate::new(400).set_body_json(body)).await;
    let text = arm.get(&call(THING)).await.unwrap_err().to_string();
    assert!(
        text.len() < 1500 && !text.chars().any(char::is_control),
        "{text}"
    );
    assert!(text.contains("bad line xxx"), "{text}");
}

#[tokio::test]
async fn an_unreachable_service_is_named_with_its_host() {
    let (server, _) = azure().await;
    let tokens = crate::rig::source(&server.uri(), crate::rig::client_secret());
    let base = "http://127.0.0.1:1".parse().unwrap();
    let arm = ArmClient::new(crate::rig::http(), base, tokens, crate::rig::patience());
    let error = arm.get(&call(THING)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Transient);
    assert!(
        error.advice().unwrap().contains("reach 127.0.0.1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_failed_sign_in_ends_the_call() {
    let server = MockServer::start().await;
    let refusal = json!({"error": "invalid_client", "error_codes": [700_016]});
    let template = ResponseTemplate::new(400).set_body_json(refusal);
    Mock::given(method("POST"))
        .respond_with(template)
        .mount(&server)
        .await;
    let error = arm(&server.uri()).get(&call(THING)).await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS700016"));
    assert!(error.advice().unwrap().contains(CLIENT));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
