//! What a stack may say, and what it means. Everything is read before anything is started.

use std::collections::BTreeSet;

use aws::StateMachineArn;
use custom_resource::{Failure, scalars};
use lambda_support::Settings;
use onboarding::organization::{DeploymentScope, StackSetNamePrefix, TargetId, WantedState};
use onboarding::{AccountId, RegionName};
use serde::Deserialize;
use serde_json::{Value, json};

/// Properties of `Custom::DeploymentScope`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DeploymentScopeProperties {
    /// Below which units, or below which root; none means the root.
    #[serde(default, deserialize_with = "scalars::list")]
    pub organizational_unit_ids: Vec<TargetId>,
    /// Accounts that are left out.
    #[serde(default, deserialize_with = "scalars::list")]
    pub excluded_account_ids: Vec<AccountId>,
    /// AWS Regions; none means all that are enabled.
    #[serde(default, deserialize_with = "scalars::list")]
    pub regions: Vec<RegionName>,
    /// How the names of the stack sets begin.
    #[serde(default = "StackSetNamePrefix::default_prefix")]
    pub stack_set_name_prefix: StackSetNamePrefix,
}

/// Properties of `Custom::OrganizationNarrowing` and `Custom::OrganizationOnboarding`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RunProperties {
    /// The wanted state, as the stack keeps it.
    pub wanted_state: String,
    /// The state machine that carries a request out.
    pub state_machine_arn: StateMachineArn,
}

impl RunProperties {
    /// The wanted state. It may name nothing that the function's environment does not.
    pub fn state(&self, settings: &Settings) -> Result<WantedState, Failure> {
        let refused = |why: String| Failure::new(format!("ResourceProperties.WantedState: {why}"));
        let state =
            WantedState::read(&self.wanted_state).map_err(|error| refused(error.to_string()))?;
        let Some(organization) = state.organization() else {
            let scope = DeploymentScope::Organization;
            return Err(refused(format!("expected one with Scope={scope:?}")));
        };
        if organization.management_account_id != settings.account {
            return Err(refused(format!(
                "Organization.ManagementAccountId: this function is limited to account {} by its \
                 environment",
                settings.account
            )));
        }
        let nothing = Value::Null;
        let connector = state.connector().unwrap_or(&nothing);
        for (name, only, parameter) in [
            (
                "SubscriptionId",
                settings.subscription_id.to_string(),
                "AzureSubscriptionId",
            ),
            (
                "ResourceGroup",
                settings.resource_group.to_string(),
                "AzureResourceGroup",
            ),
        ] {
            let named = connector[name].as_str().unwrap_or_default();
            if !named.eq_ignore_ascii_case(&only) {
                return Err(refused(format!(
                    "Connector.{name}: this function is limited to {only} by its environment; \
                     change {parameter}, which changes both"
                )));
            }
        }
        Ok(state)
    }
}

/// The wanted state in properties that may be anything. `None` where there is none, which then was
/// never brought about either.
pub fn state_in(properties: &Value) -> Option<WantedState> {
    let state = WantedState::read(properties["WantedState"].as_str()?).ok()?;
    state.organization().is_some().then_some(state)
}

/// The state machine in properties that may be anything.
pub fn machine_in(properties: &Value) -> Option<StateMachineArn> {
    let arn = properties["StateMachineArn"].as_str()?.to_owned();
    StateMachineArn::try_from(arn).ok()
}

/// What is wanted of the whole organization by whoever does not say: for the way out.
pub fn everything(management: &AccountId) -> Value {
    json!({
        "Scope": "Organization",
        "Organization": {"ManagementAccountId": management},
        "Connector": {},
    })
}

impl DeploymentScopeProperties {
    /// The wanted units, each once.
    pub fn targets(&self) -> BTreeSet<TargetId> {
        self.organizational_unit_ids.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
