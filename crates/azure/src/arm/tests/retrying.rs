use std::time::{Duration, Instant};

use serde_json::json;
use wiremock::matchers::{header, method};
use wiremock::{Mock, ResponseTemplate};

use super::{always, first};
use crate::arm::Call;
use crate::rig::{THING, TOKEN, arm_error, asked, azure, call, ok, sign_ins};
use crate::{Deadline, Kind};

#[tokio::test]
async fn errors_that_stay_are_asked_for_once() {
    for (status, code, kind) in [
        (400, "BadRequest", Kind::Invalid),
        (400, "NoRegisteredProviderFound", Kind::Invalid),
        (400, "LocationNotAvailableForResourceType", Kind::Invalid),
        (403, "RequestDisallowedByPolicy", Kind::Denied),
        (404, "SubscriptionNotFound", Kind::NotFound),
        (404, "ResourceGroupNotFound", Kind::NotFound),
        (409, "MissingSubscriptionRegistration", Kind::Invalid),
        (409, "InvalidResourceLocation", Kind::Invalid),
        (409, "ScopeLocked", Kind::Denied),
        (409, "SomethingElse", Kind::Conflict),
        (412, "PreconditionFailed", Kind::PreconditionFailed),
        (501, "NotImplemented", Kind::Invalid),
        (302, "Found", Kind::Invalid),
        (
            401,
            "InvalidAuthenticationTokenTenant",
            Kind::Unauthenticated,
        ),
    ] {
        let (server, arm) = always(arm_error(status, code)).await;
        let error = arm.put(&call(THING), &json!({})).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status(), error.code()),
            (kind, Some(status), Some(code))
        );
        assert_eq!(asked(&server).await.len(), 1, "{status} {code}");
        assert_eq!(sign_ins(&server).await.len(), 1, "{status} {code}");
    }
}

#[tokio::test]
async fn troubles_that_pass_are_tried_again() {
    for template in [
        ResponseTemplate::new(408),
        ResponseTemplate::new(429),
        ResponseTemplate::new(500).set_body_string("oops"),
        ResponseTemplate::new(502).set_body_string("<html>"),
        ResponseTemplate::new(503),
        ResponseTemplate::new(504),
        arm_error(409, "Conflict"),
        arm_error(409, "AnotherOperationInProgress"),
        arm_error(409, "TooManyRequests"),
        arm_error(403, "AuthorizationFailed"),
        arm_error(403, "LinkedAuthorizationFailed"),
        ResponseTemplate::new(200).set_body_string("{\"id\": \"/sub"),
    ] {
        let (server, arm) = first(template).await;
        assert_eq!(arm.get(&call(THING)).await.unwrap(), json!({"id": THING}));
        assert_eq!(asked(&server).await.len(), 2);
    }
}

#[tokio::test]
async fn troubles_that_do_not_pass_end_in_bounded_time() {
    for (template, kind, limit) in [
        (ResponseTemplate::new(500), Kind::Transient, 1200),
        (arm_error(409, "Conflict"), Kind::Conflict, 600),
        (arm_error(403, "AuthorizationFailed"), Kind::Denied, 300),
    ] {
        let (server, arm) = always(template).await;
        let started = Instant::now();
        let error = arm.get(&call(THING)).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_millis(limit + 15_000));
        assert_eq!(error.kind(), kind);
        let tries = asked(&server).await.len();
        assert!(tries >= 2);
        assert!(
            error
                .to_string()
                .contains(&format!("gave up after {tries} tries")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let slow = || ResponseTemplate::new(429);
    for (template, at_least) in [
        (slow().insert_header("retry-after", "1"), 1000),
        (slow().insert_header("retry-after", "0.5"), 500),
        (
            ResponseTemplate::new(503).insert_header("retry-after", "0.7"),
            700,
        ),
        (slow().insert_header("retry-after", "0"), 0),
        (slow().insert_header("retry-after", "-5"), 0),
        (slow().insert_header("retry-after", "soon"), 0),
        (slow().insert_header("retry-after", ""), 0),
        (
            slow().insert_header("retry-after", "Sun, 01 Nov 2020 00:00:00 GMT"),
            0,
        ),
    ] {
        let (_server, arm) = first(template).await;
        let started = Instant::now();
        arm.get(&call(THING)).await.unwrap();
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(at_least), "{took:?}");
        assert!(took < Duration::from_millis(at_least + 15_000), "{took:?}");
    }
}

#[tokio::test]
async fn a_wait_past_the_deadline_ends_at_once_and_keeps_the_answer() {
    let template =
        arm_error(429, "SubscriptionRequestsThrottled").insert_header("retry-after", "600");
    let (server, arm) = always(template).await;
    let started = Instant::now();
    let error = arm.get(&call(THING)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(asked(&server).await.len(), 1);
    assert_eq!(
        error.kind(),
        Kind::Throttled {
            retry_after: Some(Duration::from_mins(10))
        }
    );
    let text = error.to_string();
    assert!(text.contains("429 SubscriptionRequestsThrottled"), "{text}");
    assert!(text.contains("gave up after 1 try in 0 s"), "{text}");
}

#[tokio::test]
async fn a_silent_service_is_left_at_the_deadline() {
    let (_server, arm) =
        always(ResponseTemplate::new(200).set_delay(Duration::from_secs(30))).await;
    let deadline = Deadline::after(Duration::from_millis(700));
    let started = Instant::now();
    let error = arm
        .get(&Call {
            deadline,
            ..call(THING)
        })
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!((error.kind(), error.status()), (Kind::Transient, None));
    assert!(error.message().contains("no answer within"), "{error}");
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_request_made_once_more() {
    let (server, arm) = azure().await;
    let old = header("authorization", format!("Bearer {TOKEN}-1").as_str());
    let refused = arm_error(401, "ExpiredAuthenticationToken");
    Mock::given(method("GET"))
        .and(old)
        .respond_with(refused)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(ok(json!({})))
        .mount(&server)
        .await;
    arm.get(&call(THING)).await.unwrap();
    arm.get(&call(THING)).await.unwrap();
    assert_eq!(asked(&server).await.len(), 3);
    assert_eq!(sign_ins(&server).await.len(), 2);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let challenge = "Bearer error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\"";
    let template = arm_error(401, "SomeChallenge").insert_header("www-authenticate", challenge);
    let (server, arm) = always(template).await;
    let error = arm.get(&call(THING)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    assert_eq!(
        (asked(&server).await.len(), sign_ins(&server).await.len()),
        (2, 2)
    );
    assert!(
        error.advice().unwrap().contains("Conditional Access"),
        "{error}"
    );
}
