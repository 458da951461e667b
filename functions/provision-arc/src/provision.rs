//! One pass over the instances of an account, in all its Regions side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use onboarding::arc::ports::{Profiles, Records, RegionError, RegionPorts, Regions};
use onboarding::arc::{AccountReport, Goal, RegionOutcome, RegionRecord, RegionReport};
use onboarding::{FailureKind, RegionName};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::error::ProvisionError;
use crate::result::Outcome;

mod batches;
mod ending;
mod hosts;
mod machines;
mod outcome;
mod pace;
mod readiness;
mod region;
mod task;

use batches::passes;
use ending::{Ended, check_all_gone, check_common, failed, is_final, not_enabled};
use outcome::Sight;
use readiness::KnownProfiles;
use region::Place;

pub use machines::MachinesUntil;
pub use task::{Errand, Reach, Task};

/// How long after an interruption a Region is begun anew.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(45),
];

/// A pass over an account.
#[derive(Debug)]
pub struct Provision<A, P, R, M> {
    /// What is to be done.
    pub task: Task,
    /// The account's Regions.
    pub regions: A,
    /// The account's instance profiles.
    pub profiles: P,
    /// What runs leave behind.
    pub records: R,
    /// The Arc machines of the subscription.
    pub machines: M,
}

impl<A: Regions, P: Profiles, R: Records, M: MachinesUntil> Provision<A, P, R, M> {
    /// Does what is left to do, until all is done or time is up. A member that is taken out may not
    /// let us in any more: its tags stay, which whoever takes its connector out tells with the rest.
    pub async fn pass(&self) -> Result<Outcome, ProvisionError> {
        match self.work_through().await {
            Err(error) if self.is_final_denial(&error) && self.is_shut_out().await => {
                let account = &self.task.account;
                warn!(account.id = %account, "tags in account {account} stay there: {error}");
                Ok(Outcome::nothing_to_do())
            }
            result => result,
        }
    }

    fn is_final_denial(&self, error: &ProvisionError) -> bool {
        let Task { errand, reach, .. } = self.task;
        errand == Errand::Offboard && reach == Reach::Organization && error.is_denied()
    }

    async fn is_shut_out(&self) -> bool {
        let entered = self.regions.enter().await;
        entered.is_err_and(|error| error.kind == FailureKind::Denied)
    }

    async fn work_through(&self) -> Result<Outcome, ProvisionError> {
        let Task { account, run, .. } = &self.task;
        let port = ProvisionError::port(account);
        self.check_leaving().await?;
        let enabled = self.regions.enabled().await.map_err(&port)?;
        let enabled: BTreeSet<RegionName> = enabled.into_iter().map(|one| one.name).collect();
        let chosen = match &self.task.chosen {
            none if none.is_empty() => enabled.clone(),
            some => some.clone(),
        };
        let (open, closed): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|one| enabled.contains(one));
        let profiles = Mutex::new(KnownProfiles::default());
        let ended = join_all(open.iter().map(|region| self.region(region, &profiles))).await;
        if self.task.errand != Errand::Narrow {
            check_common(account, &ended)?;
        }
        let left_behind = check_all_gone(account, &ended);
        let closed = closed.into_iter().map(not_enabled);
        let reports = ended.into_iter().map(|ended| ended.report).chain(closed);
        let operation = self.task.errand.name();
        let report = AccountReport::new(account.clone(), run.clone(), operation, reports.collect());
        let report = self.with_machines(report).await;
        let uri = self.records.report(&report).await.map_err(&port)?;
        let outcome = Outcome::of(&report, uri);
        let counts = &outcome.counts;
        info!(account.id = %account, run.id = %run, done = outcome.done, seen = counts.instances_seen, tagged = counts.instances_tagged, failed = counts.instances_failed, "{operation} of account {account}: {} instances seen, {} failed", counts.instances_seen, counts.instances_failed);
        match (self.task.errand, left_behind) {
            (Errand::Offboard, Some(error)) if outcome.done => Err(error),
            (Errand::Narrow, Some(error)) if outcome.done && error.is_passing() => Err(error),
            // Whoever takes a Region out because nothing can be done there could not otherwise.
            (Errand::Narrow, Some(error)) if outcome.done => {
                warn!("tags stay where Regions are taken out: {error}");
                Ok(outcome)
            }
            _ => Ok(outcome),
        }
    }

    /// A way out that nobody asked for would take the tags of a whole account. That Regions are
    /// taken out is said by what was kept with the run.
    async fn check_leaving(&self) -> Result<(), ProvisionError> {
        let account = &self.task.account;
        let port = ProvisionError::port(account);
        let is_leaving = self.records.is_leaving(account).await.map_err(&port)?;
        match (self.task.errand, is_leaving) {
            (Errand::Offboard, false) => Err(ProvisionError::NotLeaving(account.clone())),
            (Errand::Onboard, true) => Err(ProvisionError::Leaving(account.clone())),
            _ => Ok(()),
        }
    }

    async fn region(&self, name: &RegionName, profiles: &Mutex<KnownProfiles>) -> Ended {
        let Task { run, account, .. } = &self.task;
        let mut record = match self.records.region(run, account, name).await {
            Ok(record) => record.unwrap_or_default(),
            Err(error) => {
                // It only helps to count.
                warn!(aws.region = %name, "the record of {name} was not read: {error}");
                RegionRecord::default()
            }
        };
        if let Some(report) = record.report {
            return Ended {
                report,
                error: None,
            };
        }
        let ports = self.regions.region(name);
        let place = Place {
            task: &self.task,
            region: name,
            ports: &ports,
            records: &self.records,
        };
        let ended = self.persist(&place, &mut record, profiles).await;
        self.write_down(&place, record, &ended).await;
        ended
    }

    /// Works in a Region, from the start where it was interrupted by something that passes.
    async fn persist<X: RegionPorts>(
        &self,
        place: &Place<'_, X, R>,
        record: &mut RegionRecord,
        profiles: &Mutex<KnownProfiles>,
    ) -> Ended {
        let name = place.region;
        let mut pauses = PAUSES.into_iter();
        loop {
            // On the heap: paging and retries make this future large, and there is one per Region.
            let error = match Box::pin(self.work(place, record, profiles)).await {
                Ok(ended) => return ended,
                Err(RegionError::Disabled(error)) => {
                    let (region, outcome) = (name.clone(), RegionOutcome::Skipped);
                    let report = RegionReport::without_instances(region, outcome, error.reason);
                    let error = Some(FailureKind::Denied);
                    return Ended { report, error };
                }
                Err(RegionError::Port(error)) => error,
            };
            let pause = pauses.next().filter(|_| passes(&error));
            let next = pause.map(|pause| Instant::now() + pause);
            let Some(next) = next.filter(|next| *next < self.task.until) else {
                return failed(name, error);
            };
            warn!(aws.region = %name, "starting over in {name}: {error}");
            sleep_until(next).await;
        }
    }

    async fn work<X: RegionPorts>(
        &self,
        place: &Place<'_, X, R>,
        record: &mut RegionRecord,
        profiles: &Mutex<KnownProfiles>,
    ) -> Result<Ended, RegionError> {
        let onboards = matches!(self.task.goal, Goal::Apply(..));
        let (fleet, nodes) = tokio::join!(place.bring(record), async {
            if onboards {
                place.nodes().await
            } else {
                Ok(BTreeMap::new())
            }
        });
        let fleet = fleet?;
        let hosts = if fleet.is_unfinished {
            hosts::Hosts::default()
        } else {
            place.manage_hosts(&fleet).await
        };
        let readiness = match nodes {
            Ok(nodes) if onboards => Some(self.readiness(nodes, &fleet, profiles).await),
            Ok(_) => None,
            Err(error) => {
                warn!(aws.region = %place.region, "whether instances are ready is not known: {error}");
                None
            }
        };
        let sight = Sight {
            goal: &self.task.goal,
            fleet: &fleet,
            record,
            readiness: readiness.as_ref(),
        };
        let outcome = match &fleet.stopped {
            Some(_) => RegionOutcome::Failed,
            None if fleet.is_unfinished || hosts.is_unfinished => RegionOutcome::Unfinished,
            None => RegionOutcome::Done,
        };
        let stopped = fleet.stopped.as_ref();
        Ok(Ended {
            report: RegionReport {
                region: place.region.clone(),
                outcome,
                reason: stopped.map(|error| error.reason.clone()),
                host_management: hosts.told,
                instances: sight.instances(),
            },
            error: stopped.map(|error| error.kind),
        })
    }

    /// What cannot be written down is only counted less well.
    async fn write_down<X: RegionPorts>(
        &self,
        place: &Place<'_, X, R>,
        mut record: RegionRecord,
        ended: &Ended,
    ) {
        if is_final(&self.task.goal, ended) {
            record.report = Some(ended.report.clone());
        }
        if let Err(error) = place.keep(&record).await {
            warn!(aws.region = %place.region, "the record of {} was not kept: {error}", place.region);
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
