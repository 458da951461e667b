//! The request: looked at as raw JSON first, so that whatever holds a `ResponseURL` is answered.

use aws_lambda_events::cloudformation::CloudFormationCustomResourceRequest as Typed;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::inert::inert;
use crate::properties::without_protocol;
use crate::response_url::{RejectedUrl, ResponseOrigins, ResponseUrl};
use crate::{Failure, PhysicalId};

/// What an answer must copy verbatim, and the longest of each that still leaves room for the
/// rest of an answer. CloudFormation's own are well below.
const STACK_ID: (&str, usize) = ("StackId", 1024);
const REQUEST_ID: (&str, usize) = ("RequestId", 128);
const LOGICAL_ID: (&str, usize) = ("LogicalResourceId", 255);
const RESOURCE_TYPE: (&str, usize) = ("ResourceType", 255);

/// The ids that come with every request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestIds {
    /// The stack's ARN.
    pub stack_id: String,
    /// The request, unique within the stack.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// `Custom::…`.
    pub resource_type: String,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Make the resource.
    Create,
    /// Make it what is wanted now.
    Update {
        /// The resource's id.
        id: PhysicalId,
        /// What was wanted before; an empty object if CloudFormation did not say.
        old_properties: Value,
    },
    /// Take it away.
    Delete {
        /// The resource's id.
        id: PhysicalId,
    },
}

/// A request that was understood. Its properties are not read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which request.
    pub ids: RequestIds,
    /// What is to be done.
    pub operation: Operation,
    /// The properties, without `ServiceToken` and `ServiceTimeout`.
    pub properties: Value,
}

/// An event that holds no place to send an answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// It is no custom-resource request.
    #[error("the event holds no ResponseURL, so it is no custom-resource request")]
    NoResponseUrl,
    /// It asks for an answer to be sent elsewhere.
    #[error(transparent)]
    Rejected(#[from] RejectedUrl),
}

/// An event that can be answered, whatever else is wrong with it.
#[derive(Debug)]
pub(crate) struct Answerable {
    pub(crate) url: ResponseUrl,
    pub(crate) ids: RequestIds,
    /// What `RequestType` says, made inert.
    pub(crate) request_type: String,
    /// The id that the event came with, or the marker.
    pub(crate) id: PhysicalId,
    pub(crate) request: Result<Request, Failure>,
}

impl Answerable {
    /// The first look: nothing in here can fail once there is an acceptable address.
    pub(crate) fn of(event: &Value, origins: &ResponseOrigins) -> Result<Self, Unanswerable> {
        let address = event.get("ResponseURL").and_then(Value::as_str);
        let url = origins.accept(address.ok_or(Unanswerable::NoResponseUrl)?)?;
        let copied = |limit| text(event, limit).unwrap_or_default().to_owned();
        let ids = RequestIds {
            stack_id: copied(STACK_ID),
            request_id: copied(REQUEST_ID),
            logical_id: copied(LOGICAL_ID),
            resource_type: copied(RESOURCE_TYPE),
        };
        let request_type = event
            .get("RequestType")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let given = physical_id(event).ok().filter(|_| request_type != "Create");
        let id = given.unwrap_or_else(|| PhysicalId::marker(&ids.stack_id, &ids.logical_id));
        let request = understand(event, ids.clone());
        Ok(Self {
            url,
            ids,
            request_type: inert(request_type, 32),
            id,
            request,
        })
    }

    /// Whether this is the Delete of something that was never made. That holds however odd the
    /// rest of the event is: a Create that failed for its oddness is rolled back with the same.
    pub(crate) fn deletes_nothing(&self) -> bool {
        self.request_type == "Delete" && self.id.is_marker()
    }
}

fn understand(event: &Value, ids: RequestIds) -> Result<Request, Failure> {
    let known = ["Create", "Update", "Delete"];
    match event.get("RequestType") {
        Some(Value::String(kind)) if known.contains(&kind.as_str()) => {}
        Some(Value::String(kind)) => {
            let kind = inert(kind, 32);
            let reason = format!("RequestType: expected Create, Update or Delete, got \"{kind}\"");
            return Err(Failure::new(reason));
        }
        _ => {
            return Err(Failure::new(
                "RequestType: expected Create, Update or Delete",
            ));
        }
    }
    for (name, limit) in [STACK_ID, REQUEST_ID, LOGICAL_ID, RESOURCE_TYPE] {
        if text(event, (name, limit)).is_none() {
            let reason = format!("{name}: expected a text of 1 to {limit} bytes");
            return Err(Failure::new(reason));
        }
    }
    let typed = Typed::<Value, Value>::deserialize(with_properties(event)).map_err(|error| {
        let problem = inert(&error.to_string(), 300);
        Failure::new(format!(
            "the event is no custom-resource request: {problem}"
        ))
    })?;
    let (operation, properties) = match typed {
        Typed::Create(create) => (Operation::Create, create.resource_properties),
        Typed::Update(update) => {
            let old_properties = without_protocol(update.old_resource_properties);
            let operation = Operation::Update {
                id: physical_id(event)?,
                old_properties,
            };
            (operation, update.resource_properties)
        }
        Typed::Delete(delete) => (
            Operation::Delete {
                id: physical_id(event)?,
            },
            delete.resource_properties,
        ),
        _ => {
            return Err(Failure::new(
                "RequestType: expected Create, Update or Delete",
            ));
        }
    };
    Ok(Request {
        ids,
        operation,
        properties: without_protocol(properties),
    })
}

/// The event with an empty object for properties that are absent or null: whether the resource
/// can do without is for its handler to say.
fn with_properties(event: &Value) -> Value {
    let mut event = event.clone();
    if let Value::Object(fields) = &mut event {
        for name in ["ResourceProperties", "OldResourceProperties"] {
            let properties = fields.entry(name).or_insert(Value::Null);
            if properties.is_null() {
                *properties = Value::Object(Map::new());
            }
        }
    }
    event
}

fn physical_id(event: &Value) -> Result<PhysicalId, Failure> {
    let text = event
        .get("PhysicalResourceId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.parse()
        .map_err(|error| Failure::new(format!("PhysicalResourceId: {error}")))
}

/// A field that is a text and short enough once it is JSON again.
fn text<'a>(event: &'a Value, (name, limit): (&str, usize)) -> Option<&'a str> {
    let text = event.get(name)?.as_str()?;
    let length: usize = text.chars().map(encoded_length).sum();
    (1..=limit).contains(&length).then_some(text)
}

fn encoded_length(character: char) -> usize {
    match character {
        '"' | '\\' => 2,
        _ if character < ' ' => 6,
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests;
