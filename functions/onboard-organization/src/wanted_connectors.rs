//! The connectors that the wanted state asks for.

use connector_properties::raw::dialect_in;
use connector_properties::{Limits, of_account};
use lambda_support::Settings;
use onboarding::organization::WantedState;
use onboarding::{AccountId, ApiVersionSetting, Deployment, WantedConnector};
use serde_json::Value;

/// The connectors that a wanted state asks for.
#[derive(Debug)]
pub struct WantedConnectors<'a> {
    state: &'a WantedState,
    limits: Limits,
    deployment: &'a Deployment,
}

impl<'a> WantedConnectors<'a> {
    /// Those of this state.
    pub fn new(state: &'a WantedState, settings: &'a Settings) -> Self {
        let limits = Limits {
            subscription: settings.subscription_id.clone(),
            resource_group: settings.resource_group.clone(),
            tenant: settings.tenant_id.clone(),
            partition: settings.partition.clone(),
        };
        Self {
            state,
            limits,
            deployment: &settings.deployment,
        }
    }

    /// That of an account; `None` where the state says nothing that makes sense. Whoever works on
    /// the account will say what is wrong.
    pub fn of(&self, account: &AccountId) -> Option<WantedConnector> {
        let asked = of_account(self.state, account, &self.limits, self.deployment);
        asked.ok().map(|asked| asked.wanted.connector)
    }
}

/// The API version that connectors are compared in.
pub fn api_version(state: &Value) -> ApiVersionSetting {
    dialect_in(&state["Connector"]).api_version
}
