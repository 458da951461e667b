//! The double's own API, under `/_double`: set up, break, look inside.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::defender::{arc_provisioning, discovery};
use super::faults::Fault;
use super::paths::ArmPath;
use super::setup::{SubscriptionSetup, TenantSetup};
use super::state::Shared;

type World = State<Arc<Shared>>;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/_double/health",
            get(|| async { Json(json!({ "ready": true })) }),
        )
        .route("/_double/tenants", post(set_tenant))
        .route(
            "/_double/tenants/{id}/faults",
            post(fault_tenant).delete(clear_tenant),
        )
        .route("/_double/subscriptions", post(set_subscription))
        .route(
            "/_double/subscriptions/{id}/faults",
            post(fault_subscription).delete(clear_subscription),
        )
        .route(
            "/_double/raw/{*path}",
            get(raw).put(set_raw).delete(remove_raw),
        )
        .route("/_double/requests", get(requests).delete(forget_requests))
        .route("/_double/counters", get(counters))
        .route("/_double/defender/arc", post(provision_arc))
        .route("/_double/defender/discovery", post(discover))
        .route("/_double/switches", put(set_switches).get(switches))
}

/// Narrows down what is read or set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    subscription: Option<String>,
    tenant: Option<String>,
}

async fn set_tenant(State(shared): World, body: Bytes) -> Response {
    match parsed::<TenantSetup>(&body) {
        Ok(setup) => {
            shared.world().set_tenant(setup);
            done()
        }
        Err(problem) => refused(&problem),
    }
}

async fn set_subscription(State(shared): World, body: Bytes) -> Response {
    match parsed::<SubscriptionSetup>(&body) {
        Ok(setup) => {
            shared.world().set_subscription(setup);
            done()
        }
        Err(problem) => refused(&problem),
    }
}

async fn fault_tenant(State(shared): World, Path(id): Path<String>, body: Bytes) -> Response {
    let faults = match parsed::<Vec<Fault>>(&body) {
        Ok(faults) => faults,
        Err(problem) => return refused(&problem),
    };
    match shared.world().tenant(&id) {
        Some(tenant) => {
            tenant.faults.add(faults);
            done()
        }
        None => missing(),
    }
}

async fn clear_tenant(State(shared): World, Path(id): Path<String>) -> Response {
    match shared.world().tenant(&id) {
        Some(tenant) => {
            tenant.faults.clear();
            done()
        }
        None => missing(),
    }
}

async fn fault_subscription(State(shared): World, Path(id): Path<String>, body: Bytes) -> Response {
    let faults = match parsed::<Vec<Fault>>(&body) {
        Ok(faults) => faults,
        Err(problem) => return refused(&problem),
    };
    match shared.world().subscription(&id) {
        Some(subscription) => {
            subscription.faults.add(faults);
            done()
        }
        None => missing(),
    }
}

async fn clear_subscription(State(shared): World, Path(id): Path<String>) -> Response {
    match shared.world().subscription(&id) {
        Some(subscription) => {
            subscription.faults.clear();
            done()
        }
        None => missing(),
    }
}

async fn raw(State(shared): World, Path(path): Path<String>) -> Response {
    match read_raw(&shared, &path) {
        Some(document) => ([(header::CONTENT_TYPE, "application/json")], document).into_response(),
        None => missing(),
    }
}

async fn set_raw(State(shared): World, Path(path): Path<String>, body: Bytes) -> Response {
    if write_raw(&shared, &path, body.to_vec()) {
        done()
    } else {
        missing()
    }
}

async fn remove_raw(State(shared): World, Path(path): Path<String>) -> Response {
    let Some((subscription, key)) = raw_key(&path) else {
        return missing();
    };
    let mut world = shared.world();
    let removed = world
        .subscription(&subscription)
        .and_then(|subscription| subscription.resources.remove(&key));
    if removed.is_some() { done() } else { missing() }
}

async fn requests(State(shared): World, Query(of): Query<Of>) -> Response {
    let wanted = |asked: &Option<String>, has: &Option<String>| {
        asked.as_ref().is_none_or(|asked| {
            has.as_ref()
                .is_some_and(|has| has.eq_ignore_ascii_case(asked))
        })
    };
    let world = shared.world();
    let found: Vec<_> = world
        .requests
        .all()
        .iter()
        .filter(|one| {
            wanted(&of.subscription, &one.subscription) && wanted(&of.tenant, &one.tenant)
        })
        .collect();
    Json(found).into_response()
}

async fn forget_requests(State(shared): World) -> Response {
    shared.world().requests.forget();
    done()
}

async fn counters(State(shared): World, Query(of): Query<Of>) -> Response {
    let id = of.subscription.unwrap_or_default();
    match shared.world().subscription(&id) {
        Some(subscription) => Json(subscription.counters).into_response(),
        None => missing(),
    }
}

async fn switches(State(shared): World, Query(of): Query<Of>) -> Response {
    let id = of.subscription.unwrap_or_default();
    Json(shared.world().switches_of(&id)).into_response()
}

async fn set_switches(State(shared): World, Query(of): Query<Of>, body: Bytes) -> Response {
    let change = match parsed::<Value>(&body) {
        Ok(change) => change,
        Err(problem) => return refused(&problem),
    };
    match change_switches(&shared, of.subscription.as_deref(), change) {
        Ok(()) => done(),
        Err(reason) => refused(&reason),
    }
}

/// Has Defender look at the connectors of a subscription, and says what came of it.
async fn provision_arc(State(shared): World, Query(of): Query<Of>) -> Response {
    let id = of.subscription.unwrap_or_default();
    match arc_provisioning::step(&shared, &id).await {
        Some(step) => Json(step).into_response(),
        None => missing(),
    }
}

/// Has Defender look at the organizations of a subscription, and says what came of it.
async fn discover(State(shared): World, Query(of): Query<Of>) -> Response {
    let id = of.subscription.unwrap_or_default();
    match discovery::look(&shared, &id).await {
        Some(step) => Json(step).into_response(),
        None => missing(),
    }
}

/// Changes the switches of one subscription, or those of all that have none of their own.
pub(crate) fn change_switches(
    shared: &Shared,
    subscription: Option<&str>,
    change: Value,
) -> Result<(), String> {
    let mut world = shared.world();
    let current = subscription.map_or_else(
        || world.switches.clone(),
        |subscription| world.switches_of(subscription),
    );
    let changed = current.changed_by(change)?;
    match subscription {
        None => world.switches = changed,
        Some(id) => {
            let entry = world
                .subscription(id)
                .ok_or("there is no such subscription")?;
            entry.switches = Some(changed);
        }
    }
    Ok(())
}

pub(crate) fn read_raw(shared: &Shared, path: &str) -> Option<Vec<u8>> {
    let (subscription, key) = raw_key(path)?;
    shared
        .world()
        .subscription(&subscription)?
        .resources
        .get(&key)
        .cloned()
}

/// Past all checks, byte for byte. `false` where the subscription does not exist.
pub(crate) fn write_raw(shared: &Shared, path: &str, document: Vec<u8>) -> bool {
    let Some((subscription, key)) = raw_key(path) else {
        return false;
    };
    match shared.world().subscription(&subscription) {
        Some(subscription) => {
            subscription.seeded.insert(key.clone(), document.clone());
            subscription.resources.insert(key, document);
            true
        }
        None => false,
    }
}

fn raw_key(path: &str) -> Option<(String, String)> {
    let key = format!("/{}", path.trim_matches('/')).to_ascii_lowercase();
    ArmPath::parse(&key).map(|parsed| (parsed.subscription, key))
}

fn parsed<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn missing() -> Response {
    (
        StatusCode::NOT_FOUND,
        Json(json!({ "problem": "there is none" })),
    )
        .into_response()
}

fn refused(problem: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "problem": problem }))).into_response()
}
