//! Defender for Cloud's security connectors.

use std::fmt;

use onboarding::{ConnectorId, SubscriptionId};

use crate::arm::Call;
use crate::{ArmClient, Deadline};

mod adapter;
mod classic;
mod merge;
pub mod model;
mod offer;
pub mod offerings;

/// The version whose model [`model`] is.
pub const API_VERSION: &str = "2024-08-01-preview";

/// The security connectors of one subscription, for the length of one request.
pub struct SecurityConnectors<'a, C> {
    arm: &'a ArmClient<C>,
    subscription: SubscriptionId,
    deadline: Deadline,
}

impl<C> fmt::Debug for SecurityConnectors<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecurityConnectors")
            .field("subscription", &self.subscription)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl<'a, C> SecurityConnectors<'a, C> {
    /// The connectors of `subscription`; every call ends by `deadline`.
    pub fn new(arm: &'a ArmClient<C>, subscription: SubscriptionId, deadline: Deadline) -> Self {
        Self {
            arm,
            subscription,
            deadline,
        }
    }

    /// The path of something of `Microsoft.Security` in the subscription.
    fn provider_path(&self, rest: &str) -> String {
        format!(
            "/subscriptions/{}/providers/Microsoft.Security{rest}",
            self.subscription
        )
    }

    fn call<'b>(&self, operation: &'b str, path: &'b str) -> Call<'b> {
        Call {
            operation,
            path,
            api_version: API_VERSION,
            deadline: self.deadline,
        }
    }
}

/// What is tried, for an error: "write security connector aws-… in resource group …".
fn doing(verb: &str, id: &ConnectorId) -> String {
    format!(
        "{verb} security connector {} in resource group {}",
        id.name, id.resource_group
    )
}

#[cfg(test)]
mod tests;
