//! Custom-resource events as `CloudFormation` and Lambda deliver them.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Builds the request of one custom resource.
#[derive(Clone, Debug)]
pub struct CustomResourceEvent {
    fields: Map<String, Value>,
}

impl CustomResourceEvent {
    /// A Create of a resource type, say `Custom::SecurityConnector`.
    pub fn create(resource_type: &str, response_url: &str) -> Self {
        Self::new("Create", resource_type, response_url)
    }

    /// An Update from old properties to the ones that are set later.
    pub fn update(
        resource_type: &str,
        response_url: &str,
        physical_id: &str,
        old_properties: Value,
    ) -> Self {
        Self::new("Update", resource_type, response_url)
            .field("PhysicalResourceId", physical_id)
            .field("OldResourceProperties", stringified(old_properties))
    }

    /// A Delete.
    pub fn delete(resource_type: &str, response_url: &str, physical_id: &str) -> Self {
        Self::new("Delete", resource_type, response_url).field("PhysicalResourceId", physical_id)
    }

    fn new(request_type: &str, resource_type: &str, response_url: &str) -> Self {
        let logical_id = resource_type.rsplit("::").next().unwrap_or(resource_type);
        let function = "arn:aws:lambda:eu-west-1:111111111111:function:RegisterAccount";
        let fields = json!({
            "RequestType": request_type,
            "ServiceToken": function,
            "ResponseURL": response_url,
            "StackId": "arn:aws:cloudformation:eu-west-1:111111111111:stack/defender/5f2b6ad0-0000-11f1-9e3c-0a1b2c3d4e5f",
            "RequestId": Uuid::new_v4(),
            "LogicalResourceId": logical_id,
            "ResourceType": resource_type,
            "ResourceProperties": { "ServiceToken": function },
        });
        let Value::Object(fields) = fields else {
            return Self { fields: Map::new() };
        };
        Self { fields }
    }

    /// Sets a property; scalars become strings, as on their way through `CloudFormation`.
    #[must_use]
    pub fn property(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Some(properties) = self
            .fields
            .get_mut("ResourceProperties")
            .and_then(Value::as_object_mut)
        {
            properties.insert(name.to_owned(), stringified(value.into()));
        }
        self
    }

    /// Sets every property of an object.
    #[must_use]
    pub fn properties(self, properties: Value) -> Self {
        let Value::Object(properties) = properties else {
            return self;
        };
        properties
            .into_iter()
            .fold(self, |event, (name, value)| event.property(&name, value))
    }

    /// Sets or replaces any field of the event, right or wrong.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a field out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.remove(name);
        self
    }

    /// The event as JSON.
    pub fn build(self) -> Value {
        Value::Object(self.fields)
    }
}

/// Why an asynchronous invocation ended at its failure destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It ran and failed.
    RetriesExhausted,
    /// It never ran in time.
    EventAgeExceeded,
}

/// The record that Lambda hands to an `OnFailure` destination.
pub fn failed_invocation(
    request_payload: &Value,
    condition: Condition,
    invocations: u32,
    function_error: Option<&str>,
) -> Value {
    let name = match condition {
        Condition::RetriesExhausted => "RetriesExhausted",
        Condition::EventAgeExceeded => "EventAgeExceeded",
    };
    let mut record = json!({
        "version": "1.0",
        "timestamp": "2026-11-24T03:55:00.000Z",
        "requestContext": {
            "requestId": Uuid::new_v4(),
            "functionArn": "arn:aws:lambda:eu-west-1:111111111111:function:RegisterAccount:$LATEST",
            "condition": name,
            "approximateInvokeCount": invocations,
        },
        "requestPayload": request_payload,
    });
    if let Some(error) = function_error {
        record["responseContext"] = json!({ "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" });
        record["responsePayload"] =
            json!({ "errorType": "Runtime.ExitError", "errorMessage": error });
    }
    record
}

/// Every scalar as the string that arrives in its place.
fn stringified(value: Value) -> Value {
    match value {
        Value::Bool(flag) => flag.to_string().into(),
        Value::Number(number) => number.to_string().into(),
        Value::Array(items) => items.into_iter().map(stringified).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, stringified(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_become_strings_however_deep() {
        let event = CustomResourceEvent::create("Custom::SecurityConnector", "http://bucket/")
            .property("ScanIntervalHours", 4)
            .property(
                "Plans",
                json!({ "Cspm": { "On": true, "Names": [1, "a"] } }),
            )
            .build();
        let properties = &event["ResourceProperties"];
        assert_eq!(properties["ScanIntervalHours"], "4");
        assert_eq!(
            properties["Plans"]["Cspm"],
            json!({ "On": "true", "Names": ["1", "a"] })
        );
        assert_eq!(event["LogicalResourceId"], "SecurityConnector");
    }

    #[test]
    fn only_update_and_delete_name_a_physical_id() {
        let create = CustomResourceEvent::create("Custom::X", "u").build();
        let update = CustomResourceEvent::update("Custom::X", "u", "id", json!({ "A": 1 })).build();
        let delete = CustomResourceEvent::delete("Custom::X", "u", "id").build();
        assert!(create.get("PhysicalResourceId").is_none());
        assert_eq!(update["OldResourceProperties"]["A"], "1");
        assert_eq!(delete["PhysicalResourceId"], "id");
        assert!(delete.get("OldResourceProperties").is_none());
    }
}
