//! Azure Arc machines that Defender makes for the instances of a test's account.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use crate::azure::Azure;
use crate::fleet::Instance;

/// What `azure/identity.bicep` grants besides with `arcMachineRights=Repair`.
const RIGHTS: [&str; 2] = [
    "Microsoft.HybridCompute/machines/read",
    "Microsoft.HybridCompute/machines/write",
];

impl Azure {
    /// The ARM id of the machine of an instance, in the connector's resource group.
    pub fn machine_id(&self, instance: &Instance) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.HybridCompute/machines/{}",
            self.tenancy.subscription, self.tenancy.resource_group, instance.id
        )
    }

    /// Lets the functions read and write machines.
    pub async fn grant_machines(&self) -> Result<()> {
        self.change_subscription(|setup| {
            let actions = setup["rights"][0]["actions"].as_array_mut();
            if let Some(actions) = actions {
                actions.extend(RIGHTS.map(Value::from));
            }
        })
        .await
    }

    /// Has Defender look at the account now, and make the machines that are due.
    pub async fn provision_arc(&self) -> Result<()> {
        let path = format!("defender/arc?subscription={}", self.tenancy.subscription);
        let step = self.admin(Method::POST, &path, None).await?;
        anyhow::ensure!(step["problems"] == json!([]), "{step:#}");
        Ok(())
    }

    /// The tags of a machine that must be there.
    pub async fn machine_tags(&self, instance: &Instance) -> Result<Value> {
        Ok(self.machine(instance).await?["tags"].clone())
    }

    /// Changes a machine's tags past the service.
    pub async fn set_machine_tags(&self, instance: &Instance, tags: &Value) -> Result<()> {
        let mut machine = self.machine(instance).await?;
        machine["tags"] = tags.clone();
        self.seed(&self.machine_id(instance), &machine.to_string())
            .await
    }

    async fn machine(&self, instance: &Instance) -> Result<Value> {
        let id = self.machine_id(instance);
        let raw = self.raw(&id).await?;
        let raw = raw.with_context(|| format!("there is no machine {id}"))?;
        serde_json::from_str(&raw).context("a machine is JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests with more rights than a customer grants would prove nothing.
    #[test]
    fn the_rights_are_those_that_the_identity_gets_for_repairing() {
        let bicep = include_str!("../../azure/identity.bicep");
        let (_, after) = bicep.split_once("  Repair: [").unwrap();
        let (actions, _) = after.split_once(']').unwrap();
        let lines = actions.lines().map(str::trim);
        let granted: Vec<&str> = lines
            .filter_map(|line| line.strip_prefix('\'')?.strip_suffix('\''))
            .collect();
        assert_eq!(granted, RIGHTS);
    }
}
