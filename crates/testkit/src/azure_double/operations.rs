//! Writes that go on in the background after a 202.

use serde_json::json;
use uuid::Uuid;

use super::answer::Answer;
use super::arm::Call;
use super::state::{Shared, Subscription};
use super::switches::{Announcement, AsynchronousWrites, Outcome};

/// A write whose effect is still to come.
#[derive(Debug)]
pub(crate) struct Operation {
    polls_left: u32,
    plan: AsynchronousWrites,
    /// Taken when the operation ends.
    effect: Option<Effect>,
}

/// What a write does to the store.
#[derive(Debug)]
pub(crate) enum Effect {
    Store { path: String, document: Vec<u8> },
    Remove { path: String },
}

impl Effect {
    pub(crate) fn apply(self, subscription: &mut Subscription) {
        match self {
            Self::Store { path, document } => {
                subscription.counters.connectors_written += 1;
                subscription.resources.insert(path, document);
            }
            Self::Remove { path } => {
                subscription.counters.connectors_deleted += 1;
                subscription.resources.remove(&path);
            }
        }
    }
}

/// Answers 202 and keeps the effect for later.
pub(crate) fn begin(
    base_url: &str,
    subscription: &mut Subscription,
    api_version: &str,
    plan: AsynchronousWrites,
    effect: Effect,
) -> Answer {
    let id = Uuid::new_v4().to_string();
    let (header, collection) = match plan.announced_by {
        Announcement::AzureAsyncOperation => ("azure-asyncoperation", "operationStatuses"),
        Announcement::Location => ("location", "operationResults"),
    };
    let address = format!(
        "{base_url}/subscriptions/{}/providers/Microsoft.Security/{collection}/{id}?api-version={api_version}",
        subscription.setup.subscription_id
    );
    let answer = Answer::empty(202)
        .with_header(header, address)
        .with_header("retry-after", plan.retry_after_seconds.to_string());
    let operation = Operation {
        polls_left: plan.polls,
        plan,
        effect: Some(effect),
    };
    subscription.operations.insert(id, operation);
    answer
}

/// The document that `Azure-AsyncOperation` names.
pub(crate) fn status(shared: &Shared, call: &Call, id: &str) -> Answer {
    match poll(shared, call, id) {
        Polled::Missing => missing(id),
        Polled::Unfinished {
            retry_after_seconds,
        } => Answer::json(
            200,
            &json!({ "id": id, "name": id, "status": "InProgress" }),
        )
        .with_header("retry-after", retry_after_seconds.to_string()),
        Polled::Ended(Outcome::Succeeded) => {
            Answer::json(200, &json!({ "id": id, "name": id, "status": "Succeeded" }))
        }
        Polled::Ended(Outcome::Canceled) => {
            Answer::json(200, &json!({ "id": id, "name": id, "status": "Canceled" }))
        }
        Polled::Ended(Outcome::Failed) => Answer::json(
            200,
            &json!({
                "id": id,
                "name": id,
                "status": "Failed",
                "error": { "code": "OperationFailed", "message": "The operation failed in the background." },
            }),
        ),
    }
}

/// The place that `Location` names.
pub(crate) fn result(shared: &Shared, call: &Call, id: &str) -> Answer {
    match poll(shared, call, id) {
        Polled::Missing => missing(id),
        Polled::Unfinished {
            retry_after_seconds,
        } => Answer::empty(202)
            .with_header(
                "location",
                format!(
                    "{}{}?api-version={}",
                    shared.base_url, call.raw_path, call.api_version
                ),
            )
            .with_header("retry-after", retry_after_seconds.to_string()),
        Polled::Ended(Outcome::Succeeded) => Answer::empty(204),
        Polled::Ended(Outcome::Canceled) => {
            Answer::arm(409, "OperationCanceled", "The operation was canceled.")
        }
        Polled::Ended(Outcome::Failed) => Answer::arm(
            409,
            "OperationFailed",
            "The operation failed in the background.",
        ),
    }
}

enum Polled {
    Missing,
    Unfinished { retry_after_seconds: u64 },
    Ended(Outcome),
}

fn poll(shared: &Shared, call: &Call, id: &str) -> Polled {
    let mut world = shared.world();
    let Some(subscription) = world.subscription(&call.path.subscription) else {
        return Polled::Missing;
    };
    let Some(operation) = subscription.operations.get_mut(id) else {
        return Polled::Missing;
    };
    if operation.polls_left > 0 {
        operation.polls_left -= 1;
        return Polled::Unfinished {
            retry_after_seconds: operation.plan.retry_after_seconds,
        };
    }
    let outcome = operation.plan.outcome;
    let effect = operation.effect.take();
    if outcome == Outcome::Succeeded
        && let Some(effect) = effect
    {
        effect.apply(subscription);
    }
    Polled::Ended(outcome)
}

fn missing(id: &str) -> Answer {
    Answer::arm(
        404,
        "OperationNotFound",
        format!("There is no operation '{id}'."),
    )
}
