//! Sending an answer, until it is accepted or time is up.

use std::error::Error as _;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use tokio::time::{Instant, sleep, timeout};

use crate::response_url::ResponseUrl;

/// What one attempt may take. Long enough for a first TLS handshake on a small function.
const ATTEMPT: Duration = Duration::from_secs(3);
/// What an attempt is given even when time is up, since not to try is to leave a stack hanging.
const LAST_CHANCE: Duration = Duration::from_millis(400);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Takes answers to CloudFormation.
pub trait ReplySender: Send + Sync {
    /// Sends `body` to `url`, if need be again, until it is accepted or the time is `until`.
    fn send(
        &self,
        url: &ResponseUrl,
        body: Vec<u8>,
        until: Instant,
    ) -> impl Future<Output = Result<(), ReplyError>> + Send;
}

/// An answer that did not arrive. Never holds the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Trying again cannot help: the address is no longer good.
    #[error(
        "the answer was refused with HTTP status 403: the pre-signed address has expired, or the function's network may not reach CloudFormation's bucket (check a VPC endpoint's policy)"
    )]
    Forbidden,
    /// Trying again cannot help.
    #[error("the answer was refused with HTTP status {0}")]
    Refused(u16),
    /// Every attempt failed until time was up.
    #[error(
        "the answer was not accepted in {attempts} attempts until time was up; the last one: {last}"
    )]
    OutOfTime {
        /// How often it was sent.
        attempts: u32,
        /// How the last attempt failed.
        last: String,
    },
}

/// Sends answers by HTTP.
///
/// The client must not follow redirects: an answer goes to the address that was checked.
#[derive(Debug, Clone)]
pub struct HttpReplySender {
    client: reqwest::Client,
}

/// How one attempt failed.
enum Attempt {
    Final(ReplyError),
    Again(String),
}

impl HttpReplySender {
    /// A sender over this client.
    pub fn new(client: reqwest::Client) -> Self {
        Self { client }
    }

    async fn put(&self, url: &ResponseUrl, body: Vec<u8>) -> Result<(), Attempt> {
        let request = self
            .client
            .put(url.expose().clone())
            // The signature covers an empty type. reqwest adds the length in bytes.
            .header(CONTENT_TYPE, HeaderValue::from_static(""))
            .body(body);
        let response = request
            .send()
            .await
            .map_err(|error| Attempt::Again(causes(error)))?;
        // The body is not read: S3 repeats the signed request in it.
        match response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::FORBIDDEN => Err(Attempt::Final(ReplyError::Forbidden)),
            status if is_transient(status) => Err(Attempt::Again(format!("HTTP status {status}"))),
            status => Err(Attempt::Final(ReplyError::Refused(status.as_u16()))),
        }
    }
}

impl ReplySender for HttpReplySender {
    async fn send(
        &self,
        url: &ResponseUrl,
        body: Vec<u8>,
        until: Instant,
    ) -> Result<(), ReplyError> {
        persist(until, || self.put(url, body.clone())).await
    }
}

/// Attempts until one is accepted or cannot be, with full jitter between them.
async fn persist<F, A>(until: Instant, mut attempt: F) -> Result<(), ReplyError>
where
    F: FnMut() -> A,
    A: Future<Output = Result<(), Attempt>>,
{
    let mut attempts = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        attempts += 1;
        let last = match timeout(left.clamp(LAST_CHANCE, ATTEMPT), attempt()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Attempt::Final(error))) => return Err(error),
            Ok(Err(Attempt::Again(problem))) => problem,
            Err(_) => "no reply in time".to_owned(),
        };
        tracing::debug!(attempts, problem = %last, "the answer was not accepted yet");
        let pause = pause_after(attempts);
        if Instant::now() + pause >= until {
            return Err(ReplyError::OutOfTime { attempts, last });
        }
        sleep(pause).await;
    }
}

fn pause_after(attempts: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    doubled.min(LONGEST_PAUSE).mul_f64(fastrand::f64())
}

fn is_transient(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

/// An error and what caused it, without the address.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
