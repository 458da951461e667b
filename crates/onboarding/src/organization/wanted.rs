//! The wanted state: what the stack's parameters ask for, as `CloudFormation` writes it down for
//! everything that runs without a request.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{MaxConcurrency, StackSetNamePrefix, TargetId};
use crate::inert::inert;
use crate::{AccountId, RegionName};

mod scalars;

/// Which accounts the stack is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentScope {
    /// Its own.
    #[default]
    Account,
    /// Those of the organization that its account manages.
    Organization,
}

/// Who makes the connectors of member accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberRegistration {
    /// We do.
    #[default]
    Direct,
    /// Defender does, where the management account has a connector for the organization.
    Discovery,
}

/// What is wanted of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OrganizationSettings {
    /// Below which units, or below which root; none means the root.
    #[serde(default, deserialize_with = "scalars::set")]
    pub organizational_unit_ids: BTreeSet<TargetId>,
    /// Accounts that are left out.
    #[serde(default, deserialize_with = "scalars::set")]
    pub excluded_account_ids: BTreeSet<AccountId>,
    /// Who makes the members' connectors.
    #[serde(default)]
    pub member_registration: MemberRegistration,
    /// Whether a change was asked for of who makes them.
    #[serde(default, deserialize_with = "scalars::boolean")]
    pub migrate_member_registration: bool,
    /// Regions that get runbooks and rules; none means all that are enabled.
    #[serde(default, deserialize_with = "scalars::set")]
    pub regions: BTreeSet<RegionName>,
    /// How the names of the stack sets begin.
    #[serde(default = "StackSetNamePrefix::default_prefix")]
    pub stack_set_name_prefix: StackSetNamePrefix,
    /// How many accounts are worked on at once, where that is chosen.
    #[serde(default, deserialize_with = "scalars::at_once")]
    pub max_concurrent_accounts: Option<MaxConcurrency>,
    /// How many stacks of a stack set may fail.
    #[serde(default, deserialize_with = "scalars::percentage")]
    pub failure_tolerance_percentage: Option<u8>,
    /// The account that manages the organization, which is the stack's own.
    pub management_account_id: AccountId,
}

/// A wanted state that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the wanted state {0}")]
pub struct InvalidWantedState(String);

/// What the stack's parameters ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedState {
    scope: DeploymentScope,
    organization: Option<OrganizationSettings>,
    /// The whole, without empty members.
    whole: Value,
}

impl WantedState {
    /// Reads the text. In it an empty string stands for what is absent: a template cannot leave a
    /// member out.
    pub fn read(text: &str) -> Result<Self, InvalidWantedState> {
        let no_json = |_| InvalidWantedState("is no JSON".to_owned());
        Self::of_value(serde_json::from_str(text).map_err(no_json)?)
    }

    /// Reads it where it is JSON already.
    pub fn of_value(mut whole: Value) -> Result<Self, InvalidWantedState> {
        drop_empty(&mut whole);
        let Value::Object(parts) = &whole else {
            return Err(InvalidWantedState("is no JSON object".to_owned()));
        };
        let scope = part::<DeploymentScope>(parts, "Scope")?.unwrap_or_default();
        let organization = match scope {
            DeploymentScope::Account => None,
            DeploymentScope::Organization => {
                needed(parts, "Connector")?;
                Some(part(parts, "Organization")?.ok_or_else(|| lacks("Organization"))?)
            }
        };
        Ok(Self {
            scope,
            organization,
            whole,
        })
    }

    /// Which accounts the stack is for.
    pub fn scope(&self) -> DeploymentScope {
        self.scope
    }

    /// What is wanted of the organization; `None` where the stack is for its own account alone.
    pub fn organization(&self) -> Option<&OrganizationSettings> {
        self.organization.as_ref()
    }

    /// The properties of a connector, but for its account.
    pub fn connector(&self) -> Option<&Value> {
        self.whole.get("Connector")
    }

    /// The properties of Arc auto-provisioning.
    pub fn arc(&self) -> Option<&Value> {
        self.whole.get("Arc")
    }

    /// The whole, as it can be read again.
    pub fn to_value(&self) -> Value {
        self.whole.clone()
    }

    /// The same for these roots or units, so that whoever reads it need not ask which root there
    /// is.
    #[must_use]
    pub fn with_targets(mut self, targets: &BTreeSet<TargetId>) -> Self {
        if let Some(organization) = &mut self.organization {
            organization.organizational_unit_ids.clone_from(targets);
            let named: Vec<&str> = targets.iter().map(TargetId::as_str).collect();
            self.whole["Organization"]["OrganizationalUnitIds"] = named.join(",").into();
            drop_empty(&mut self.whole);
        }
        self
    }

    /// The same with other properties of the connector.
    #[must_use]
    pub(super) fn with_connector(mut self, connector: Value) -> Self {
        self.whole["Connector"] = connector;
        self
    }
}

fn lacks(name: &str) -> InvalidWantedState {
    InvalidWantedState(format!("says nothing of {name}"))
}

fn needed<'a>(parts: &'a Map<String, Value>, name: &str) -> Result<&'a Value, InvalidWantedState> {
    parts.get(name).ok_or_else(|| lacks(name))
}

/// Reads a part, which may be absent.
fn part<'de, T: Deserialize<'de>>(
    parts: &'de Map<String, Value>,
    name: &str,
) -> Result<Option<T>, InvalidWantedState> {
    let Some(value) = parts.get(name) else {
        return Ok(None);
    };
    serde_path_to_error::deserialize(value)
        .map(Some)
        .map_err(|error| {
            let path = match error.path().to_string().as_str() {
                "." => name.to_owned(),
                below => inert(&format!("{name}.{below}"), 200),
            };
            let problem = inert(&error.inner().to_string(), 300);
            InvalidWantedState(format!("is malformed at {path}: {problem}"))
        })
}

fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| member != "");
            members.values_mut().for_each(drop_empty);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests;
