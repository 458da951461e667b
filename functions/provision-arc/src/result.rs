//! What an invocation by the state machine comes to.

use onboarding::arc::machine::MachineCounts;
use onboarding::arc::{AccountReport, Counts, RegionOutcome};
use serde::{Deserialize, Serialize};

/// The outcome of a pass, as the state machine carries it on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Outcome {
    /// Whether nothing is left to do; otherwise the function is to be called again.
    pub done: bool,
    /// How many instances came to what.
    #[serde(flatten)]
    pub counts: Counts,
    /// How many Arc machines came to what; absent where they were not compared.
    #[serde(flatten)]
    pub machines: Option<MachineCounts>,
    /// How many Regions could not be worked in.
    pub regions_failed: usize,
    /// How many Regions are not enabled.
    pub regions_skipped: usize,
    /// Where the report is.
    pub report_uri: String,
}

impl Outcome {
    /// The outcome that a report tells of.
    pub fn of(report: &AccountReport, report_uri: String) -> Self {
        let count = |outcome| report.regions_that(outcome).count();
        Self {
            done: count(RegionOutcome::Unfinished) == 0,
            counts: report.counts,
            machines: report.machines,
            regions_failed: count(RegionOutcome::Failed),
            regions_skipped: count(RegionOutcome::Skipped),
            report_uri,
        }
    }

    /// The outcome where nothing can be done.
    pub fn nothing_to_do() -> Self {
        Self {
            done: true,
            ..Self::default()
        }
    }

    /// What `Fn::GetAtt` reads, the most important first.
    pub fn attributes(&self) -> [(&'static str, String); 8] {
        let counts = &self.counts;
        [
            ("InstancesSeen", counts.instances_seen.to_string()),
            ("InstancesTagged", counts.instances_tagged.to_string()),
            (
                "InstancesAlreadyRight",
                counts.instances_already_right.to_string(),
            ),
            ("InstancesFailed", counts.instances_failed.to_string()),
            (
                "InstancesNotManaged",
                counts.instances_not_managed.to_string(),
            ),
            ("InstancesPending", counts.instances_pending.to_string()),
            ("RegionsFailed", self.regions_failed.to_string()),
            ("ReportUri", self.report_uri.clone()),
        ]
    }
}
