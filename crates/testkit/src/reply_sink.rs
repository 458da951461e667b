//! The bucket that custom resources answer to: takes presigned PUTs as S3 does, and can misbehave.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use uuid::Uuid;

use crate::http_server::{Broken, Server, bind};

/// More than any answer that is in order, so that one out of order is still seen whole.
const LONGEST_BODY: usize = 1 << 20;

/// How the bucket treats the next PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes it.
    Accept,
    /// Takes it, after a while.
    Slow(Duration),
    /// Answers with this status and takes nothing.
    Status(u16),
    /// Resets the connection before it reads the body.
    Reset,
    /// Takes the body, then resets the connection without an answer.
    ResetAfterTaking,
    /// Never answers.
    Hang,
}

/// A PUT as it arrived.
#[derive(Clone, Debug)]
pub struct ReceivedPut {
    /// Path and query, the query being what must not be touched.
    pub path_and_query: String,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty where the connection was reset before.
    pub body: Bytes,
    /// Status that was answered, if any was.
    pub status: Option<u16>,
    /// Whether the object is in the bucket now.
    pub stored: bool,
}

impl ReceivedPut {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A running bucket; it stops when it is dropped.
pub struct ReplySink {
    base_url: String,
    state: Arc<Mutex<Received>>,
    _server: Server,
}

#[derive(Default)]
struct Received {
    puts: Vec<ReceivedPut>,
    script: VecDeque<Behaviour>,
    afterwards: Option<Behaviour>,
}

type Shared = Arc<Mutex<Received>>;

impl ReplySink {
    /// Starts on a free port and accepts everything that is in order.
    pub async fn start() -> io::Result<Self> {
        let (listener, base_url) = bind(0).await?;
        let state = Shared::default();
        let router = Router::new().fallback(take).with_state(Arc::clone(&state));
        Ok(Self {
            base_url,
            state,
            _server: Server::serve(listener, router),
        })
    }

    /// Scheme, host and port.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A new presigned address, with a query that a careless client would mangle.
    pub fn response_url(&self) -> String {
        let key = Uuid::new_v4().simple();
        format!(
            "{}/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111111111111%3Astack/s/{key}%7CR%7C{key}\
             ?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=7200&X-Amz-SignedHeaders=host\
             &X-Amz-Credential=ASIAEXAMPLE%2F20261124%2Feu-west-1%2Fs3%2Faws4_request\
             &X-Amz-Signature={key}",
            self.base_url
        )
    }

    /// What happens to the next PUTs, one each; afterwards they are accepted again.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        locked(&self.state).script.extend(behaviours);
    }

    /// What happens to every PUT that the script says nothing of.
    pub fn always(&self, behaviour: Behaviour) {
        locked(&self.state).afterwards = Some(behaviour);
    }

    /// Every PUT, taken or not, in order of arrival.
    pub fn puts(&self) -> Vec<ReceivedPut> {
        locked(&self.state).puts.clone()
    }

    /// The PUTs that are in the bucket.
    pub fn stored(&self) -> Vec<ReceivedPut> {
        self.puts().into_iter().filter(|put| put.stored).collect()
    }
}

fn locked(state: &Shared) -> MutexGuard<'_, Received> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(State(state): State<Shared>, request: Request<Body>) -> Response {
    let (index, behaviour) = {
        let mut received = locked(&state);
        let behaviour = received
            .script
            .pop_front()
            .or(received.afterwards)
            .unwrap_or(Behaviour::Accept);
        received.puts.push(arrived(&request));
        (received.puts.len() - 1, behaviour)
    };
    if behaviour == Behaviour::Reset {
        return Broken::Reset.into_response();
    }
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let Ok(body) = to_bytes(request.into_body(), LONGEST_BODY).await else {
        return Broken::Closed.into_response();
    };
    locked(&state).puts[index].body = body;
    let status = match behaviour {
        Behaviour::Slow(delay) => {
            tokio::time::sleep(delay).await;
            verdict(&method, &headers)
        }
        Behaviour::Hang => return pending().await,
        Behaviour::Status(status) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT)
        }
        Behaviour::Accept | Behaviour::Reset | Behaviour::ResetAfterTaking => {
            verdict(&method, &headers)
        }
    };
    let stored = status == StatusCode::OK && !matches!(behaviour, Behaviour::Status(_));
    let mut received = locked(&state);
    received.puts[index].stored = stored;
    if behaviour == Behaviour::ResetAfterTaking {
        return Broken::Reset.into_response();
    }
    received.puts[index].status = Some(status.as_u16());
    answer(status)
}

fn arrived(request: &Request<Body>) -> ReceivedPut {
    let text = |(name, value): (&HeaderName, &axum::http::HeaderValue)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    };
    ReceivedPut {
        path_and_query: request.uri().to_string(),
        headers: request.headers().iter().map(text).collect(),
        body: Bytes::new(),
        status: None,
        stored: false,
    }
}

/// The signature covers an empty content type, and S3 wants to know the length beforehand.
fn verdict(method: &Method, headers: &HeaderMap) -> StatusCode {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    if *method != Method::PUT || !content_type.is_empty() {
        StatusCode::FORBIDDEN
    } else if headers.contains_key(header::CONTENT_LENGTH) {
        StatusCode::OK
    } else {
        StatusCode::LENGTH_REQUIRED
    }
}

fn answer(status: StatusCode) -> Response {
    let code = match status {
        StatusCode::OK => return ([(header::ETAG, "\"0\"")], ()).into_response(),
        StatusCode::FORBIDDEN => "SignatureDoesNotMatch",
        StatusCode::LENGTH_REQUIRED => "MissingContentLength",
        StatusCode::SERVICE_UNAVAILABLE => "SlowDown",
        _ => "InternalError",
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>The double \
         answers {status}.</Message></Error>"
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}
