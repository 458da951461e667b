//! What came of a run, for a person and for counts. Strings that others control are inert in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::machine::{MachineCounts, MachineReport};
use super::readiness::Shortfall;
use super::{ExecutionId, InstanceId, InstanceState};
use crate::RegionName;

/// What became of an instance's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TagOutcome {
    /// They were as wanted.
    AlreadyRight,
    /// They were not, and are now.
    Tagged,
    /// They were there with our values, and are no more.
    Untagged,
    /// They are not as wanted.
    Failed,
    /// One of its own tags leaves it out.
    Excluded,
    /// Its turn has not come yet.
    Pending,
    /// The instance went away meanwhile.
    Gone,
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceReport {
    /// Which.
    pub instance_id: InstanceId,
    /// What it does.
    pub state: InstanceState,
    /// What became of its tags.
    pub tags: TagOutcome,
    /// The execution that wrote or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Shortfall>,
    /// What stood under our keys before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<String, String>,
    /// Whether Systems Manager reaches it; absent where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<bool>,
    /// What it lacks to be ready for Arc's agent; absent where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_ready: Option<Vec<Shortfall>>,
    /// The Arc machines that stand for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<MachineReport>,
}

/// What became of a Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegionOutcome {
    /// Every instance has its outcome.
    Done,
    /// Time was up.
    Unfinished,
    /// The account does not have it enabled.
    Skipped,
    /// It could not be worked in.
    Failed,
}

/// One Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegionReport {
    /// Which.
    pub region: RegionName,
    /// What became of it.
    pub outcome: RegionOutcome,
    /// Why it was skipped or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was done or found about host management.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_management: Option<String>,
    /// Its instances.
    pub instances: Vec<InstanceReport>,
}

/// How many instances came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Counts {
    /// All that are there, excluded ones included.
    pub instances_seen: usize,
    /// That were tagged, by an execution of this run or by one that was under way.
    pub instances_tagged: usize,
    /// That needed nothing.
    pub instances_already_right: usize,
    /// That are not as wanted.
    pub instances_failed: usize,
    /// That Systems Manager does not reach, excluded ones left out.
    pub instances_not_managed: usize,
    /// That one of their own tags leaves out.
    pub instances_excluded: usize,
    /// That our tags were taken from.
    pub instances_untagged: usize,
    /// Whose turn has not come yet.
    pub instances_pending: usize,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountReport {
    /// Which.
    pub account_id: crate::AccountId,
    /// The run.
    pub run_id: super::RunId,
    /// `Onboard` or `Offboard`.
    pub operation: String,
    /// The sums.
    #[serde(flatten)]
    pub counts: Counts,
    /// The sums of Arc machines; absent where they were not compared.
    #[serde(flatten)]
    pub machines: Option<MachineCounts>,
    /// Why Arc machines were not compared, where they should have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machines_not_compared: Option<String>,
    /// Its Regions.
    pub regions: Vec<RegionReport>,
}

impl RegionReport {
    /// A Region without instances.
    pub fn without_instances(region: RegionName, outcome: RegionOutcome, reason: String) -> Self {
        Self {
            region,
            outcome,
            reason: Some(reason),
            host_management: None,
            instances: Vec::new(),
        }
    }

    /// How many of its instances came to what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for instance in &self.instances {
            counts.count(instance);
        }
        counts
    }
}

impl Counts {
    fn count(&mut self, instance: &InstanceReport) {
        let place = match instance.tags {
            TagOutcome::AlreadyRight => &mut self.instances_already_right,
            TagOutcome::Tagged => &mut self.instances_tagged,
            TagOutcome::Untagged => &mut self.instances_untagged,
            TagOutcome::Failed => &mut self.instances_failed,
            TagOutcome::Excluded => &mut self.instances_excluded,
            TagOutcome::Pending => &mut self.instances_pending,
            // It is not there to be seen.
            TagOutcome::Gone => return,
        };
        *place += 1;
        self.instances_seen += 1;
        if instance.managed == Some(false) && instance.tags != TagOutcome::Excluded {
            self.instances_not_managed += 1;
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.instances_seen += other.instances_seen;
        self.instances_tagged += other.instances_tagged;
        self.instances_already_right += other.instances_already_right;
        self.instances_failed += other.instances_failed;
        self.instances_not_managed += other.instances_not_managed;
        self.instances_excluded += other.instances_excluded;
        self.instances_untagged += other.instances_untagged;
        self.instances_pending += other.instances_pending;
    }
}

impl AccountReport {
    /// The report of an account's Regions.
    pub fn new(
        account_id: crate::AccountId,
        run_id: super::RunId,
        operation: &str,
        regions: Vec<RegionReport>,
    ) -> Self {
        let mut counts = Counts::default();
        for region in &regions {
            counts += region.counts();
        }
        Self {
            account_id,
            run_id,
            operation: operation.to_owned(),
            counts,
            machines: None,
            machines_not_compared: None,
            regions,
        }
    }

    /// The same account with the Arc machines of its instances.
    #[must_use]
    pub fn with_machines(mut self, machines: BTreeMap<InstanceId, Vec<MachineReport>>) -> Self {
        self.machines = Some(MachineCounts::of(machines.values().flatten()));
        let mut machines = machines;
        let instances = self.regions.iter_mut().flat_map(|one| &mut one.instances);
        for instance in instances {
            instance.machines = machines.remove(&instance.instance_id).unwrap_or_default();
        }
        self
    }

    /// The instances whose Arc machines matter: those that are there and not left out.
    pub fn instances_with_machines(&self) -> BTreeSet<InstanceId> {
        let left_out = [TagOutcome::Excluded, TagOutcome::Gone];
        let instances = self.regions.iter().flat_map(|one| &one.instances);
        instances
            .filter(|one| !left_out.contains(&one.tags))
            .map(|one| one.instance_id.clone())
            .collect()
    }

    /// The Regions that came to this.
    pub fn regions_that(&self, outcome: RegionOutcome) -> impl Iterator<Item = &RegionReport> {
        let came_to = move |region: &&RegionReport| region.outcome == outcome;
        self.regions.iter().filter(came_to)
    }
}

#[cfg(test)]
mod tests;
