//! Azure Resource Manager's front: who asks, how often, with which version and right.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::Value;
use url::form_urlencoded;
use uuid::Uuid;

use super::answer::Answer;
use super::defender::{arc_provisioning, discovery};
use super::gate::{self, Arrived};
use super::paths::{ArmPath, Target};
use super::sent::SentConnector;
use super::state::{Principal, Shared};
use super::throttle::Kind;
use super::{admission, connectors, listing, machines, operations, provider};

/// A request that got past the front.
pub(crate) struct Call {
    pub method: Method,
    pub path: ArmPath,
    /// The path alone, as it was sent.
    pub raw_path: String,
    pub query: HashMap<String, String>,
    pub api_version: String,
    pub principal: Principal,
    pub body: Bytes,
}

/// Every path that is not the double's own and not Entra's.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = ArmPath::parse(uri.path());
    let query: HashMap<String, String> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let path_and_query = uri.to_string();
    let api_version = version_in(&query);
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let sent = (api_version.as_ref(), json.as_ref());
    let arrived = Arrived {
        sent: SentConnector::arriving(&shared, &method, path.as_ref(), uri.path(), sent),
        subscription: path
            .as_ref()
            .map(|path| path.subscription.to_ascii_lowercase()),
        tenant: None,
        method: method.clone(),
        path: path_and_query.clone(),
        api_version,
        client_request_id: text_header(&headers, "x-ms-client-request-id"),
        body: json,
    };
    let fault = path.as_ref().and_then(|path| {
        let mut world = shared.world();
        let subscription = world.subscription(&path.subscription)?;
        subscription.faults.take(&method, &path_and_query)
    });
    let arc = path
        .as_ref()
        .and_then(|path| subscription_of_write(&method, path));
    let changed = path
        .as_ref()
        .and_then(|path| subscription_of_change(&method, path));
    let answer = async {
        let raw_path = uri.path().to_owned();
        let answer = match path {
            Some(path) => admit(&shared, &headers, (method, raw_path, path, query), body).await,
            None => no_such_path(&raw_path),
        };
        with_service_headers(answer, &headers)
    };
    let response = gate::pass(&shared, arrived, fault, answer).await;
    if let Some(subscription) = arc.filter(|_| response.status().is_success()) {
        look_for_arc(Arc::clone(&shared), subscription);
    }
    if let Some(subscription) = changed.filter(|_| response.status().is_success()) {
        discovery::follow(&shared, &subscription);
    }
    response
}

/// The subscription of a connector that is about to be written.
fn subscription_of_write(method: &Method, path: &ArmPath) -> Option<String> {
    let writes = matches!(*method, Method::PUT | Method::PATCH);
    let connector = matches!(path.target, Target::Connector { .. });
    (writes && connector).then(|| path.subscription.clone())
}

/// The subscription of connectors that may be others afterwards: also when an operation ends.
fn subscription_of_change(method: &Method, path: &ArmPath) -> Option<String> {
    let changes = match path.target {
        Target::Connector { .. } => *method != Method::GET,
        Target::OperationStatus { .. } | Target::OperationResult { .. } => true,
        _ => false,
    };
    changes.then(|| path.subscription.clone())
}

/// Defender goes on in the background; whoever wrote the connector does not wait for it.
fn look_for_arc(shared: Arc<Shared>, subscription: String) {
    if !shared.world().switches_of(&subscription).arc.on_write {
        return;
    }
    tokio::spawn(async move {
        let _nobody_asked = arc_provisioning::step(&shared, &subscription).await;
    });
}

async fn admit(
    shared: &Shared,
    headers: &HeaderMap,
    (method, raw_path, path, query): (Method, String, ArmPath, HashMap<String, String>),
    body: Bytes,
) -> Answer {
    let principal = match admission::authenticated(shared, headers) {
        Ok(principal) => principal,
        Err(refusal) => return refusal,
    };
    let Some(api_version) = version_in(&query) else {
        return Answer::arm(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        );
    };
    let call = Call {
        method,
        path,
        raw_path,
        query,
        api_version,
        principal,
        body,
    };
    let left = match admission::checked(shared, &call) {
        Ok(left) => left,
        Err(refusal) => return refusal,
    };
    let name = format!(
        "x-ms-ratelimit-remaining-subscription-{}",
        Kind::of(&call.method).name()
    );
    route(shared, &call)
        .await
        .with_header(&name, left.to_string())
}

async fn route(shared: &Shared, call: &Call) -> Answer {
    match (&call.method, &call.path.target) {
        (&Method::GET, Target::Provider(namespace)) => {
            provider::registration(shared, call, *namespace)
        }
        (&Method::GET, Target::Permissions { .. }) => provider::permissions(shared, call),
        (&Method::GET, Target::ClassicConnectors) => listing::classic(shared, call),
        (&Method::GET, Target::Connectors | Target::GroupConnectors { .. }) => {
            listing::connectors(shared, call)
        }
        (&Method::GET, Target::Machines | Target::GroupMachines { .. }) => {
            listing::machines(shared, call)
        }
        (_, Target::Machine { group, name }) => machines::handle(shared, call, group, name),
        (_, Target::Connector { group, name }) => {
            connectors::handle(shared, call, group, name).await
        }
        (&Method::GET, Target::OperationStatus { id }) => operations::status(shared, call, id),
        (&Method::GET, Target::OperationResult { id }) => operations::result(shared, call, id),
        (_, Target::Unknown) => no_such_path(&call.raw_path),
        _ => method_not_allowed(&call.method),
    }
}

pub(crate) fn method_not_allowed(method: &Method) -> Answer {
    let message = format!("The HTTP method '{method}' is not supported at this resource.");
    Answer::arm(405, "HttpMethodNotSupported", message)
}

fn no_such_path(path: &str) -> Answer {
    Answer::arm(
        404,
        "InvalidResourceType",
        format!("The double knows no resource at '{path}'."),
    )
}

fn version_in(query: &HashMap<String, String>) -> Option<String> {
    query
        .get("api-version")
        .filter(|version| !version.is_empty())
        .cloned()
}

pub(crate) fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn with_service_headers(answer: Answer, headers: &HeaderMap) -> Answer {
    let request_id = Uuid::new_v4().to_string();
    let correlation = text_header(headers, "x-ms-correlation-request-id")
        .unwrap_or_else(|| Uuid::new_v4().to_string());
    let answer = answer
        .with_header(
            "x-ms-routing-request-id",
            format!("LOCAL:{}", Uuid::new_v4()),
        )
        .with_header("x-ms-correlation-request-id", correlation)
        .with_header("x-ms-request-id", request_id);
    let wants_echo = text_header(headers, "x-ms-return-client-request-id")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match text_header(headers, "x-ms-client-request-id") {
        Some(id) if wants_echo => answer.with_header("x-ms-client-request-id", id),
        _ => answer,
    }
}

/// A JSON object in the body of a request, or ARM's complaint.
pub(crate) fn json_object(body: &Bytes) -> Result<Value, Answer> {
    serde_json::from_slice::<Value>(body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| {
            Answer::arm(
                400,
                "InvalidRequestContent",
                "The request content was invalid and could not be deserialized as a JSON object.",
            )
        })
}
