//! What became of Regions, and what that means for the account.

use onboarding::arc::{Goal, InstanceReport, RegionOutcome, RegionReport, TagOutcome};
use onboarding::{AccountId, FailureKind, PortError, RegionName};
use tracing::warn;

use crate::error::ProvisionError;

/// What became of a Region, and of what kind it was where it failed.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) report: RegionReport,
    pub(super) error: Option<FailureKind>,
}

/// Whether a later invocation of the same run has nothing to add.
pub(super) fn is_final(goal: &Goal, ended: &Ended) -> bool {
    let is_passing = matches!(
        ended.error,
        Some(FailureKind::Throttled { .. } | FailureKind::Transient)
    );
    let leaves_some = matches!(goal, Goal::Remove(_)) && first_failed(&ended.report).is_some();
    ended.report.outcome != RegionOutcome::Unfinished && !is_passing && !leaves_some
}

fn first_failed(report: &RegionReport) -> Option<&InstanceReport> {
    let mut instances = report.instances.iter();
    instances.find(|one| one.tags == TagOutcome::Failed)
}

pub(super) fn failed(region: &RegionName, error: PortError) -> Ended {
    warn!(aws.region = %region, failure = error.kind.name(), "nothing could be done in {region}: {error}");
    let (region, outcome) = (region.clone(), RegionOutcome::Failed);
    Ended {
        error: Some(error.kind),
        report: RegionReport::without_instances(region, outcome, error.reason),
    }
}

pub(super) fn not_enabled(region: RegionName) -> RegionReport {
    let reason = "the Region is not enabled for the account".to_owned();
    RegionReport::without_instances(region, RegionOutcome::Skipped, reason)
}

/// A fault that all Regions have is one of the account.
pub(super) fn check_common(account: &AccountId, ended: &[Ended]) -> Result<(), ProvisionError> {
    let nothing_came = |one: &&Ended| one.error.is_some() && one.report.instances.is_empty();
    let faults: Vec<&Ended> = ended.iter().filter(nothing_came).collect();
    let Some(first) = faults.first().filter(|_| faults.len() == ended.len()) else {
        return Ok(());
    };
    let reason = first.report.reason.clone().unwrap_or_default();
    let kind = first.error.unwrap_or(FailureKind::Transient);
    Err(ProvisionError::port(account)(PortError::new(kind, reason)))
}

/// What is left behind where the way out has ended.
pub(super) fn check_all_gone(account: &AccountId, ended: &[Ended]) -> Option<ProvisionError> {
    let left = |what, reason, kind| ProvisionError::LeftBehind {
        account: account.clone(),
        what,
        reason,
        kind,
    };
    let failed = |one: &&Ended| one.report.outcome == RegionOutcome::Failed;
    if let Some(Ended { report, error }) = ended.iter().find(failed) {
        let reason = report.reason.clone().unwrap_or_default();
        let kind = error.unwrap_or(FailureKind::Transient);
        return Some(left(format!("tags in {}", report.region), reason, kind));
    }
    let count: usize = ended
        .iter()
        .map(|one| one.report.counts().instances_failed)
        .sum();
    let first = ended.iter().find_map(|one| first_failed(&one.report))?;
    let why = first.failure.as_ref();
    let reason = why.map(|why| format!("{}. {}", why.reason, why.fix));
    let what = format!("tags of {count} instances, the first {}", first.instance_id);
    // What passes has been tried often enough.
    Some(left(what, reason.unwrap_or_default(), FailureKind::Denied))
}
