//! The world's Arc machines.

use std::collections::BTreeMap;

use onboarding::arc::machine::{ArcMachine, ArcMachines, MachineId};
use onboarding::{AccountId, PortError};
use tokio::time::Instant;

use super::World;
use crate::provision::MachinesUntil;

impl MachinesUntil for World {
    fn until(&self, moment: Instant) -> impl ArcMachines {
        self.state().machines_until = Some(moment);
        self.clone()
    }
}

impl ArcMachines for World {
    async fn of_account(&self, account: &AccountId) -> Result<Vec<ArcMachine>, PortError> {
        self.call(|state| {
            state.machine_lists += 1;
            if let Some(refusal) = &state.machines_refusal {
                return Err(PortError::new(refusal.kind, refusal.reason.clone()));
            }
            let mut listed = state.machines.clone();
            listed.retain(|machine| machine.may_be_of(account));
            Ok(listed)
        })
        .await?
    }

    async fn machine(&self, id: &MachineId) -> Result<Option<ArcMachine>, PortError> {
        let found = |machine: &&ArcMachine| machine.id == *id;
        self.call(|state| state.machines.iter().find(found).cloned())
            .await
    }

    async fn replace_tags(
        &self,
        id: &MachineId,
        tags: &BTreeMap<String, String>,
    ) -> Result<ArcMachine, PortError> {
        self.call(|state| {
            state.machine_writes.push(id.name().to_owned());
            let mut machines = state.machines.iter_mut();
            let machine = machines.find(|machine| machine.id == *id).unwrap();
            machine.tags.clone_from(tags);
            machine.clone()
        })
        .await
    }
}
