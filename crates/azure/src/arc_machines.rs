//! Azure Arc machines, `Microsoft.HybridCompute/machines`, as far as their tags go.

use std::collections::BTreeMap;
use std::fmt;

use onboarding::arc::machine::{ArcMachine, ArcMachines, MachineId};
use onboarding::inert::inert;
use onboarding::{AccountId, FailureKind, PortError, SubscriptionId};
use serde_json::{Value, json};

use crate::arm::{Call, is_gone};
use crate::sign_in::Credential;
use crate::{ArmClient, Deadline};

const API_VERSION: &str = "2024-07-10";

/// The Arc machines of one subscription, for the length of one request.
pub struct HybridMachines<'a, C> {
    arm: &'a ArmClient<C>,
    subscription: SubscriptionId,
    deadline: Deadline,
}

impl<C> fmt::Debug for HybridMachines<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HybridMachines")
            .field("subscription", &self.subscription)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl<'a, C> HybridMachines<'a, C> {
    /// The machines of `subscription`; every call ends by `deadline`.
    pub fn new(arm: &'a ArmClient<C>, subscription: SubscriptionId, deadline: Deadline) -> Self {
        Self {
            arm,
            subscription,
            deadline,
        }
    }

    fn call<'b>(&self, operation: &'b str, path: &'b str) -> Call<'b> {
        Call {
            operation,
            path,
            api_version: API_VERSION,
            deadline: self.deadline,
        }
    }

    /// A machine of this subscription. One whose tags are not all texts is none: they could not be
    /// written back.
    fn read(&self, item: &Value) -> Option<ArcMachine> {
        let id = MachineId::seen(item.get("id")?.as_str()?)?;
        let ours = id
            .subscription()
            .eq_ignore_ascii_case(self.subscription.as_str());
        let tags = match item.get("tags") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(tags) => serde_json::from_value(tags.clone()).ok()?,
        };
        ours.then_some(ArcMachine { id, tags })
    }

    fn read_as(&self, id: &MachineId, item: &Value) -> Result<ArcMachine, PortError> {
        let found = self.read(item).filter(|machine| machine.id == *id);
        found.ok_or_else(|| {
            let what = doing("read", id);
            let reason = format!("could not {what}: the answer is not that machine with its tags");
            PortError::new(FailureKind::Invalid, reason)
        })
    }
}

impl<C: Credential> ArcMachines for HybridMachines<'_, C> {
    async fn of_account(&self, account: &AccountId) -> Result<Vec<ArcMachine>, PortError> {
        let path = format!(
            "/subscriptions/{}/providers/Microsoft.HybridCompute/machines",
            self.subscription
        );
        let call = self.call("list the Arc machines of the subscription", &path);
        let of_account = |item: Value| {
            let machine = self.read(&item)?;
            machine.may_be_of(account).then_some(machine)
        };
        Ok(self.arm.list_of(&call, of_account).await?)
    }

    async fn machine(&self, id: &MachineId) -> Result<Option<ArcMachine>, PortError> {
        let operation = doing("read", id);
        match self.arm.get(&self.call(&operation, id.as_str())).await {
            Ok(body) => self.read_as(id, &body).map(Some),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn replace_tags(
        &self,
        id: &MachineId,
        tags: &BTreeMap<String, String>,
    ) -> Result<ArcMachine, PortError> {
        let operation = doing("tag", id);
        let call = self.call(&operation, id.as_str());
        let written = self.arm.patch(&call, &json!({ "tags": tags })).await?;
        self.read_as(id, &written)
    }
}

/// What is tried, for an error: "tag Arc machine i-… in resource group …".
fn doing(verb: &str, id: &MachineId) -> String {
    format!(
        "{verb} Arc machine {} in resource group {}",
        inert(id.name(), 64),
        inert(id.resource_group(), 90)
    )
}

#[cfg(test)]
mod tests;
