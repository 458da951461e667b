//! An AWS organization of a test's own: the test's account manages it, and its members share the
//! test's tenancy in Azure.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::account::{Account, new_account_id};
use crate::fleet::REGIONS;
use crate::operation::Outcome;
use crate::stack::Stack;

mod connectors;
mod events;
mod members;
mod reports;
mod runs;
mod stack_instances;

pub use reports::{entry_of, skipped_of};
pub use runs::OrganizationRun;
pub use stack_instances::StackInstance;

/// The state machine waits for minutes where nothing is to be hurried. Here a minute is two seconds.
const WAITS: f64 = 1.0 / 30.0;
/// Events are taken in batches of a minute.
const BATCH_SECONDS: f64 = 1.0;

/// An organization.
#[derive(Debug)]
pub struct Organization<'a> {
    /// The account that manages it, in which the stack is.
    pub management: &'a Account,
    root: String,
    units: BTreeMap<String, String>,
}

impl<'a> Organization<'a> {
    /// An organization in which `StackSets` may act, with this many accounts in each unit. A unit
    /// is a path of names, the root has none. The accounts come in the order of the units.
    pub async fn open(
        management: &'a Account,
        units: &[(&str, usize)],
    ) -> Result<(Self, Vec<Account>)> {
        let emulator = &management.emulator;
        let waits = "stepfunctions._SFN_WAIT_SCALE";
        emulator.endpoint.configure(waits, WAITS).await?;
        let batches = "batchingWindowSeconds";
        emulator.switch(batches, BATCH_SECONDS).await?;
        let mut members = Vec::new();
        let mut organization = Self {
            management,
            root: String::new(),
            units: BTreeMap::new(),
        };
        organization.build(&json!({})).await?;
        for (unit, count) in units {
            let ids: Vec<String> = (0..*count).map(|_| new_account_id()).collect();
            organization.build(&tree(unit, &ids)).await?;
            for id in ids {
                members.push(management.beside(&id).await?);
            }
        }
        let activate = management.cloudformation.activate_organizations_access();
        activate.send().await?;
        Ok((organization, members))
    }

    /// Takes away that `StackSets` may act in its accounts.
    pub async fn forbid_stack_sets(&self) -> Result<()> {
        let deactivate = self
            .management
            .cloudformation
            .deactivate_organizations_access();
        deactivate.send().await?;
        Ok(())
    }

    /// The application over the whole organization, in two regions.
    pub fn stack(&self) -> Stack<'a> {
        let stack = self.management.stack().with("Scope", "Organization");
        stack.with("Regions", &REGIONS.join(","))
    }

    /// Creates the stack, and waits for the sweep that its new schedule begins at once, so that
    /// whatever happens afterwards is the test's own doing.
    pub async fn deploy(&self, stack: &Stack<'_>) -> Result<Outcome> {
        let made = stack.create().await?.must_be("CREATE_COMPLETE")?;
        let swept = self.management.first_sweep().await?;
        ensure!(swept.status == "SUCCEEDED", "{:#}", swept.record);
        Ok(made)
    }

    /// The id of a unit; of the root without a name.
    pub fn unit(&self, path: &str) -> Result<&str> {
        if path.is_empty() {
            return Ok(&self.root);
        }
        let unit = self.units.get(path);
        unit.map(String::as_str)
            .with_context(|| format!("there is no unit {path}"))
    }

    async fn build(&mut self, tree: &Value) -> Result<()> {
        let path = format!("organization?account={}", self.management.id);
        let seen = self.admin(Method::POST, &path, tree).await?;
        let root = seen["rootId"].as_str().context("there is a root")?;
        root.clone_into(&mut self.root);
        self.units = serde_json::from_value(seen["units"].clone())?;
        Ok(())
    }

    async fn admin(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let endpoint = &self.management.emulator.endpoint;
        endpoint.admin(method, path, Some(body)).await
    }
}

/// Accounts in a unit, with the units that it is in.
fn tree(path: &str, accounts: &[String]) -> Value {
    let names = path.split('/').filter(|name| !name.is_empty());
    names
        .rev()
        .fold(json!({"accounts": accounts}), |mut inner, name| {
            inner["name"] = json!(name);
            json!({"units": [inner]})
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::tree;

    #[test]
    fn accounts_lie_below_all_units_of_their_path() {
        let ids = ["111111111111".to_owned()];
        assert_eq!(tree("", &ids), json!({"accounts": ids}));
        let low = json!({"name": "low", "accounts": ids});
        let high = json!({"units": [{"name": "high", "units": [low]}]});
        assert_eq!(tree("high/low", &ids), high);
    }
}
