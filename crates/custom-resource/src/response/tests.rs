use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const STREAM: &str = "2026/11/05/[$LATEST]6f1e";

fn ids() -> RequestIds {
    RequestIds {
        stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f".to_owned(),
        request_id: "8d1e".to_owned(),
        logical_id: "Thing".to_owned(),
        resource_type: "Custom::Thing".to_owned(),
    }
}

fn id() -> PhysicalId {
    "thing-1".parse().unwrap()
}

fn body(response: &Response) -> String {
    String::from_utf8(response.body()).unwrap()
}

fn failed(reason: &str, log_stream: Option<&str>) -> Response {
    Response::failed(&ids(), &id(), &Failure::new(reason), log_stream)
}

#[test]
fn a_success_with_and_without_attributes() {
    let done = Done::new(id()).with("Name", "x").with("Count", 2);
    assert_snapshot!(
        body(&Response::success(&ids(), done.clone())),
        @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing","Data":{"Name":"x","Count":"2"}}"#
    );
    assert_snapshot!(
        body(&Response::success(&ids(), done.without_echo())),
        @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing","NoEcho":true,"Data":{"Name":"x","Count":"2"}}"#
    );
    assert_snapshot!(body(&Response::success(&ids(), Done::new(id()))), @r#"{"Status":"SUCCESS","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[test]
fn a_failure_points_to_the_log() {
    assert_snapshot!(body(&failed("PUT answered 403", Some(STREAM))), @r#"{"Status":"FAILED","Reason":"PUT answered 403 (log stream 2026/11/05/[$LATEST]6f1e)","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
    assert_snapshot!(body(&failed("PUT answered 403", None)), @r#"{"Status":"FAILED","Reason":"PUT answered 403","PhysicalResourceId":"thing-1","StackId":"arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f","RequestId":"8d1e","LogicalResourceId":"Thing"}"#);
}

#[test]
fn a_failure_always_has_a_reason() {
    assert_snapshot!(failed(" \n", Some(STREAM)).reason(), @r#"failed for a reason that was not given (log stream 2026/11/05/[$LATEST]6f1e)"#);
    assert_snapshot!(failed("", None).reason(), @r#"failed for a reason that was not given"#);
}

#[test]
fn a_long_reason_is_cut_and_says_so() {
    let response = failed(&"Zürich \"東京\" 🦀 ".repeat(900), Some(STREAM));
    let length = response.body().len();
    assert!(
        (MAXIMUM_BODY_BYTES - 4..=MAXIMUM_BODY_BYTES).contains(&length),
        "{length}"
    );
    assert!(response.reason().starts_with("Zürich \"東京\" 🦀 Zürich"));
    assert!(
        response
            .reason()
            .ends_with(&format!("… (cut; see log stream {STREAM})"))
    );
    assert!(
        failed(&"x".repeat(9000), None)
            .reason()
            .ends_with("xx… (cut)")
    );
}

#[test]
fn attributes_that_do_not_fit_are_left_out_from_the_end() {
    let done = Done::new(id())
        .with("First", "a".repeat(1500))
        .with("Second", "b".repeat(1500))
        .with("Third", "c".repeat(1500))
        .with("Fourth", "d");
    let sent: Value = serde_json::from_slice(&Response::success(&ids(), done).body()).unwrap();
    let names: Vec<&String> = sent["Data"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["First", "Second"]);
    let huge = Done::new(id()).with("Only", "x".repeat(5000));
    let sent: Value = serde_json::from_slice(&Response::success(&ids(), huge).body()).unwrap();
    assert_eq!(
        (sent["Status"].as_str(), sent.get("Data")),
        (Some("SUCCESS"), None)
    );
}

#[test]
fn the_longest_ids_leave_room_for_an_answer() {
    let ids = RequestIds {
        stack_id: "s".repeat(1024),
        request_id: "r".repeat(128),
        logical_id: "l".repeat(255),
        resource_type: String::new(),
    };
    let id: PhysicalId = "\"".repeat(1024).parse().unwrap();
    let stream = "\"".repeat(LOG_STREAM_BYTES);
    let response = Response::failed(&ids, &id, &Failure::new("x".repeat(9000)), Some(&stream));
    assert!(response.fits());
    assert!(
        response.reason().starts_with("xxxx"),
        "{}",
        response.reason()
    );
}

proptest! {
    #[test]
    fn every_failure_fits_is_valid_and_keeps_its_head(
        reason in prop_oneof![any::<String>(), "[\"\\\\é🦀a\u{202e}\n]{0,3000}", "\\PC{2000,5000}"],
        stream in prop::option::of("\\PC{0,200}"),
    ) {
        let response = failed(&reason, stream.as_deref());
        let bytes = response.body();
        prop_assert!(bytes.len() <= MAXIMUM_BODY_BYTES);
        let sent: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(sent["Status"].as_str(), Some("FAILED"));
        prop_assert_eq!(sent["PhysicalResourceId"].as_str(), Some("thing-1"));
        let stack_id = ids().stack_id;
        prop_assert_eq!(sent["StackId"].as_str(), Some(stack_id.as_str()));
        let shown = sent["Reason"].as_str().unwrap();
        prop_assert!(!shown.is_empty() && !shown.contains(char::is_control));
        let whole = inert(reason.trim(), usize::MAX);
        let head: String = whole.chars().take(300).collect();
        prop_assert!(shown.starts_with(&head), "{shown}");
    }

    #[test]
    fn every_success_fits_and_is_valid(
        data in prop::collection::vec((any::<String>(), "\\PC{0,900}"), 0..9),
    ) {
        let done = data.iter().fold(Done::new(id()), |done, (name, value)| done.with(name, value));
        let bytes = Response::success(&ids(), done.clone()).body();
        prop_assert!(bytes.len() <= MAXIMUM_BODY_BYTES);
        let sent: Value = serde_json::from_slice(&bytes).unwrap();
        for (name, value) in sent.get("Data").and_then(Value::as_object).into_iter().flatten() {
            prop_assert_eq!(done.attributes().get(name.as_str()).copied(), value.as_str());
        }
    }
}
