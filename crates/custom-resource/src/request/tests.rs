use proptest::prelude::*;
use serde_json::json;

use super::*;

const URL: &str =
    "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/a%7Cb?X=1";
const STACK: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f";

fn event(request_type: &str) -> Value {
    json!({
        "RequestType": request_type,
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:register-account",
        "ResponseURL": URL,
        "StackId": STACK,
        "RequestId": "8d1e",
        "LogicalResourceId": "Thing",
        "ResourceType": "Custom::Thing",
        "PhysicalResourceId": "thing-1",
        "ResourceProperties": {"ServiceToken": "arn", "ServiceTimeout": "720", "Name": "x"},
        "OldResourceProperties": {"ServiceToken": "arn", "Name": "y"},
    })
}

fn with(mut event: Value, name: &str, value: Value) -> Value {
    event
        .as_object_mut()
        .unwrap()
        .insert(name.to_owned(), value);
    event
}

fn without(mut event: Value, name: &str) -> Value {
    event.as_object_mut().unwrap().remove(name);
    event
}

fn look(event: &Value) -> Result<Answerable, Unanswerable> {
    Answerable::of(event, &ResponseOrigins::new("us-east-1", None))
}

fn reason(event: &Value) -> String {
    look(event).unwrap().request.unwrap_err().to_string()
}

#[test]
fn the_three_requests_are_understood() {
    let id: PhysicalId = "thing-1".parse().unwrap();
    let operation = |name: &str| look(&event(name)).unwrap().request.unwrap().operation;
    assert_eq!(operation("Create"), Operation::Create);
    let old_properties = json!({"Name": "y"});
    assert_eq!(
        operation("Update"),
        Operation::Update {
            id: id.clone(),
            old_properties
        }
    );
    assert_eq!(operation("Delete"), Operation::Delete { id });
    let request = look(&event("Create")).unwrap().request.unwrap();
    assert_eq!(request.properties, json!({"Name": "x"}));
    assert_eq!(request.ids.stack_id, STACK);
    assert_eq!(request.ids.resource_type, "Custom::Thing");
}

#[test]
fn properties_may_be_absent() {
    let update = without(
        without(event("Update"), "OldResourceProperties"),
        "ResourceProperties",
    );
    let request = look(&update).unwrap().request.unwrap();
    assert_eq!(request.properties, json!({}));
    let Operation::Update { old_properties, .. } = request.operation else {
        panic!("an Update")
    };
    assert_eq!(old_properties, json!({}));
}

#[test]
fn what_is_missing_or_odd_is_named() {
    for (odd, expected) in [
        (
            with(event("Create"), "RequestType", json!("Upsert\n")),
            "RequestType: expected Create, Update or Delete, got \"Upsert\\n\"",
        ),
        (
            without(event("Create"), "RequestType"),
            "RequestType: expected Create, Update or Delete",
        ),
        (
            with(event("Create"), "RequestType", json!(["Create"])),
            "RequestType: expected Create, Update or Delete",
        ),
        (
            without(event("Create"), "StackId"),
            "StackId: expected a text of 1 to 1024 bytes",
        ),
        (
            with(event("Create"), "RequestId", json!(5)),
            "RequestId: expected a text of 1 to 128 bytes",
        ),
        (
            with(
                event("Create"),
                "LogicalResourceId",
                json!("\u{1}".repeat(43)),
            ),
            "LogicalResourceId: expected a text of 1 to 255 bytes",
        ),
        (
            with(event("Create"), "ResourceType", json!("")),
            "ResourceType: expected a text of 1 to 255 bytes",
        ),
        (
            without(event("Delete"), "PhysicalResourceId"),
            "the event is no custom-resource request: missing field `PhysicalResourceId`",
        ),
        (
            with(
                event("Update"),
                "PhysicalResourceId",
                json!("x".repeat(1025)),
            ),
            "PhysicalResourceId: expected a physical id of 1 to 1024 bytes without control characters",
        ),
        (
            with(event("Create"), "ServiceToken", json!({})),
            "the event is no custom-resource request: invalid type: map, expected a string",
        ),
    ] {
        assert_eq!(reason(&odd), expected);
    }
}

#[test]
fn the_answers_id_is_the_given_one_or_the_marker() {
    let id = |event: &Value| look(event).unwrap().id.to_string();
    let marker = "not-created:mdc/6c2f:Thing";
    assert_eq!(
        id(&event("Create")),
        marker,
        "a Create has no id of its own"
    );
    assert_eq!(id(&event("Update")), "thing-1");
    assert_eq!(id(&event("Upsert")), "thing-1");
    assert_eq!(id(&without(event("Delete"), "PhysicalResourceId")), marker);
    assert_eq!(
        id(&json!({"ResponseURL": URL})),
        "not-created:unknown:unknown"
    );
}

#[test]
fn without_an_acceptable_address_there_is_no_answer() {
    for odd in [
        json!(null),
        json!("x"),
        json!([URL]),
        json!({}),
        json!({"ResponseURL": [URL]}),
    ] {
        assert_eq!(
            look(&odd).unwrap_err(),
            Unanswerable::NoResponseUrl,
            "{odd}"
        );
    }
    let foreign = with(
        event("Create"),
        "ResponseURL",
        json!("https://evil.example/s3cr3t"),
    );
    let error = look(&foreign).unwrap_err();
    assert_eq!(error, Unanswerable::Rejected(RejectedUrl::Foreign));
    assert!(!error.to_string().contains("s3cr3t"));
}

/// Any JSON, with the protocol's names among its keys.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["Create", "Update", "Delete", URL, "not-created:x"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 32, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_holds_an_address_can_be_answered(
        fields in prop::collection::hash_map(prop::sample::select(vec![
            "RequestType", "StackId", "RequestId", "LogicalResourceId", "ResourceType",
            "PhysicalResourceId", "ResourceProperties", "OldResourceProperties", "ServiceToken",
        ]), json_value(), 0..10),
        kept in prop::sample::subsequence(vec!["RequestType", "StackId", "RequestId",
            "LogicalResourceId", "ResourceType", "PhysicalResourceId"], 0..=6),
        kind in prop::sample::select(vec!["Create", "Update", "Delete"]),
    ) {
        let mut odd = with(json!({}), "ResponseURL", json!(URL));
        for (name, value) in fields {
            odd = with(odd, name, value);
        }
        for name in kept {
            odd = with(odd, name, event(kind)[name].clone());
        }
        let answerable = look(&odd).unwrap();
        if let Err(failure) = &answerable.request {
            prop_assert!(!failure.reason().is_empty());
            prop_assert!(!failure.reason().contains("X=1"));
        }
    }

    #[test]
    fn no_event_makes_it_panic(event in json_value()) {
        let _ = look(&event);
    }
}
