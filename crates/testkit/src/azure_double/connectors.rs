//! One security connector: GET, PUT, PATCH and DELETE.

use axum::http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::arm::{Call, json_object, method_not_allowed};
use super::operations::{self, Effect};
use super::paths::{Namespace, connector_path};
use super::provider::{check_connector_version, check_registered};
use super::shown::shown;
use super::state::{Shared, Subscription};
use super::switches::SubPlanForm;
use super::{defaults, defender, document, rules, schema, sub_plan, validation};

/// A write that has passed every check but Defender's own.
struct Prepared {
    path: String,
    document: Value,
    created: bool,
    tenant_id: String,
}

pub(crate) async fn handle(shared: &Shared, call: &Call, group: &str, name: &str) -> Answer {
    match call.method {
        Method::GET => get(shared, call, group, name),
        Method::PUT | Method::PATCH => write(shared, call, group, name).await,
        Method::DELETE => delete(shared, call, group, name),
        _ => method_not_allowed(&call.method),
    }
}

fn get(shared: &Shared, call: &Call, group: &str, name: &str) -> Answer {
    let path = key(call, group, name);
    let mut world = shared.world();
    let switches = world.switches_of(&call.path.subscription);
    let Some(subscription) = world.subscription(&call.path.subscription) else {
        return not_found(group, name);
    };
    if let Err(refusal) = check_connector_version(&subscription.setup, call) {
        return refusal;
    }
    match subscription.resources.get(&path) {
        Some(document) => stored_answer(200, shown(document, &switches, &call.api_version)),
        None => not_found(group, name),
    }
}

async fn write(shared: &Shared, call: &Call, group: &str, name: &str) -> Answer {
    let prepared = match prepare(shared, call, group, name) {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal,
    };
    let (switches, aws) = {
        let world = shared.world();
        let switches = world.switches_of(&call.path.subscription);
        (switches, world.aws.clone())
    };
    let pause = switches.put_pause();
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    if switches.look_into_aws
        && let Err(finding) =
            defender::inspect(&shared.http, &aws, &prepared.tenant_id, &prepared.document).await
    {
        return Answer::provider(finding.public).with_note(finding.reason);
    }
    // Others may have written in the meantime.
    match prepare(shared, call, group, name) {
        Ok(prepared) => commit(shared, call, prepared),
        Err(refusal) => refusal,
    }
}

fn prepare(shared: &Shared, call: &Call, group: &str, name: &str) -> Result<Prepared, Answer> {
    let mut sent = json_object(&call.body)?;
    let path = key(call, group, name);
    let mut world = shared.world();
    let switches = world.switches_of(&call.path.subscription);
    if switches.sub_plan_form == SubPlanForm::String {
        sub_plan::as_objects(&mut sent);
    }
    let subscription = world
        .subscription(&call.path.subscription)
        .ok_or_else(|| not_found(group, name))?;
    check_connector_version(&subscription.setup, call)?;
    check_registered(&subscription.setup, Namespace::Security)?;
    let stored = subscription.resources.json(&path);
    rules::check_member(stored.as_ref(), &switches)?;
    let seeded = subscription.seeded.get(&path);
    let seeded: Option<Value> = seeded.and_then(|bytes| serde_json::from_slice(bytes).ok());
    check_fields(&sent, stored.as_ref(), seeded.as_ref(), &call.api_version)?;
    if let (true, Some(stored)) = (switches.fills_defaults, &stored) {
        defaults::forget(&mut sent, stored, &call.api_version);
    }
    let mut document = match (call.method == Method::PATCH, &stored) {
        (true, None) => return Err(not_found(group, name)),
        (true, Some(stored)) => document::patched(stored, sent),
        (false, _) => sent,
    };
    rules::check_location(&subscription.setup, &mut document, stored.as_ref(), name)?;
    rules::check_properties(&document, stored.as_ref())?;
    rules::check_duplicate(subscription, &switches, &path, &document)?;
    let group = subscription.group(group).unwrap_or(group).to_owned();
    let id = connector_path(&subscription.setup.subscription_id, &group, name);
    document::complete(
        &mut document,
        stored.as_ref(),
        &id,
        name,
        &call.principal.client,
    );
    if switches.sub_plan_form == SubPlanForm::String {
        sub_plan::as_strings(&mut document);
    }
    Ok(Prepared {
        path,
        document,
        created: stored.is_none(),
        tenant_id: subscription.setup.tenant_id.clone(),
    })
}

/// What the service once had of its own may come back, as when a former state is restored.
fn check_fields(
    sent: &Value,
    stored: Option<&Value>,
    seeded: Option<&Value>,
    api_version: &str,
) -> Result<(), Answer> {
    let check = |known| validation::check(schema::connector(), sent, known, api_version, "");
    match check(stored) {
        Err(problem) if seeded.is_none_or(|seeded| check(Some(seeded)).is_err()) => {
            Err(problem.into_answer())
        }
        _ => Ok(()),
    }
}

fn commit(shared: &Shared, call: &Call, prepared: Prepared) -> Answer {
    let document = prepared.document.to_string().into_bytes();
    let status = if prepared.created { 201 } else { 200 };
    let effect = Effect::Store {
        path: prepared.path,
        document: document.clone(),
    };
    carry_out(shared, call, effect).unwrap_or_else(|| {
        let switches = shared.world().switches_of(&call.path.subscription);
        stored_answer(status, shown(&document, &switches, &call.api_version))
    })
}

fn delete(shared: &Shared, call: &Call, group: &str, name: &str) -> Answer {
    let path = key(call, group, name);
    let stored = {
        let mut world = shared.world();
        let switches = world.switches_of(&call.path.subscription);
        let Some(subscription) = world.subscription(&call.path.subscription) else {
            return not_found(group, name);
        };
        if let Err(refusal) = check_connector_version(&subscription.setup, call) {
            return refusal;
        }
        let stored = subscription.resources.json(&path);
        if let Err(refusal) = rules::check_member(stored.as_ref(), &switches) {
            return refusal;
        }
        subscription.resources.contains(&path)
    };
    if !stored {
        return Answer::empty(204);
    }
    let status = shared
        .world()
        .switches_of(&call.path.subscription)
        .delete_answers;
    carry_out(shared, call, Effect::Remove { path }).unwrap_or_else(|| Answer::empty(status))
}

/// Applies the write now, or answers 202 where writes go on in the background.
fn carry_out(shared: &Shared, call: &Call, effect: Effect) -> Option<Answer> {
    let mut world = shared.world();
    let plan = world
        .switches_of(&call.path.subscription)
        .asynchronous_writes;
    let subscription: &mut Subscription = world.subscription(&call.path.subscription)?;
    let Some(plan) = plan else {
        effect.apply(subscription);
        return None;
    };
    Some(operations::begin(
        &shared.base_url,
        subscription,
        &call.api_version,
        plan,
        effect,
    ))
}

fn key(call: &Call, group: &str, name: &str) -> String {
    connector_path(&call.path.subscription, group, name).to_ascii_lowercase()
}

fn stored_answer(status: u16, document: Vec<u8>) -> Answer {
    Answer::bytes(status, document).with_header("content-type", "application/json; charset=utf-8")
}

fn not_found(group: &str, name: &str) -> Answer {
    let message = format!(
        "The Resource 'Microsoft.Security/securityConnectors/{name}' under resource group \
         '{group}' was not found. For more details please go to \
         https://aka.ms/ARMResourceNotFoundFix"
    );
    Answer::arm(404, "ResourceNotFound", message)
}
