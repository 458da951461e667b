//! One HTTP exchange, read to its end.

use std::error::Error as _;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use crate::retry::retry_after::retry_after;
use crate::{Correlation, Deadline};
use onboarding::inert::inert;

const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) correlation: Correlation,
    pub(crate) took: Duration,
}

impl Answer {
    /// The body as JSON; `Null` when there is none.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body)
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Why nothing came back, in words. The URL is left out: its query may hold what nobody should see.
#[derive(Debug)]
pub(crate) struct NoAnswer(pub(crate) String);

/// Sends a request and reads the whole answer within `longest` and the deadline.
pub(crate) async fn exchange(
    request: RequestBuilder,
    longest: Duration,
    deadline: Deadline,
) -> Result<Answer, NoAnswer> {
    let time = deadline.remaining().min(longest);
    if time.is_zero() {
        return Err(NoAnswer("no time was left to ask".to_owned()));
    }
    let id = Uuid::new_v4().to_string();
    let started = Instant::now();
    let response = request
        .header(CLIENT_REQUEST_ID, &id)
        .header("x-ms-return-client-request-id", "true")
        .timeout(time)
        .send()
        .await
        .map_err(|error| in_words(error, time))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response
        .bytes()
        .await
        .map_err(|error| in_words(error, time))?
        .to_vec();
    let header = |name: &str| headers.get(name).and_then(text);
    let correlation = Correlation {
        client_request_id: Some(id),
        request_id: header("x-ms-request-id"),
        correlation_id: header("x-ms-correlation-request-id"),
        routing_request_id: header("x-ms-routing-request-id"),
        error_correlation: None,
    };
    Ok(Answer {
        status,
        headers,
        body,
        correlation,
        took: started.elapsed(),
    })
}

fn text(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(str::to_owned)
}

fn in_words(error: reqwest::Error, time: Duration) -> NoAnswer {
    let error = error.without_url();
    if error.is_timeout() && !error.is_connect() {
        return NoAnswer(format!("no answer within {:.0} s", time.as_secs_f32()));
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !words.ends_with(&inner_words) {
            words.push_str(": ");
            words.push_str(&inner_words);
        }
        cause = inner.source();
    }
    NoAnswer(inert(&words, 300))
}
