//! Events of the organization, in batches from their queue.
//!
//! An event says which account to look at and nothing more: what is done with it follows from what
//! is seen then. So what makes no sense is dropped, and a batch is one run, however many events are
//! in it.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::organization::{DeploymentScope, Intent, OrganizationSettings, WantedState};
use onboarding::{AccountId, FailureKind};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::cloud::Cloud;
use crate::error::OrganizationError;
use crate::hand_over::input;

mod event;
mod organizations;
mod stack_sets;

use event::{Event, Own};

/// How many accounts one run is told of: more would not fit into its input.
const ONE_RUN: usize = 10_000;

/// Which account each message is about, by the message's id.
type Messages = BTreeMap<String, AccountId>;

/// Has a run look at the accounts of a batch. What is returned tells Lambda which messages to
/// deliver again.
pub async fn take<C>(cloud: &Cloud<C>, batch: &Value, deadline: Instant) -> Value {
    let own = Own::of(cloud.settings());
    let mut told = BTreeMap::new();
    for record in batch["Records"].as_array().into_iter().flatten() {
        let Some(id) = record["messageId"].as_str() else {
            warn!("a message without an id is dropped");
            continue;
        };
        match Event::read(record, &own) {
            Ok(event) => drop(told.insert(id.to_owned(), event)),
            Err(why) => info!(message.id = %id, "an event is dropped: {why}"),
        }
    }
    let waiting: Vec<String> = told.keys().cloned().collect();
    let failed = match start(cloud, told, deadline).await {
        Ok(()) => Vec::new(),
        Err(error) => {
            error!(failure = error.name(), "the events come again: {error}");
            waiting
        }
    };
    let failures: Vec<Value> = failed
        .into_iter()
        .map(|id| json!({"itemIdentifier": id}))
        .collect();
    json!({"batchItemFailures": failures})
}

async fn start<C>(
    cloud: &Cloud<C>,
    told: BTreeMap<String, Event>,
    deadline: Instant,
) -> Result<(), OrganizationError> {
    if told.is_empty() {
        return Ok(());
    }
    let Some(settings) = wanted(cloud, deadline).await? else {
        return Ok(());
    };
    let messages = of_our_stack_sets(told, &settings);
    let accounts: BTreeSet<&AccountId> = messages.values().collect();
    let accounts: Vec<&AccountId> = accounts.into_iter().collect();
    let machine = cloud
        .machine()
        .map_err(|error| OrganizationError::NotStarted(format!("STATE_MACHINE_ARN: {error}")))?;
    for (part, accounts) in accounts.chunks(ONE_RUN).enumerate() {
        let mut input = input(Intent::Onboard);
        input.insert("AccountIds".to_owned(), json!(accounts));
        let name = name(&messages, part);
        let input = Value::Object(input);
        let started = cloud.machines().start(machine, &name, &input, deadline);
        started.await?;
        info!(
            events = messages.len(),
            accounts = accounts.len(),
            "{} events lead to the run {name} over {} accounts",
            messages.len(),
            accounts.len()
        );
    }
    Ok(())
}

/// What is wanted of the organization; `None` where an event is to lead to nothing.
async fn wanted<C>(
    cloud: &Cloud<C>,
    deadline: Instant,
) -> Result<Option<OrganizationSettings>, OrganizationError> {
    let stored = match cloud.wanted_state(deadline).await {
        Ok(stored) => stored,
        Err(error) if error.kind == FailureKind::NotFound => {
            info!("events are dropped: there is no wanted state");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let state = WantedState::read(&stored)?;
    if state.scope() == DeploymentScope::Account {
        info!("events are dropped: the stack is for its own account alone");
        return Ok(None);
    }
    if cloud.bucket(deadline).is_all_leaving().await? {
        info!("events are dropped: a delete of the stack takes everything out");
        return Ok(None);
    }
    Ok(state.organization().cloned())
}

fn of_our_stack_sets(told: BTreeMap<String, Event>, settings: &OrganizationSettings) -> Messages {
    let mut messages = Messages::new();
    for (id, event) in told {
        if event.is_of(&settings.stack_set_name_prefix) {
            messages.insert(id, event.account);
        } else {
            info!(message.id = %id, "an event is dropped: its stack set is not one of ours");
        }
    }
    messages
}

/// The same for the same messages: a batch that is delivered again starts nothing again.
fn name(messages: &Messages, part: usize) -> String {
    let ids: Vec<&str> = messages.keys().map(String::as_str).collect();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, ids.join("\n").as_bytes());
    if part == 0 {
        format!("events-{id}")
    } else {
        format!("events-{id}-{part}")
    }
}

#[cfg(test)]
mod tests;
