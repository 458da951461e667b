//! One Arc machine: GET, PATCH and DELETE. Nothing here takes 202: the specification has none.

use axum::http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::arm::{Call, json_object, method_not_allowed};
use super::document::patched;
use super::paths::{Namespace, machine_path};
use super::provider::{check_machine_version, check_registered};
use super::schema;
use super::state::Shared;
use super::tags;
use super::traverse::carry_read_only;
use super::validation;

pub(crate) fn handle(shared: &Shared, call: &Call, group: &str, name: &str) -> Answer {
    if let Err(refusal) = check_machine_version(call) {
        return refusal;
    }
    match call.method {
        Method::GET => get(shared, call, group, name),
        Method::PATCH => update(shared, call, group, name).unwrap_or_else(|refusal| refusal),
        Method::DELETE => delete(shared, call, group, name),
        Method::PUT => Answer::arm(
            501,
            "NotPlayed",
            "In the double, Defender alone makes Arc machines.",
        ),
        _ => method_not_allowed(&call.method),
    }
}

fn get(shared: &Shared, call: &Call, group: &str, name: &str) -> Answer {
    let path = key(call, group, name);
    let mut world = shared.world();
    let stored = world
        .subscription(&call.path.subscription)
        .and_then(|subscription| subscription.resources.get(&path));
    match stored {
        Some(document) => stored_answer(document.clone()),
        None => not_found(group, name),
    }
}

/// What is sent replaces what was there, the whole map of tags included.
fn update(shared: &Shared, call: &Call, group: &str, name: &str) -> Result<Answer, Answer> {
    let sent = json_object(&call.body)?;
    validation::check(schema::machine_update(), &sent, None, &call.api_version, "")
        .map_err(validation::Problem::into_answer)?;
    tags::check(&sent["tags"]).map_err(validation::Problem::into_answer)?;
    let path = key(call, group, name);
    let mut world = shared.world();
    let subscription = world
        .subscription(&call.path.subscription)
        .ok_or_else(|| not_found(group, name))?;
    check_registered(&subscription.setup, Namespace::HybridCompute)?;
    let stored: Value = subscription
        .resources
        .get(&path)
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .ok_or_else(|| not_found(group, name))?;
    let mut document = patched(&stored, sent);
    carry_read_only(schema::machine_update(), &mut document, Some(&stored));
    let document = document.to_string().into_bytes();
    subscription.counters.machines_written += 1;
    subscription.resources.insert(path, document.clone());
    Ok(stored_answer(document))
}

fn delete(shared: &Shared, call: &Call, group: &str, name: &str) -> Answer {
    let path = key(call, group, name);
    let mut world = shared.world();
    let Some(subscription) = world.subscription(&call.path.subscription) else {
        return not_found(group, name);
    };
    if subscription.resources.remove(&path).is_none() {
        return Answer::empty(204);
    }
    subscription.counters.machines_deleted += 1;
    Answer::empty(200)
}

fn key(call: &Call, group: &str, name: &str) -> String {
    machine_path(&call.path.subscription, group, name).to_ascii_lowercase()
}

fn stored_answer(document: Vec<u8>) -> Answer {
    Answer::bytes(200, document).with_header("content-type", "application/json; charset=utf-8")
}

fn not_found(group: &str, name: &str) -> Answer {
    let message = format!(
        "The Resource 'Microsoft.HybridCompute/machines/{name}' under resource group '{group}' was \
         not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    Answer::arm(404, "ResourceNotFound", message)
}
