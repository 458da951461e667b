//! Looking after the tags of the Arc machines that stand for an account's instances.

use std::collections::{BTreeMap, BTreeSet};

use super::super::readiness::Shortfall;
use super::{ArcMachine, ArcMachines, MOST_TAGS, MachineReport, Review};
use crate::arc::{InstanceId, WantedTags};
use crate::{FailureKind, PortError};

/// Whether missing tags are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// They are only reported.
    Off,
    /// They are added; what is there stays.
    On,
}

/// Compares the machines that stand for these instances with what is wanted, and adds what is
/// missing where that is asked for. An instance without a machine is not in the result.
///
/// Fails only where the machines cannot be listed. A resource group that may not be written to is
/// tried once.
pub async fn look_after<P: ArcMachines>(
    port: &P,
    wanted: &WantedTags,
    instances: &BTreeSet<InstanceId>,
    repair: Repair,
) -> Result<BTreeMap<InstanceId, Vec<MachineReport>>, PortError> {
    let mut reports: BTreeMap<InstanceId, Vec<MachineReport>> = BTreeMap::new();
    let mut closed = BTreeSet::new();
    for machine in port.of_account(&wanted.account).await? {
        let Some(instance) = machine.instance().filter(|id| instances.contains(id)) else {
            continue;
        };
        let review = Review::of(wanted, &instance, &machine);
        let compared = MachineReport::compared(&machine.id, &review);
        let report = if repair == Repair::Off || review.missing.is_empty() {
            compared
        } else if closed.contains(&group_of(&machine)) {
            compared.failed(not_tried())
        } else {
            let work = Work {
                port,
                wanted,
                instance: &instance,
            };
            work.repair(&machine).await.unwrap_or_else(|error| {
                if error.kind == FailureKind::Denied {
                    closed.insert(group_of(&machine));
                }
                compared.failed(failure(&error))
            })
        };
        reports.entry(instance).or_default().push(report);
    }
    Ok(reports)
}

struct Work<'a, P> {
    port: &'a P,
    wanted: &'a WantedTags,
    instance: &'a InstanceId,
}

impl<P: ArcMachines> Work<'_, P> {
    /// The list may be minutes old: whatever Defender wrote since must not be lost. Between this
    /// look and the write there is a moment left, for the service knows no condition on a write.
    async fn repair(&self, listed: &ArcMachine) -> Result<MachineReport, PortError> {
        let Some(now) = self.port.machine(&listed.id).await? else {
            let listed_as = MachineReport::compared(&listed.id, &self.review(listed));
            return Ok(listed_as.gone());
        };
        let before = self.review(&now);
        let compared = MachineReport::compared(&now.id, &before);
        if before.missing.is_empty() {
            return Ok(compared);
        }
        let Some(tags) = before.merged(&now) else {
            return Ok(compared.failed(no_room()));
        };
        let written = self.port.replace_tags(&now.id, &tags).await?;
        let after = self.review(&written);
        let report = MachineReport::compared(&written.id, &after);
        if after.missing.is_empty() {
            Ok(report.repaired(&before))
        } else {
            Ok(report.failed(not_kept()))
        }
    }

    fn review(&self, machine: &ArcMachine) -> Review {
        Review::of(self.wanted, self.instance, machine)
    }
}

fn group_of(machine: &ArcMachine) -> String {
    machine.id.resource_group().to_ascii_lowercase()
}

fn failure(error: &PortError) -> Shortfall {
    let fix = match error.kind {
        FailureKind::Denied => {
            "Let the identity of AzureClientId write machines (Microsoft.HybridCompute/machines/\
             write), or set RepairArcMachineTags to false"
        }
        FailureKind::Invalid => "See the reason, or set RepairArcMachineTags to false",
        _ => "The next run tries again",
    };
    shortfall(error.reason.clone(), fix)
}

fn not_tried() -> Shortfall {
    shortfall(
        "another machine of the resource group could not be written to".to_owned(),
        "See the reason there",
    )
}

fn no_room() -> Shortfall {
    shortfall(
        format!("the machine would have more than {MOST_TAGS} tags"),
        "Remove tags of the machine until the missing ones fit",
    )
}

fn not_kept() -> Shortfall {
    shortfall(
        "Azure took the tags and does not show them".to_owned(),
        "See whether an Azure Policy removes them",
    )
}

fn shortfall(reason: String, fix: &str) -> Shortfall {
    let fix = fix.to_owned();
    Shortfall { reason, fix }
}
