//! Defender for Cloud's security connectors.

use std::fmt;

use onboarding::ports::ServiceOffer;
use onboarding::{ApiVersion, ConnectorId, SubscriptionId};
use tokio::sync::OnceCell;

use crate::arm::Call;
use crate::{ArmClient, Deadline};

mod adapter;
mod classic;
mod dialect;
mod merge;
pub mod model;
mod offer;
pub mod offerings;
pub mod organizational_data;
mod reduced;
mod version;

pub use dialect::{Dialect, SubPlanForm};

/// The security connectors of one subscription, for the length of one request.
pub struct SecurityConnectors<'a, C> {
    arm: &'a ArmClient<C>,
    subscription: SubscriptionId,
    deadline: Deadline,
    dialect: Dialect,
    offer: OnceCell<ServiceOffer>,
    version: OnceCell<ApiVersion>,
}

impl<C> fmt::Debug for SecurityConnectors<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecurityConnectors")
            .field("subscription", &self.subscription)
            .field("deadline", &self.deadline)
            .field("dialect", &self.dialect)
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
            dialect: Dialect::default(),
            offer: OnceCell::new(),
            version: OnceCell::new(),
        }
    }

    /// The same connectors, in another dialect than the default one.
    #[must_use]
    pub fn speaking(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The path of something of `Microsoft.Security` in the subscription.
    fn provider_path(&self, rest: &str) -> String {
        format!(
            "/subscriptions/{}/providers/Microsoft.Security{rest}",
            self.subscription
        )
    }

    fn call<'b>(&self, operation: &'b str, path: &'b str, api_version: &'b str) -> Call<'b> {
        Call {
            operation,
            path,
            api_version,
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
