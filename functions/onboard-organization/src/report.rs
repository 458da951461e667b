//! Puts down what came of a run.

use std::collections::BTreeMap;

use lambda_support::metrics::{self, Metric};
use onboarding::organization::{
    AccountOutcome, AccountResult, Action, Intent, Migration, Report, ReportBuilder, RunCounts,
    RunOutcome, StrayAccounts, WantedState, read_results,
};
use onboarding::{AccountId, PortError};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::bucket::Bucket;
use crate::cloud::Cloud;
use crate::command;
use crate::error::OrganizationError;
use crate::outcome::Outcome;
use crate::run::{Entry, Run};

mod common_fault;
mod facts;
mod manifest;
mod strays;

use common_fault::Tally;
use manifest::Manifest;
use strays::Removal;

/// Reports one run.
#[derive(Debug)]
pub struct Reporting<'a, C> {
    /// The clouds.
    pub cloud: &'a Cloud<C>,
    /// The run.
    pub asked: &'a command::Report,
    /// Until when.
    pub deadline: Instant,
}

impl<C> Reporting<'_, C> {
    /// Writes the report; what came of the run as a whole.
    pub async fn report(&self) -> Result<Outcome, OrganizationError> {
        let bucket = self.cloud.bucket(self.deadline);
        let id = &self.asked.run_id;
        let Some(run) = self.run(&bucket).await? else {
            return Ok(Outcome::of_nothing());
        };
        let state = bucket.wanted(id).await?;
        let state = state.and_then(|state| WantedState::of_value(state).ok());
        let settings = state.as_ref().and_then(WantedState::organization);
        let mut builder = self.begun(&bucket, &run, state.as_ref()).await?;
        let mut excluded = StrayAccounts::of(run.intent, settings);
        let mut entries: BTreeMap<AccountId, Entry> = BTreeMap::new();
        for entry in bucket.entries(id).await? {
            builder.expect(entry.item.clone());
            excluded.expect(&entry.item.account_id);
            entries.insert(entry.item.account_id.clone(), entry);
        }
        for skipped in bucket.skipped(id).await? {
            builder.skip(&skipped);
            excluded.skip(&skipped);
        }
        let mut tally = Tally::of(entries.len());
        let mut finished = Vec::new();
        self.results(&bucket, &mut |result| {
            builder.add(&result);
            tally.note(&result);
            let entry = entries.get(&result.account_id);
            let for_good = entry.is_some_and(|entry| is_finished(entry, &result));
            excluded.add(&result, for_good);
            if for_good {
                finished.push(result.account_id);
            }
        })
        .await?;
        let removal = Removal::begin(self.cloud, id, settings, excluded, self.deadline).await;
        removal
            .stacks()
            .iter()
            .for_each(|stacks| builder.stray(stacks));
        let counts = self.keep(&bucket, builder.finish()).await?;
        bucket.mark(&finished, false).await?;
        if run.intent == Intent::Offboard {
            bucket.forget_subscription().await?;
        }
        removal.end().await?;
        if run.idle.is_none() {
            measure(&run, counts);
        }
        info!(run.id = %id, counts = ?counts, "the run {id} has ended");
        Ok(Outcome {
            run: RunOutcome {
                counts,
                report_uri: bucket.report_uri(id),
                done: true,
            },
            common_fault: tally.common_fault(),
        })
    }

    /// The run; `None` where it found nothing to do, and wrote nothing down.
    async fn run(&self, bucket: &Bucket) -> Result<Option<Run>, OrganizationError> {
        let id = &self.asked.run_id;
        let asked = &self.asked;
        match bucket.run(id).await? {
            Some(run) if run.intent == asked.intent => Ok(Some(run)),
            None if asked.results_key.is_none() && asked.intent == Intent::Onboard => Ok(None),
            _ => Err(OrganizationError::Invalid(format!(
                "there is no run {id} of this kind"
            ))),
        }
    }

    async fn begun(
        &self,
        bucket: &Bucket,
        run: &Run,
        state: Option<&WantedState>,
    ) -> Result<ReportBuilder, OrganizationError> {
        let facts = facts::of(state, run.intent, self.cloud.settings());
        let mut builder = ReportBuilder::new(self.asked.run_id.clone(), run.intent, facts);
        // A run over a few accounts does not see who of the others still waits.
        let tells_of_all = run.intent == Intent::Onboard && run.idle.is_none() && !run.is_partial;
        if tells_of_all && let Some(migrating) = bucket.migration().await? {
            builder.migrating(migrating.to, migrating.elapsed());
        }
        Ok(builder)
    }

    async fn keep(&self, bucket: &Bucket, report: Report) -> Result<RunCounts, PortError> {
        bucket.keep_report(&self.asked.run_id, report.body).await?;
        if let Some(migration) = report.migration {
            tell(bucket, migration).await?;
        }
        if let Some(last) = report.last_run {
            bucket.keep_last(&last).await?;
        }
        Ok(report.counts)
    }

    /// Every result, one after another; one file at a time is in memory.
    async fn results(
        &self,
        bucket: &Bucket,
        each: &mut (dyn FnMut(AccountResult) + Send),
    ) -> Result<(), OrganizationError> {
        let Some(key) = &self.asked.results_key else {
            return Ok(());
        };
        let manifest = Manifest::read(bucket, &self.asked.run_id, key).await?;
        for key in manifest.files() {
            let file = bucket.result(key).await?;
            let unreadable = read_results(&file, &mut |result| each(result)).map_err(|error| {
                OrganizationError::Invalid(format!("the results {key} cannot be read: {error}"))
            })?;
            if unreadable > 0 {
                warn!("{unreadable} results in {key} make no sense");
            }
        }
        Ok(())
    }
}

/// Says how far a change is of who registers the members.
async fn tell(bucket: &Bucket, migration: Migration) -> Result<(), PortError> {
    let Migration {
        to,
        gap_seconds,
        accounts_waiting,
    } = migration;
    if accounts_waiting > 0 {
        info!(
            "MemberRegistration={to:?} since {gap_seconds} s: {accounts_waiting} members still have no connector"
        );
        return Ok(());
    }
    info!("MemberRegistration={to:?}: every member has a connector again, after {gap_seconds} s");
    bucket.end_migration().await
}

/// Whether an account is out for good, and need not be marked any more: a run before this one took
/// out what there was, and this one found nothing. Until then a child of an older run could still
/// put it in. Runs over a few accounts come in numbers when stacks go: one must not take from another
/// the mark that it goes by.
fn is_finished(entry: &Entry, result: &AccountResult) -> bool {
    entry.item.action == Action::Offboard
        && entry.item.as_wanted
        && matches!(
            result.outcome,
            AccountOutcome::Offboarded | AccountOutcome::Removed
        )
}

fn measure(run: &Run, counts: RunCounts) {
    let count = |name, value: usize| Metric::count(name, u32::try_from(value).unwrap_or(u32::MAX));
    metrics::emit(
        &[
            count("AccountsInScope", counts.accounts_in_scope),
            count("AccountsConnected", counts.accounts_connected),
            count("AccountsFailed", counts.accounts_failed),
            count("AccountsSkipped", counts.accounts_skipped),
            count("AccountsOffboarded", counts.accounts_offboarded),
        ],
        &[],
    );
    let intent = match run.intent {
        Intent::Onboard => "Onboard",
        Intent::Offboard => "Offboard",
        Intent::Narrow => "Narrow",
    };
    metrics::emit(
        &[Metric::duration("RunDuration", run.elapsed())],
        &[("Intent", intent)],
    );
}

#[cfg(test)]
mod tests;
