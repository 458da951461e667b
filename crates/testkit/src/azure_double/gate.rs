//! What every request passes, whatever it asks for: the record, and the faults on order.

use std::future::{Future, pending};
use std::time::Duration;

use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::time::Instant;

use super::answer::Answer;
use super::faults::Fault;
use super::requests::RecordedRequest;
use super::sent::SentConnector;
use super::state::Shared;
use crate::http_server::Broken;

/// A request as far as it is recorded.
pub(crate) struct Arrived {
    pub subscription: Option<String>,
    pub tenant: Option<String>,
    pub method: Method,
    pub path: String,
    pub api_version: Option<String>,
    pub client_request_id: Option<String>,
    pub body: Option<Value>,
    /// The connector it puts, where bodies are kept.
    pub sent: Option<SentConnector>,
}

/// Records the request, plays its fault, and answers it.
pub(crate) async fn pass(
    shared: &Shared,
    arrived: Arrived,
    fault: Option<Fault>,
    answer: impl Future<Output = Answer>,
) -> Response {
    let record = Record::open(shared, arrived);
    let Some(fault) = fault else {
        return record.close(answer.await);
    };
    tokio::time::sleep(Duration::from_millis(fault.delay_milliseconds)).await;
    if !fault.replaces_answer() {
        return record.close(answer.await);
    }
    if fault.after_applying {
        answer.await;
    }
    if !fault.hang && !fault.close {
        return record.close(ordered(&fault));
    }
    if let Err(problem) = record.keep(None) {
        return problem.into_response();
    }
    if fault.hang {
        return pending().await;
    }
    Broken::Closed.into_response()
}

fn ordered(fault: &Fault) -> Answer {
    let mut answer = match &fault.body {
        None => Answer::empty(fault.status.unwrap_or(500)),
        Some(Value::String(text)) => {
            Answer::bytes(fault.status.unwrap_or(500), text.clone().into_bytes())
        }
        Some(body) => Answer::json(fault.status.unwrap_or(500), body),
    };
    for (name, value) in &fault.headers {
        answer = answer.with_header(&name.to_ascii_lowercase(), value.clone());
    }
    answer
}

/// An entry of the record, written when the request comes and completed by its answer.
struct Record<'a> {
    shared: &'a Shared,
    number: usize,
    started: Instant,
    sent: Option<SentConnector>,
}

impl<'a> Record<'a> {
    fn open(shared: &'a Shared, arrived: Arrived) -> Self {
        let started = Instant::now();
        let entry = RecordedRequest {
            subscription: arrived.subscription,
            tenant: arrived.tenant,
            method: arrived.method.to_string(),
            path: arrived.path,
            api_version: arrived.api_version,
            client_request_id: arrived.client_request_id,
            body: arrived.body,
            status: None,
            note: None,
            started_milliseconds: milliseconds(started.duration_since(shared.started)),
            took_milliseconds: None,
        };
        let number = shared.world().requests.push(entry);
        Self {
            shared,
            number,
            started,
            sent: arrived.sent,
        }
    }

    /// Keeps the connector that was put, if it is one.
    fn keep(&self, status: Option<u16>) -> Result<(), Answer> {
        match &self.sent {
            Some(sent) => sent.answered(self.shared, status),
            None => Ok(()),
        }
    }

    fn close(self, answer: Answer) -> Response {
        let answer = self.keep(Some(answer.status)).err().unwrap_or(answer);
        if let Some(entry) = self.shared.world().requests.entry(self.number) {
            entry.status = Some(answer.status);
            entry.note.clone_from(&answer.note);
            entry.took_milliseconds = Some(milliseconds(self.started.elapsed()));
        }
        answer.into_response()
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
