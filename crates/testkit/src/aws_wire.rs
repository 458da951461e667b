//! AWS at the other end of the wire: the real SDK clients send to it, and it answers from a
//! function and remembers what it was asked. Sleeps go by tokio's clock, which tests pause.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::time::Instant;

/// The account that tests act in.
pub const ACCOUNT: &str = "111122223333";
/// The secret of the session that [`session`] answers with.
pub const SESSION_SECRET: &str = "the-session-secret~42";
/// An end of a session that no test lives to see.
pub const LATER: &str = "2099-01-01T00:00:00Z";

/// A request as it went out.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`, `POST`, ….
    pub method: String,
    /// The whole address.
    pub uri: String,
    /// The body, as text.
    pub body: String,
    /// Whose credentials signed it.
    pub access_key: String,
    /// All headers.
    pub headers: Vec<(String, String)>,
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let key = authorization
            .split("Credential=")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        Self {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
            access_key: key.unwrap_or_default().to_owned(),
            headers,
        }
    }

    /// The action of a call in one of the protocols that name it: query or JSON.
    pub fn action(&self) -> String {
        let target = self.header("x-amz-target");
        let in_target = target.and_then(|target| target.split('.').nth(1));
        in_target
            .map(str::to_owned)
            .or_else(|| self.field("Action"))
            .unwrap_or_default()
    }

    /// A field of a call in the query protocol.
    pub fn field(&self, name: &str) -> Option<String> {
        let pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.into_iter().find(|(key, _)| *key == name)?.1;
        let value = value.replace('+', " ");
        Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
    }

    /// The body of a call in a JSON protocol; `Null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(seen, _)| seen == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first part of the host name, and the Region in it where it has one.
    pub fn service(&self) -> (&str, Option<&str>) {
        let (_, rest) = self.uri.split_once("://").unwrap_or_default();
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let mut parts = host.split('.');
        let service = parts.next().unwrap_or_default();
        (service, parts.next().filter(|part| part.contains('-')))
    }
}

/// What the other side does.
#[derive(Debug)]
pub enum Answer {
    /// It answers with a status and a body.
    Body(u16, String),
    /// It cannot be reached.
    Unreachable,
    /// It says nothing.
    Never,
}

type Respond = dyn Fn(usize, &Asked) -> Answer + Send + Sync;

/// The other side. Answers from a function of the position of a request and the request.
#[derive(Clone)]
pub struct Wire {
    respond: Arc<Respond>,
    asked: Arc<Mutex<Vec<Asked>>>,
    latency: Duration,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// A wire that answers at once.
    pub fn new(respond: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            respond: Arc::new(respond),
            asked: Arc::default(),
            latency: Duration::ZERO,
        }
    }

    /// Has each answer take this long.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// One way: what gives up in between does not know whether its request took effect.
    async fn travel(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency / 2).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().clone()
    }

    /// The actions that were asked for, in order.
    pub fn actions(&self) -> Vec<String> {
        self.lock().iter().map(Asked::action).collect()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// A configuration as functions have it, over this wire.
    pub fn sdk(&self) -> SdkConfig {
        let own = Credentials::new("OWNKEY", "own-secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(own))
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .sleep_impl(SharedAsyncSleep::new(PausedSleep))
            .http_client(self.clone())
            .build()
    }
}

/// Sleeps by tokio's clock, which the tests pause.
#[derive(Debug)]
struct PausedSleep;

impl AsyncSleep for PausedSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

fn answered_with(answer: Answer) -> Result<Option<HttpResponse>, ConnectorError> {
    let io = |cause: &'static str| ConnectorError::io(std::io::Error::other(cause).into());
    match answer {
        Answer::Body(status, body) => {
            let status = status.try_into().map_err(|_| io("no such status"))?;
            let mut answer = HttpResponse::new(status, SdkBody::from(body));
            answer.headers_mut().insert("x-amzn-requestid", "request-1");
            Ok(Some(answer))
        }
        Answer::Unreachable => Err(io("connection refused\u{1b}[2J")),
        Answer::Never => Ok(None),
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = Asked::of(&request);
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            wire.travel().await;
            let position = {
                let mut all = wire.lock();
                all.push(asked.clone());
                all.len() - 1
            };
            let answer = (wire.respond)(position, &asked);
            wire.travel().await;
            match answered_with(answer)? {
                Some(response) => Ok(response),
                None => std::future::pending().await,
            }
        })
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// A refusal in the query protocol (IAM, STS).
pub fn refused(status: u16, code: &str, message: &str) -> Answer {
    Answer::Body(
        status,
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}\
             </Message></Error><RequestId>request-1</RequestId></ErrorResponse>"
        ),
    )
}

/// A refusal in a JSON protocol (Systems Manager, Step Functions).
pub fn refused_in_json(status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({"__type": code, "message": message});
    Answer::Body(status, body.to_string())
}

/// A refusal of EC2.
pub fn refused_by_ec2(status: u16, code: &str, message: &str) -> Answer {
    Answer::Body(
        status,
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>\
             </Errors><RequestID>request-1</RequestID></Response>"
        ),
    )
}

/// An answer in the query protocol.
pub fn answered(action: &str, result: &str) -> Answer {
    Answer::Body(
        200,
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
    )
}

/// The answer of `sts:AssumeRole`.
pub fn session(key: &str, expires: &str) -> Answer {
    answered(
        "AssumeRole",
        &format!(
            "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{SESSION_SECRET}\
             </SecretAccessKey><SessionToken>the-session-token</SessionToken><Expiration>{expires}\
             </Expiration></Credentials>"
        ),
    )
}

/// A deadline that leaves time enough.
pub fn in_five_minutes() -> Instant {
    Instant::now() + Duration::from_mins(5)
}
