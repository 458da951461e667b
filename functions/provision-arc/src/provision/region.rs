//! Brings the instances of one Region to the goal, starting runbooks for exactly those that are
//! wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use onboarding::arc::execution::Failed;
use onboarding::arc::plan::{MOST_TRIES, Situation, Step, next_step};
use onboarding::arc::ports::{Records, RegionError, RegionPorts};
use onboarding::arc::{Busy, ExecutionId, InstanceId, Observed, RegionRecord, Runbook, UnderWay};
use onboarding::{PortError, RegionName};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::Task;
use super::batches::{Adopted, Journal, Order, Ran, Work, passes};

/// How long between two looks at what others have under way, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const MOST_FAILURES: u32 = 5;
/// EC2 shows for a moment what was before a write.
const SETTLING: Duration = Duration::from_secs(5);

/// One Region of a task.
#[derive(Debug)]
pub(super) struct Place<'a, X, R> {
    pub(super) task: &'a Task,
    pub(super) region: &'a RegionName,
    pub(super) ports: &'a X,
    pub(super) records: &'a R,
}

/// How far the instances are.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// As they were seen last.
    pub(super) seen: BTreeMap<InstanceId, Observed>,
    /// Made right since, and by what.
    pub(super) done: BTreeMap<InstanceId, ExecutionId>,
    /// Why the last try for an instance failed.
    pub(super) failed: BTreeMap<InstanceId, Failed>,
    /// Why nothing more was started.
    pub(super) stopped: Option<PortError>,
    /// Whether time was up before all had their turn.
    pub(super) is_unfinished: bool,
}

impl Fleet {
    fn wrong(&self) -> BTreeSet<InstanceId> {
        let wrong = self.seen.values().filter(|one| one.is_wrong());
        let undone = wrong.filter(|one| !self.done.contains_key(&one.id));
        undone.map(|one| one.id.clone()).collect()
    }
}

impl<X: RegionPorts, R: Records> Place<'_, X, R> {
    /// Looks and starts until nothing is left to do or time is up.
    pub(super) async fn bring(&self, record: &mut RegionRecord) -> Result<Fleet, RegionError> {
        let runbook = self.task.goal.runbook();
        let mut fleet = Fleet::default();
        let mut waits = 0;
        loop {
            let under_way = self.look(&mut fleet).await?;
            let wrong = fleet.wrong();
            self.remember(record, &fleet, &wrong).await?;
            let batches = self.own_batches(&under_way).await?;
            let own = batches.keys().cloned().collect();
            let situation = Situation {
                runbook,
                wrong: &wrong,
                under_way: &under_way,
                own: &own,
                tries: &record.tries,
                waits,
            };
            match next_step(situation) {
                Step::Nothing => return Ok(fleet),
                Step::Wait(executions) => {
                    waits += 1;
                    if !self.await_end(runbook, &executions).await? {
                        fleet.is_unfinished = true;
                        return Ok(fleet);
                    }
                }
                Step::Start { instances, holds } => {
                    let adopted = adopted(&under_way, &batches, &wrong);
                    let again = self.start(record, &mut fleet, instances, adopted).await?;
                    if fleet.is_unfinished || fleet.stopped.is_some() || !(again || holds) {
                        return Ok(fleet);
                    }
                    sleep_until((Instant::now() + SETTLING).min(self.task.until)).await;
                }
            }
        }
    }

    /// What is under way, and then what the instances are: the other way round, what ends in
    /// between would be started again.
    async fn look(&self, fleet: &mut Fleet) -> Result<Vec<UnderWay>, RegionError> {
        let under_way = self.under_way(self.task.goal.runbook()).await;
        let mut seen = BTreeMap::new();
        let goal = &self.task.goal;
        let mut each = |instance| {
            let observed = goal.observe(instance);
            seen.insert(observed.id.clone(), observed);
        };
        // Where both are refused, EC2's refusal says more.
        self.ports.instances(&mut each).await?;
        fleet.seen = seen;
        under_way
    }

    pub(super) async fn under_way(&self, runbook: Runbook) -> Result<Vec<UnderWay>, RegionError> {
        let mut found = self.ports.under_way(runbook).await?;
        let own = |one: &&mut UnderWay| one.runbook == runbook && one.targets.is_empty();
        for one in found.iter_mut().filter(own).filter(|one| !one.is_batch) {
            one.targets.extend(self.ports.target(&one.id).await?);
        }
        Ok(found)
    }

    /// The batches under way that this run has started.
    async fn own_batches(
        &self,
        under_way: &[UnderWay],
    ) -> Result<BTreeMap<ExecutionId, u16>, PortError> {
        if !under_way.iter().any(|one| one.is_batch) {
            return Ok(BTreeMap::new());
        }
        let Task { run, account, .. } = self.task;
        self.records.batches(run, account, self.region).await
    }

    /// Writes down what was seen wrong before anything is started: whoever goes on after us counts
    /// by it.
    async fn remember(
        &self,
        record: &mut RegionRecord,
        fleet: &Fleet,
        wrong: &BTreeSet<InstanceId>,
    ) -> Result<(), RegionError> {
        let mut is_new = false;
        for observed in wrong.iter().filter_map(|id| fleet.seen.get(id)) {
            is_new |= record.note_wrong(&observed.id, || observed.replaced());
        }
        if is_new {
            self.keep(record).await?;
        }
        Ok(())
    }

    pub(super) async fn keep(&self, record: &RegionRecord) -> Result<(), PortError> {
        let Task { run, account, .. } = self.task;
        let records = self.records;
        records.keep_region(run, account, self.region, record).await
    }

    /// Starts the runbook; whether it has to be looked again afterwards.
    async fn start(
        &self,
        record: &mut RegionRecord,
        fleet: &mut Fleet,
        instances: BTreeMap<u32, BTreeSet<InstanceId>>,
        adopted: Vec<Adopted>,
    ) -> Result<bool, RegionError> {
        let runbook = self.task.goal.runbook();
        let (mut again, mut adopted) = (false, adopted);
        for (earlier_tries, instances) in instances {
            let order = self.order(runbook, self.task.tag_parameters());
            let work = Work {
                instances,
                earlier_tries,
                adopted: std::mem::take(&mut adopted),
            };
            let ran = order.carry_out(self.ports, self, work).await?;
            again |= ran.is_unsure;
            again |= take_over(record, fleet, ran);
            if fleet.is_unfinished || fleet.stopped.is_some() {
                break;
            }
        }
        Ok(again)
    }

    pub(super) fn order(
        &self,
        runbook: Runbook,
        parameters: BTreeMap<&'static str, String>,
    ) -> Order<'_> {
        Order {
            run: &self.task.run,
            region: self.region,
            runbook,
            parameters,
            at_once: self.task.at_once,
            largest_batch: self.task.largest_batch,
            until: self.task.until,
        }
    }

    /// Waits until none of the executions is under way; `false` where time is up before.
    pub(super) async fn await_end(
        &self,
        runbook: Runbook,
        executions: &BTreeSet<ExecutionId>,
    ) -> Result<bool, RegionError> {
        let count = executions.len();
        info!(aws.region = %self.region, executions = count, "waiting for {count} executions that are under way in {}", self.region);
        let (mut pause, mut failures) = (FIRST_PAUSE, 0);
        loop {
            let next = Instant::now() + pause;
            if next >= self.task.until {
                sleep_until(self.task.until).await;
                return Ok(false);
            }
            sleep_until(next).await;
            match self.ports.under_way(runbook).await {
                Ok(listed) if !listed.iter().any(|one| executions.contains(&one.id)) => {
                    return Ok(true);
                }
                Ok(_) => failures = 0,
                Err(RegionError::Port(error)) if passes(&error) && failures < MOST_FAILURES => {
                    warn!(aws.region = %self.region, "looking again: {error}");
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
            pause = (pause + Duration::from_secs(1)).min(LONGEST_PAUSE);
        }
    }
}

/// What an earlier invocation of the run has under way.
fn adopted(
    under_way: &[UnderWay],
    batches: &BTreeMap<ExecutionId, u16>,
    wrong: &BTreeSet<InstanceId>,
) -> Vec<Adopted> {
    let adopted = under_way.iter().filter_map(|one| {
        let at_once = *batches.get(&one.id)?;
        let left = one.targets.intersection(wrong).count();
        Some(Adopted {
            id: one.id.clone(),
            instances: one.targets.clone(),
            busy: Busy { at_once, left },
        })
    });
    adopted.collect()
}

/// Adds what came of a start; whether some failed in a way that another try may mend.
fn take_over(record: &mut RegionRecord, fleet: &mut Fleet, ran: Ran) -> bool {
    let mut again = false;
    for (instance, execution) in ran.succeeded {
        fleet.failed.remove(&instance);
        record
            .executions
            .insert(instance.clone(), execution.clone());
        fleet.done.insert(instance, execution);
    }
    for (instance, failed) in ran.failed {
        if failed.cause.is_passing() {
            record.note_try(&instance);
            again = true;
        } else {
            // It would fail again; the next run may find it mended.
            record.tries.insert(instance.clone(), MOST_TRIES);
        }
        fleet.failed.insert(instance, failed);
    }
    fleet.is_unfinished |= ran.is_out_of_time;
    fleet.stopped = fleet.stopped.take().or(ran.stopped);
    again
}

impl<X: RegionPorts, R: Records> Journal for Place<'_, X, R> {
    async fn refusal(&self) -> Result<Option<PortError>, PortError> {
        self.task.refusal(self.records).await
    }

    async fn note(&self, batches: &BTreeMap<ExecutionId, u16>) {
        let Task { run, account, .. } = self.task;
        let kept = self
            .records
            .keep_batches(run, account, self.region, batches)
            .await;
        if let Err(error) = kept {
            // A later invocation then waits for them instead of joining in.
            warn!(aws.region = %self.region, "the batches that are under way were not noted: {error}");
        }
    }
}
