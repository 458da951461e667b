//! The answer's body, which is never longer than CloudFormation takes.

use serde::{Serialize, Serializer};

use crate::handler::{Done, Failure};
use crate::inert::inert;
use crate::{PhysicalId, RequestIds};

/// The longest body that CloudFormation reads.
pub const MAXIMUM_BODY_BYTES: usize = 4096;
/// More of a reason than this never fits, so no more of it is looked at.
const REASON_CHARACTERS: usize = MAXIMUM_BODY_BYTES;
const LOG_STREAM_BYTES: usize = 96;

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The resource is as it was wanted.
    Success,
    /// It is not, and the reason says why.
    Failed,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Response {
    status: Status,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    physical_resource_id: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_echo: bool,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "in_order")]
    data: Vec<(String, String)>,
}

impl Response {
    /// The answer to a request that went well. Attributes that do not fit are left out, the last
    /// ones first.
    pub fn success(ids: &RequestIds, done: Done) -> Self {
        let mut response = Self::new(Status::Success, ids, &done.physical_id);
        response.no_echo = done.no_echo;
        response.data = done.attributes;
        while !response.fits() {
            let Some((name, _)) = response.data.pop() else {
                break;
            };
            let name = inert(&name, 64);
            tracing::warn!(attribute = %name, "left out of the answer, which would be too long");
        }
        response
    }

    /// The answer to a request that failed. The reason points to the log stream, and keeps its
    /// head where it must be cut.
    pub fn failed(
        ids: &RequestIds,
        id: &PhysicalId,
        failure: &Failure,
        log_stream: Option<&str>,
    ) -> Self {
        let mut response = Self::new(Status::Failed, ids, id);
        let said = inert(failure.reason().trim(), REASON_CHARACTERS);
        let said = if said.is_empty() {
            "failed for a reason that was not given"
        } else {
            &said
        };
        // Lambda's own names are half as long; a longer one is not worth the reason's room.
        let log_stream = log_stream
            .map(|name| inert(name, LOG_STREAM_BYTES))
            .filter(|name| name.len() <= LOG_STREAM_BYTES);
        response.reason = match &log_stream {
            Some(name) => format!("{said} (log stream {name})"),
            None => said.to_owned(),
        };
        if !response.fits() {
            let pointer = log_stream.map_or_else(
                || "… (cut)".to_owned(),
                |name| format!("… (cut; see log stream {name})"),
            );
            response.cut_reason(said, &pointer);
        }
        response
    }

    fn new(status: Status, ids: &RequestIds, id: &PhysicalId) -> Self {
        Self {
            status,
            reason: String::new(),
            physical_resource_id: id.as_str().to_owned(),
            stack_id: ids.stack_id.clone(),
            request_id: ids.request_id.clone(),
            logical_resource_id: ids.logical_id.clone(),
            no_echo: false,
            data: Vec::new(),
        }
    }

    /// Sets the reason to as many whole characters of `said` as fit before `pointer`.
    fn cut_reason(&mut self, said: &str, pointer: &str) {
        let ends: Vec<usize> = said.char_indices().map(|(start, _)| start).collect();
        let fitting = ends.partition_point(|end| {
            self.reason = [said.get(..*end).unwrap_or_default(), pointer].concat();
            self.fits()
        });
        let end = fitting
            .checked_sub(1)
            .and_then(|last| ends.get(last))
            .copied()
            .unwrap_or(0);
        self.reason = [said.get(..end).unwrap_or_default(), pointer].concat();
    }

    fn fits(&self) -> bool {
        self.body().len() <= MAXIMUM_BODY_BYTES
    }

    /// The body to send.
    pub fn body(&self) -> Vec<u8> {
        // Strings, a bool and string pairs: there is nothing in here that JSON could not hold.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// How the request went.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Why it failed; empty if it did not.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The id that CloudFormation will know the resource by.
    pub fn physical_id(&self) -> &str {
        &self.physical_resource_id
    }
}

/// As an object whose members keep their order, so that equal answers are equal byte for byte.
fn in_order<S: Serializer>(data: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(data.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests;
