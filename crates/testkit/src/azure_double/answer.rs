//! Answers in the service's two error shapes, before headers are added.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// What goes back to the caller, and a note on the true reason for whoever reads the record.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub note: Option<String>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string().into_bytes())
            .with_header("content-type", "application/json; charset=utf-8")
    }

    /// Bytes as they are stored, or none at all.
    pub(crate) fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            note: None,
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::bytes(status, Vec::new())
    }

    /// ARM's own error.
    pub(crate) fn arm(status: u16, code: &str, message: impl AsRef<str>) -> Self {
        Self::json(
            status,
            &json!({ "error": { "code": code, "message": message.as_ref() } }),
        )
    }

    /// The resource provider's error, which has no `error` object.
    pub(crate) fn provider(reason: impl AsRef<str>) -> Self {
        let message = format!("error occured for security connector: {}", reason.as_ref());
        Self::json(
            400,
            &json!({
                "statusCode": 400,
                "errorMessage": message,
                "errorCorrelation": Uuid::new_v4(),
            }),
        )
    }

    pub(crate) fn too_many_requests(wait: Duration, subscription: &str) -> Self {
        let seconds = wait.as_secs();
        let message = format!(
            "The request is being throttled as the limit has been reached for operation type of \
             subscription '{subscription}'. Please try again after '{seconds}' seconds."
        );
        Self::arm(429, "SubscriptionRequestsThrottled", message)
            .with_header("retry-after", seconds.to_string())
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Headers that HTTP does not allow are left out.
    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
