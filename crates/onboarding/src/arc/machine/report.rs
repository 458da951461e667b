//! What became of the tags of an Arc machine, for a person and for counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::readiness::Shortfall;
use super::{MachineId, Review};
use crate::inert::inert;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MachineOutcome {
    /// All four tags are there with the wanted values.
    AsWanted,
    /// All four are there, one at least with another value, which stays.
    Differing,
    /// What was missing has been added.
    Repaired,
    /// Some are missing, and nobody asked to add them.
    Incomplete,
    /// Some are missing, and adding them failed.
    Failed,
    /// The machine went away meanwhile.
    Gone,
}

/// One machine. Strings that others control are inert in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MachineReport {
    /// Its ARM id.
    pub machine_id: String,
    /// What became of it.
    pub outcome: MachineOutcome,
    /// Keys that are missing still.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<String>,
    /// Keys that were added.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub added: BTreeSet<String>,
    /// What stands under our keys instead of the wanted values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub differing: BTreeMap<String, String>,
    /// Why nothing was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Shortfall>,
}

impl MachineReport {
    /// The report of a machine that was compared and left as it is.
    pub(super) fn compared(id: &MachineId, review: &Review) -> Self {
        let outcome = if !review.missing.is_empty() {
            MachineOutcome::Incomplete
        } else if !review.differing.is_empty() {
            MachineOutcome::Differing
        } else {
            MachineOutcome::AsWanted
        };
        let owned = |(key, value): (&&str, &String)| ((*key).to_owned(), value.clone());
        Self {
            machine_id: inert(id.as_str(), 512),
            outcome,
            missing: keys(review),
            added: BTreeSet::new(),
            differing: review.differing.iter().map(owned).collect(),
            failure: None,
        }
    }

    /// The same machine, after what `former` missed was added to it.
    pub(super) fn repaired(mut self, former: &Review) -> Self {
        self.outcome = MachineOutcome::Repaired;
        self.added = keys(former);
        self
    }

    pub(super) fn failed(mut self, failure: Shortfall) -> Self {
        self.outcome = MachineOutcome::Failed;
        self.failure = Some(failure);
        self
    }

    pub(super) fn gone(mut self) -> Self {
        self.outcome = MachineOutcome::Gone;
        self
    }
}

fn keys(review: &Review) -> BTreeSet<String> {
    review.missing.keys().map(|key| (*key).to_owned()).collect()
}

/// How many machines came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MachineCounts {
    /// All that stand for one of the instances.
    pub machines_seen: usize,
    /// That had all four tags.
    pub machines_as_wanted: usize,
    /// That have another value under one of the keys, whatever else became of them.
    pub machines_differing: usize,
    /// That were given what was missing.
    pub machines_repaired: usize,
    /// That miss some tags still.
    pub machines_incomplete: usize,
}

impl MachineCounts {
    /// Counts.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a MachineReport>) -> Self {
        let mut counts = Self::default();
        for report in reports {
            if report.outcome == MachineOutcome::Gone {
                continue;
            }
            counts.machines_seen += 1;
            counts.machines_differing += usize::from(!report.differing.is_empty());
            match report.outcome {
                MachineOutcome::AsWanted => counts.machines_as_wanted += 1,
                MachineOutcome::Repaired => counts.machines_repaired += 1,
                MachineOutcome::Incomplete | MachineOutcome::Failed => {
                    counts.machines_incomplete += 1;
                }
                MachineOutcome::Differing | MachineOutcome::Gone => {}
            }
        }
        counts
    }
}
