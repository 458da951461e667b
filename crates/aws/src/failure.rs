//! What AWS refused, or why it could not be asked, as a sentence for a stack event.

use std::fmt;
use std::time::Duration;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use onboarding::{FailureKind, PortError};

mod text;

use text::causes;
pub(crate) use text::inert;

/// Longest text of a service that is repeated. An explicit denial is named at the very end of a
/// message of some 400 characters.
const LONGEST_MESSAGE: usize = 700;
const LONGEST_ID: usize = 128;
const UNREADABLE: &str = "the answer could not be read";

/// Codes of "too many requests", over all services.
const THROTTLED: [&str; 10] = [
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
/// Codes of a Region that an account has not enabled. The last two also say that a session is no
/// longer good.
const DISABLED_REGION: [&str; 4] = [
    "AuthFailure",
    "OptInRequired",
    "InvalidClientTokenId",
    "UnrecognizedClient",
];
/// Codes of what passes by itself. A session that ended is replaced by the next request.
const PASSING: [&str; 7] = [
    "EntityTemporarilyUnmodifiable",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalFailure",
    "OperationInProgressException",
    "RequestTimeout",
    "StaleRequestException",
];

/// A failed call. Holds nothing of the request, and of an answer only its error: the answers of
/// some of the calls are credentials.
#[derive(Debug)]
pub struct Failure(Box<Details>);

#[derive(Debug)]
struct Details {
    action: &'static str,
    place: String,
    kind: FailureKind,
    status: Option<u16>,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    advice: Option<String>,
    effort: Option<(u32, Duration)>,
}

impl Failure {
    pub(crate) fn of_sdk<E>(
        action: &'static str,
        place: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata,
    {
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let code = error.code();
        let (kind, message) = match error {
            // An answer of success that is none: the service sent something else.
            SdkError::ServiceError(_) if status.is_some_and(|status| status < 400) => {
                (FailureKind::Transient, UNREADABLE.to_owned())
            }
            SdkError::ServiceError(_) => (
                kind_of(status, code),
                error.message().unwrap_or_default().to_owned(),
            ),
            SdkError::TimeoutError(_) => (FailureKind::Transient, "no answer in time".to_owned()),
            SdkError::DispatchFailure(failure) => {
                let causes = failure
                    .as_connector_error()
                    .map(|error| causes(error))
                    .unwrap_or_default();
                (
                    FailureKind::Transient,
                    format!("could not be sent: {causes}"),
                )
            }
            SdkError::ResponseError(_) => (FailureKind::Transient, UNREADABLE.to_owned()),
            _ => (
                FailureKind::Invalid,
                "the request could not be built".to_owned(),
            ),
        };
        let mut failure = Self::new(action, place, kind, &message);
        failure.0.status = status;
        failure.0.code = code.map(|code| inert(code, LONGEST_ID));
        failure.0.request_id = error.request_id().map(|id| inert(id, LONGEST_ID));
        failure
    }

    pub(crate) fn new(action: &'static str, place: &str, kind: FailureKind, message: &str) -> Self {
        Self(Box::new(Details {
            action,
            place: place.to_owned(),
            kind,
            status: None,
            code: None,
            message: inert(message, LONGEST_MESSAGE)
                .trim_end_matches('.')
                .to_owned(),
            request_id: None,
            advice: None,
            effort: None,
        }))
    }

    /// Adds what to do about it, unless that is said already.
    #[must_use]
    pub fn advised(mut self, advice: impl Into<String>) -> Self {
        self.0.advice.get_or_insert_with(|| advice.into());
        self
    }

    /// Adds how long it was tried.
    pub(crate) fn after(mut self, tries: u32, elapsed: Duration) -> Self {
        self.0.effort = (tries > 1).then_some((tries, elapsed));
        self
    }

    /// Adds what to do where a right is missing.
    #[must_use]
    pub fn denied_advice(self, advice: impl FnOnce(&str) -> String) -> Self {
        if self.0.kind != FailureKind::Denied {
            return self;
        }
        let advice = advice(self.0.action);
        self.advised(advice)
    }

    /// What can be done about it.
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// Says that a person has to permit it, whatever its status was.
    pub(crate) fn denied(mut self) -> Self {
        self.0.kind = FailureKind::Denied;
        self
    }

    /// Whether the service answered at all.
    pub fn was_answered(&self) -> bool {
        self.0.status.is_some()
    }

    /// The service's code of the error.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's words, or ours where it had none.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the error has this code.
    pub fn is(&self, code: &str) -> bool {
        // The query protocol and the JSON protocols name the same error with and without ending.
        self.code()
            .is_some_and(|seen| seen.trim_end_matches("Exception") == code)
    }

    /// Whether a policy denies it outright, so that waiting is no use.
    pub fn is_explicit_denial(&self) -> bool {
        self.0.message.contains("explicit deny")
    }

    /// Whether it may be that the account does not have the Region enabled.
    pub fn is_of_disabled_region(&self) -> bool {
        DISABLED_REGION.iter().any(|code| self.is(code))
    }

    /// Whether the session itself was refused, and not just what was asked with it.
    pub fn refuses_session(&self) -> bool {
        [
            "ExpiredToken",
            "InvalidClientTokenId",
            "UnrecognizedClient",
            "AccessDenied",
        ]
        .iter()
        .any(|code| self.is(code))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.0.action, self.0.place)?;
        match (self.0.status, self.0.code.as_deref()) {
            (Some(status), Some(code)) => write!(f, "{status} {code}: ")?,
            (Some(status), None) => write!(f, "{status}: ")?,
            (None, _) => {}
        }
        let message = if self.0.message.is_empty() {
            "the service gave no reason"
        } else {
            &self.0.message
        };
        f.write_str(message)?;
        if let Some(advice) = &self.0.advice {
            write!(f, ". {advice}")?;
        }
        let effort = self.0.effort.map(|(tries, elapsed)| {
            format!("gave up after {tries} tries in {} s", elapsed.as_secs())
        });
        let request = self
            .0
            .request_id
            .as_ref()
            .map(|id| format!("request id {id}"));
        let facts: Vec<String> = effort.into_iter().chain(request).collect();
        if facts.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", facts.join("; "))
        }
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind(), failure.to_string())
    }
}

fn kind_of(status: Option<u16>, code: Option<&str>) -> FailureKind {
    let code = code.unwrap_or_default();
    match code {
        _ if THROTTLED.contains(&code) => return FailureKind::Throttled { retry_after: None },
        _ if PASSING.contains(&code) => return FailureKind::Transient,
        _ if ["NoSuch", "ResourceNotFound", "ParameterNotFound"]
            .iter()
            .any(|start| code.starts_with(start)) =>
        {
            return FailureKind::NotFound;
        }
        _ if code.starts_with("AccessDenied") || code.starts_with("Unauthorized") => {
            return FailureKind::Denied;
        }
        _ if code.starts_with("ConcurrentModification") => return FailureKind::Conflict,
        // A quota; IAM answers it with the status of a conflict.
        _ if code.starts_with("LimitExceeded") => return FailureKind::Invalid,
        _ => {}
    }
    match status {
        Some(429) => FailureKind::Throttled { retry_after: None },
        Some(401 | 403) => FailureKind::Denied,
        Some(404) => FailureKind::NotFound,
        Some(409) => FailureKind::Conflict,
        Some(500..) => FailureKind::Transient,
        _ => FailureKind::Invalid,
    }
}

#[cfg(test)]
mod tests;
