//! The record of what was asked: never a token, a form or an assertion.

use serde::Serialize;
use serde_json::Value;

/// One request as it came in, and how it was answered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedRequest {
    /// Subscription id, in lower case; absent for sign-ins.
    pub subscription: Option<String>,
    /// Tenant id of a sign-in, in lower case.
    pub tenant: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// `api-version` of the query.
    pub api_version: Option<String>,
    /// `x-ms-client-request-id`.
    pub client_request_id: Option<String>,
    /// JSON body of a request to ARM.
    pub body: Option<Value>,
    /// Status of the answer; absent while there is none and where the connection was cut.
    pub status: Option<u16>,
    /// The reason behind an answer that does not tell it.
    pub note: Option<String>,
    /// When it came, since the double started.
    pub started_milliseconds: u64,
    /// How long the answer took.
    pub took_milliseconds: Option<u64>,
}

/// How often each kind of operation was asked for, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// GET requests.
    pub reads: u64,
    /// PUT, PATCH and POST requests.
    pub writes: u64,
    /// DELETE requests.
    pub deletes: u64,
    /// Connectors created, replaced or changed.
    pub connectors_written: u64,
    /// Connectors deleted.
    pub connectors_deleted: u64,
    /// Arc machines changed.
    pub machines_written: u64,
    /// Arc machines deleted.
    pub machines_deleted: u64,
    /// Requests refused with 429 by a token bucket.
    pub throttled: u64,
}

/// All that is on record; an entry keeps its number when earlier ones are forgotten.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: Vec<RecordedRequest>,
    forgotten: usize,
}

impl RequestLog {
    /// Adds an entry and returns its number.
    pub(crate) fn push(&mut self, entry: RecordedRequest) -> usize {
        self.entries.push(entry);
        self.forgotten + self.entries.len() - 1
    }

    pub(crate) fn entry(&mut self, number: usize) -> Option<&mut RecordedRequest> {
        self.entries.get_mut(number.checked_sub(self.forgotten)?)
    }

    pub(crate) fn all(&self) -> &[RecordedRequest] {
        &self.entries
    }

    pub(crate) fn forget(&mut self) {
        self.forgotten += self.entries.len();
        self.entries.clear();
    }
}
