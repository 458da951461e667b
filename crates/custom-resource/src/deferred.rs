//! Answers that come later, by another invocation of the function.
//!
//! Work that outlives an invocation is handed over: the [`DeferringHandler`] has the request kept
//! where only the function reads it, and whoever finishes the work has it answered from there
//! with [`crate::Responder::answer_kept`]. What is carried along meanwhile is the request's id and
//! nothing else.

use std::error::Error;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::handler::{Context, Done, Failure};
use crate::properties::{InvalidProperties, parse_properties};
use crate::request::{Operation, Request};
use crate::{PhysicalId, Status};

/// A type of resource whose work may be handed over and answered later.
pub trait DeferringHandler: Send + Sync {
    /// The resource's properties, as in [`crate::Handler::Properties`].
    type Properties: DeserializeOwned + Send;

    /// Keeps the request and starts the work, or has nothing to hand over and is done. A failure is
    /// answered at once, and the work must then not answer any more. Called again for a request
    /// that was started already, it changes nothing.
    fn start(
        &self,
        asked: Asked<Self::Properties>,
        request: &KeptRequest,
        context: &Context,
    ) -> impl Future<Output = Result<Served, Failure>> + Send;
}

/// What became of a request.
#[derive(Debug)]
pub enum Served {
    /// The resource is as it was wanted, which is answered at once.
    Done(Done),
    /// The work was handed over.
    Later,
}

/// What is asked of a resource.
#[derive(Debug)]
pub enum Asked<P> {
    /// To be made.
    Create {
        /// As this.
        wanted: P,
    },
    /// To become what is wanted now.
    Update {
        /// This.
        wanted: P,
        /// What was wanted before, unread.
        old: Value,
        /// The resource's id.
        id: PhysicalId,
    },
    /// To go.
    Delete {
        /// The properties, unread, since a resource must go even where they were never good.
        raw: Value,
        /// The resource's id.
        id: PhysicalId,
    },
}

impl<P: DeserializeOwned> Asked<P> {
    pub(crate) fn of(request: &Request) -> Result<Self, InvalidProperties> {
        let raw = &request.properties;
        Ok(match &request.operation {
            Operation::Create => Self::Create {
                wanted: parse_properties(raw)?,
            },
            Operation::Update { id, old_properties } => Self::Update {
                wanted: parse_properties(raw)?,
                old: old_properties.clone(),
                id: id.clone(),
            },
            Operation::Delete { id } => Self::Delete {
                raw: raw.clone(),
                id: id.clone(),
            },
        })
    }
}

/// A request as it came, to be kept until it is answered. It holds the pre-signed address, so
/// `Debug` shows nothing, and it belongs in an encrypted store and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptRequest(Value);

impl fmt::Debug for KeptRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptRequest(<redacted>)")
    }
}

impl KeptRequest {
    pub(crate) fn of(event: &Value) -> Self {
        Self(event.clone())
    }

    /// What to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// What was kept; `None` where it is no request.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let event: Value = serde_json::from_slice(bytes).ok()?;
        event.is_object().then_some(Self(event))
    }

    pub(crate) fn event(&self) -> &Value {
        &self.0
    }
}

/// Decides which of several invocations answers a request.
pub trait AnswerClaims: Send + Sync {
    /// Puts `body` down as the answer to a request, unless one is there.
    fn claim(
        &self,
        request_id: &str,
        body: &[u8],
    ) -> impl Future<Output = Result<Claim, ClaimError>> + Send;

    /// Forgets the kept request, once CloudFormation has taken the answer.
    fn settle(&self, request_id: &str) -> impl Future<Output = Result<(), ClaimError>> + Send;
}

/// Whose answer counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The one that was just put down.
    Ours,
    /// An earlier one. It is what has to be sent, if it did not arrive.
    Earlier(Vec<u8>),
}

/// A claim that could be neither made nor found.
pub type ClaimError = Box<dyn Error + Send + Sync>;

/// How a request was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// CloudFormation has its answer.
    Sent(Status),
    /// It will get one later.
    Later,
}

/// The status in a body that was put down before; `None` where it is no answer to this request.
pub(crate) fn status_of(body: &[u8], request_id: &str) -> Option<Status> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if body["RequestId"].as_str()? != request_id {
        return None;
    }
    match body["Status"].as_str()? {
        "SUCCESS" => Some(Status::Success),
        "FAILED" => Some(Status::Failed),
        _ => None,
    }
}
