//! What the tests share: the real clients over a wire that answers from a function and remembers
//! what it was asked.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::config::{AsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const SESSION_SECRET: &str = "the-session-secret~42";

/// A request as it went out.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) body: String,
    pub(crate) access_key: String,
    pub(crate) headers: Vec<(String, String)>,
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

    /// The action of a call in the query protocol.
    pub(crate) fn action(&self) -> String {
        self.field("Action").unwrap_or_default()
    }

    /// A field of a call in the query protocol.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.into_iter().find(|(key, _)| *key == name)?.1;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(seen, _)| seen == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What the other side does.
pub(crate) enum Answer {
    Body(u16, String),
    Unreachable,
    Never,
}

type Respond = dyn Fn(usize, &Asked) -> Answer + Send + Sync;

/// The other side. Answers from a function of the position of a request and the request.
#[derive(Clone)]
pub(crate) struct Wire {
    respond: Arc<Respond>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    pub(crate) fn new(respond: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            respond: Arc::new(respond),
            asked: Arc::default(),
        }
    }

    /// Everything that was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The actions that were asked for, in order.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.asked().iter().map(Asked::action).collect()
    }

    /// A configuration as functions have it, over this wire.
    pub(crate) fn sdk(&self) -> SdkConfig {
        let own = Credentials::new("OWNKEY", "own-secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(own))
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .sleep_impl(aws_sdk_iam::config::SharedAsyncSleep::new(PausedSleep))
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

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = Asked::of(&request);
        let position = {
            let mut all = self.asked.lock().unwrap();
            all.push(asked.clone());
            all.len() - 1
        };
        match (self.respond)(position, &asked) {
            Answer::Body(status, body) => {
                let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                answer.headers_mut().insert("x-amzn-requestid", "request-1");
                HttpConnectorFuture::ready(Ok(answer))
            }
            Answer::Unreachable => {
                let cause = std::io::Error::other("connection refused\u{1b}[2J");
                HttpConnectorFuture::ready(Err(ConnectorError::io(cause.into())))
            }
            Answer::Never => HttpConnectorFuture::new(std::future::pending()),
        }
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
pub(crate) fn refused(status: u16, code: &str, message: &str) -> Answer {
    Answer::Body(
        status,
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}\
             </Message></Error><RequestId>request-1</RequestId></ErrorResponse>"
        ),
    )
}

/// An answer in the query protocol.
pub(crate) fn answered(action: &str, result: &str) -> Answer {
    Answer::Body(
        200,
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
    )
}

/// The answer of `sts:AssumeRole`.
pub(crate) fn session(key: &str, expires: &str) -> Answer {
    answered(
        "AssumeRole",
        &format!(
            "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{SESSION_SECRET}\
             </SecretAccessKey><SessionToken>the-session-token</SessionToken><Expiration>{expires}\
             </Expiration></Credentials>"
        ),
    )
}

pub(crate) const LATER: &str = "2099-01-01T00:00:00Z";

pub(crate) fn in_five_minutes() -> Instant {
    Instant::now() + Duration::from_mins(5)
}
