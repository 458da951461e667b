//! What Azure refused, or why it could not be asked.

use std::fmt;
use std::time::Duration;

use onboarding::{FailureKind, PortError};

use onboarding::inert::inert;

/// Longest text of a service that is repeated: a stack event holds 4096 bytes in all.
const LONGEST_MESSAGE: usize = 700;
const LONGEST_ID: usize = 128;

/// What the caller can do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Too many requests.
    Throttled {
        /// How long the service asked to be left alone, counted from its last answer.
        retry_after: Option<Duration>,
    },
    /// It may work later: no connection, no answer, a 5xx.
    Transient,
    /// A right is missing, or a policy forbids it.
    Denied,
    /// The thing addressed is not there.
    NotFound,
    /// Something else holds the name, or another operation is under way.
    Conflict,
    /// The resource changed since it was read.
    PreconditionFailed,
    /// The request or a setting is wrong and will stay wrong.
    Invalid,
    /// The sign-in was refused.
    Unauthenticated,
}

/// The ids under which Microsoft's support finds a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correlation {
    /// `x-ms-client-request-id`, which we chose.
    pub client_request_id: Option<String>,
    /// `x-ms-request-id`.
    pub request_id: Option<String>,
    /// `x-ms-correlation-request-id`, or Entra's `correlation_id`.
    pub correlation_id: Option<String>,
    /// `x-ms-routing-request-id`.
    pub routing_request_id: Option<String>,
    /// `errorCorrelation` in the body of Defender's own errors.
    pub error_correlation: Option<String>,
}

impl Correlation {
    fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("correlation id", &self.correlation_id),
            ("error correlation", &self.error_correlation),
            ("request id", &self.request_id),
            ("routing id", &self.routing_request_id),
            ("client request id", &self.client_request_id),
        ]
        .into_iter()
        .filter_map(|(name, id)| Some((name, id.as_deref()?)))
    }
}

/// A failure of a call to Azure. Its `Display` is one sentence or two, fit for a stack event; it
/// holds no token, no secret and no request body.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone, PartialEq)]
struct Details {
    kind: Kind,
    /// What was tried, as in "could not …".
    operation: String,
    service: &'static str,
    method: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    message: String,
    providers_own_shape: bool,
    correlation: Correlation,
    advice: Option<String>,
    effort: Option<Effort>,
}

/// How long it was tried.
#[derive(Debug, Clone, PartialEq)]
struct Effort {
    tries: u32,
    elapsed: Duration,
    /// What came after the answer that is reported.
    afterwards: Option<String>,
}

impl Error {
    pub(crate) fn new(
        kind: Kind,
        service: &'static str,
        operation: impl Into<String>,
        message: &str,
    ) -> Self {
        Self(Box::new(Details {
            kind,
            operation: operation.into(),
            service,
            method: None,
            path: None,
            status: None,
            code: None,
            message: inert(message, LONGEST_MESSAGE)
                .trim_end_matches('.')
                .to_owned(),
            providers_own_shape: false,
            correlation: Correlation::default(),
            advice: None,
            effort: None,
        }))
    }

    /// A failure of what a sign-in needs from AWS.
    pub(crate) fn from_port(operation: &str, service: &'static str, error: &PortError) -> Self {
        let kind = match error.kind {
            FailureKind::Throttled { retry_after } => Kind::Throttled { retry_after },
            FailureKind::Transient => Kind::Transient,
            FailureKind::Denied => Kind::Denied,
            FailureKind::NotFound => Kind::NotFound,
            FailureKind::Conflict => Kind::Conflict,
            FailureKind::Invalid => Kind::Invalid,
        };
        Self::new(kind, service, operation, &error.reason)
    }

    pub(crate) fn request(mut self, method: &str, path: &str) -> Self {
        self.0.method = Some(method.to_owned());
        self.0.path = Some(inert(path, 512));
        self
    }

    pub(crate) fn answered(mut self, status: u16, code: Option<&str>) -> Self {
        self.0.status = Some(status);
        self.0.code = code.map(|code| inert(code, LONGEST_ID));
        self
    }

    pub(crate) fn correlated(mut self, correlation: Correlation) -> Self {
        let clean = |id: Option<String>| id.map(|id| inert(&id, LONGEST_ID));
        self.0.correlation = Correlation {
            client_request_id: clean(correlation.client_request_id),
            request_id: clean(correlation.request_id),
            correlation_id: clean(correlation.correlation_id),
            routing_request_id: clean(correlation.routing_request_id),
            error_correlation: clean(correlation.error_correlation),
        };
        self
    }

    pub(crate) fn advised(mut self, advice: Option<String>) -> Self {
        self.0.advice = advice.or(self.0.advice);
        self
    }

    pub(crate) fn in_providers_own_shape(mut self, yes: bool) -> Self {
        self.0.providers_own_shape = yes;
        self
    }

    /// Joins how long it was tried, and what came after the answer that is reported.
    pub(crate) fn after(mut self, tries: u32, elapsed: Duration, then: Option<&Self>) -> Self {
        let afterwards = then.map(|later| later.0.message.clone());
        self.0.effort = Some(Effort {
            tries,
            elapsed,
            afterwards,
        });
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What was tried, as in "could not …".
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The HTTP method, where a request was made.
    pub fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }

    /// The path of the resource, without query, where a request was made.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's text, cut and made inert.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to change, where it is known.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// The ids of the request.
    pub fn correlation(&self) -> &Correlation {
        &self.0.correlation
    }

    /// Whether Defender itself refused the content of a request, past Resource Manager's checks.
    pub fn refused_content(&self) -> bool {
        self.0.status == Some(400) && self.0.providers_own_shape
    }

    pub(crate) fn is_code(&self, codes: &[&str]) -> bool {
        self.code()
            .is_some_and(|code| codes.iter().any(|one| one.eq_ignore_ascii_case(code)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &*self.0;
        write!(f, "could not {}: ", it.operation)?;
        match (it.status, it.code.as_deref()) {
            (Some(status), Some(code)) => write!(f, "{} answered {status} {code}", it.service)?,
            (Some(status), None) => write!(f, "{} answered {status}", it.service)?,
            (None, _) => f.write_str(it.service)?,
        }
        if !it.message.is_empty() {
            write!(f, ": {}", it.message)?;
        }
        if let Some(advice) = &it.advice {
            write!(f, ". {advice}")?;
        }
        let mut facts: Vec<String> = Vec::new();
        if let Some(Effort {
            tries,
            elapsed,
            afterwards,
        }) = &it.effort
        {
            let seconds = elapsed.as_secs_f32();
            let plural = if *tries == 1 { "try" } else { "tries" };
            let then = afterwards.as_ref().map(|then| format!(", at last: {then}"));
            facts.push(format!(
                "gave up after {tries} {plural} in {seconds:.0} s{}",
                then.unwrap_or_default()
            ));
        }
        if let (Some(method), Some(path)) = (&it.method, &it.path) {
            facts.push(format!("{method} {path}"));
        }
        facts.extend(
            it.correlation
                .named()
                .map(|(name, id)| format!("{name} {id}")),
        );
        if facts.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", facts.join("; "))
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            Kind::Throttled { retry_after } => FailureKind::Throttled { retry_after },
            Kind::Transient => FailureKind::Transient,
            Kind::Denied | Kind::Unauthenticated => FailureKind::Denied,
            Kind::NotFound => FailureKind::NotFound,
            Kind::Conflict | Kind::PreconditionFailed => FailureKind::Conflict,
            Kind::Invalid => FailureKind::Invalid,
        };
        let mut port = Self::new(kind, error.to_string());
        port.refused_content = error.refused_content();
        port.with_source(error)
    }
}
