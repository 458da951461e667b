//! One event, from a message of the queue.

use lambda_support::Settings;
use onboarding::AccountId;
use onboarding::inert::inert;
use onboarding::organization::{StackSetKind, StackSetNamePrefix};
use serde::Deserialize;
use serde_json::Value;

use super::{organizations, stack_sets};

/// Whose events count.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) account: AccountId,
    pub(super) partition: String,
    pub(super) region: String,
}

impl Own {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            account: settings.account.clone(),
            partition: settings.partition.to_string(),
            region: settings.reply.aws_region.clone(),
        }
    }
}

/// An event that says which account to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// The account.
    pub(super) account: AccountId,
    /// The name of the stack set that it comes from; `None` where it comes from Organizations.
    pub(super) stack_set: Option<String>,
}

/// What `EventBridge` says of every event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope {
    source: String,
    detail_type: String,
    account: String,
    detail: Value,
}

impl Event {
    /// Reads a message; or says why it leads to nothing.
    pub(super) fn read(record: &Value, own: &Own) -> Result<Self, String> {
        let body = record["body"].as_str().ok_or("the message has no text")?;
        let event: Envelope = serde_json::from_str(body)
            .map_err(|error| format!("it is no event: {}", inert(&error.to_string(), 200)))?;
        if event.account != own.account.as_str() {
            return Err("it comes from another account".to_owned());
        }
        let Envelope {
            source,
            detail_type,
            detail,
            ..
        } = event;
        match (source.as_str(), detail_type.as_str()) {
            ("aws.cloudformation", stack_sets::DETAIL_TYPE) => stack_sets::read(&detail, own),
            ("aws.organizations", kind) if organizations::DETAIL_TYPES.contains(&kind) => {
                organizations::read(&detail, own)
            }
            _ => Err(format!(
                "it is {} of {}, which says nothing here",
                inert(&detail_type, 100),
                inert(&source, 100)
            )),
        }
    }

    /// Whether it comes from one of the stack sets whose names begin like this, or from none.
    pub(super) fn is_of(&self, prefix: &StackSetNamePrefix) -> bool {
        let Some(name) = &self.stack_set else {
            return true;
        };
        let mut ours = StackSetKind::ALL.iter().map(|kind| prefix.stack_set(*kind));
        ours.any(|own| own.as_str() == name)
    }
}
