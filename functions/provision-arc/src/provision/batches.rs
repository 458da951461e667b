//! Starts a runbook for many instances, in batches, and follows each to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use onboarding::arc::execution::{Failed, failures};
use onboarding::arc::ports::{Children, RegionError, RegionPorts, StartError};
use onboarding::arc::{Batch, Busy, Ending, ExecutionId, InstanceId, Lane, RunId, Runbook};
use onboarding::{FailureKind, PortError, RegionName};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::pace::Size;

mod progress;

use progress::{Progress, Running};

/// How long a full queue is left alone.
const QUEUE_PAUSE: Duration = Duration::from_secs(10);
/// How long after a failure that passes, and how often, before it is taken for one that does not.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);
const MOST_FAILURES: u32 = 5;

/// What to start, and how.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) run: &'a RunId,
    pub(super) region: &'a RegionName,
    pub(super) runbook: Runbook,
    pub(super) parameters: BTreeMap<&'static str, String>,
    pub(super) at_once: u16,
    pub(super) largest_batch: usize,
    pub(super) until: Instant,
}

/// Watches over what is started.
pub(super) trait Journal: Send + Sync {
    /// Why another batch may not be started, if so.
    fn refusal(&self) -> impl Future<Output = Result<Option<PortError>, PortError>> + Send;
    /// Notes the batches that are under way, so that a later invocation knows them for ours.
    fn note(&self, batches: &BTreeMap<ExecutionId, u16>) -> impl Future<Output = ()> + Send;
}

/// What is to be started.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) instances: BTreeSet<InstanceId>,
    pub(super) earlier_tries: u32,
    /// What an earlier invocation has started and is to be followed.
    pub(super) adopted: Vec<Adopted>,
}

/// A batch of an earlier invocation.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) id: ExecutionId,
    pub(super) instances: BTreeSet<InstanceId>,
    pub(super) busy: Busy,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// The batch that made each of them right.
    pub(super) succeeded: BTreeMap<InstanceId, ExecutionId>,
    pub(super) failed: BTreeMap<InstanceId, Failed>,
    /// Whether the outcome of some is not known, so that a look has to tell.
    pub(super) is_unsure: bool,
    /// Why no more was started.
    pub(super) stopped: Option<PortError>,
    /// Whether time was up before everything had ended.
    pub(super) is_out_of_time: bool,
}

impl Order<'_> {
    /// Starts the runbook for the instances and follows it, until all have ended or time is up.
    /// What is under way then goes on by itself.
    pub(super) async fn carry_out<X: RegionPorts, J: Journal>(
        &self,
        ports: &X,
        journal: &J,
        work: Work,
    ) -> Result<Ran, RegionError> {
        let mut progress = Progress::of(self, work);
        loop {
            self.fill(ports, journal, &mut progress).await?;
            if progress.is_over() {
                return Ok(progress.ran);
            }
            let now = Instant::now();
            if now >= self.until {
                progress.ran.is_out_of_time = true;
                return Ok(progress.ran);
            }
            sleep_until(progress.next_look(now, self.until)).await;
            let ended = self.take_ended(ports, &mut progress).await?;
            for (running, ending) in ended {
                self.settle(ports, &mut progress.ran, &running, ending)
                    .await;
            }
        }
    }

    async fn fill<X: RegionPorts, J: Journal>(
        &self,
        ports: &X,
        journal: &J,
        progress: &mut Progress,
    ) -> Result<(), RegionError> {
        let before = progress.running.len();
        let filled = self.start_idle(ports, journal, progress).await;
        if progress.running.len() > before {
            journal.note(&progress.batches()).await;
        }
        filled
    }

    async fn start_idle<X: RegionPorts, J: Journal>(
        &self,
        ports: &X,
        journal: &J,
        progress: &mut Progress,
    ) -> Result<(), RegionError> {
        for lane in progress.idle(Instant::now()) {
            if Instant::now() >= self.until {
                return Ok(());
            }
            if let Some(refusal) = journal.refusal().await? {
                progress.ran.stopped = Some(refusal);
                return Ok(());
            }
            let batch = self.batch(&progress.lanes[lane], progress.earlier_tries);
            let token = batch.token(self.run, self.region);
            match ports.start(&batch, token).await {
                Ok(id) => {
                    let count = batch.instances.len();
                    info!(aws.region = %self.region, aws.execution = %id, instances = count, "started {} for {count} instances in {}", self.runbook, self.region);
                    progress.lanes[lane].batches.pop_front();
                    progress.running.push(Running {
                        id,
                        lane,
                        since: Instant::now(),
                        size: Size {
                            instances: count,
                            at_once: batch.at_once,
                        },
                        instances: batch.instances,
                    });
                    progress.failures = 0;
                }
                Err(error) => return self.not_started(progress, error),
            }
        }
        Ok(())
    }

    fn batch(&self, lane: &Lane, earlier_tries: u32) -> Batch {
        Batch {
            runbook: self.runbook,
            parameters: self.parameters.clone(),
            instances: lane.batches.front().cloned().unwrap_or_default(),
            at_once: lane.at_once,
            earlier_tries,
        }
    }

    fn not_started(&self, progress: &mut Progress, error: StartError) -> Result<(), RegionError> {
        match error {
            StartError::QueueFull(error) => {
                info!(aws.region = %self.region, "waiting for room in the queue of executions: {error}");
                progress.hold(QUEUE_PAUSE);
            }
            StartError::Region(RegionError::Port(error))
                if passes(&error) && progress.failures < MOST_FAILURES =>
            {
                warn!(aws.region = %self.region, "trying again: {error}");
                progress.failures += 1;
                progress.hold(FAILURE_PAUSE * progress.failures);
            }
            StartError::NoRunbook(error) | StartError::Region(RegionError::Port(error)) => {
                progress.ran.stopped = Some(error);
            }
            StartError::Region(disabled @ RegionError::Disabled(_)) => return Err(disabled),
        }
        Ok(())
    }

    /// Takes out the batches that have ended. One call tells of all; each that is not told of any
    /// more is asked for by itself, since a list may be behind.
    async fn take_ended<X: RegionPorts>(
        &self,
        ports: &X,
        progress: &mut Progress,
    ) -> Result<Vec<(Running, Ending)>, RegionError> {
        let listed = match ports.under_way(self.runbook).await {
            Ok(listed) => listed,
            Err(error) => return tolerated(self.region, progress, error).map(|()| Vec::new()),
        };
        let mut ended = Vec::new();
        for running in std::mem::take(&mut progress.running) {
            let is_listed = listed.iter().any(|one| one.id == running.id);
            let ending = if is_listed {
                Ok(None)
            } else {
                ports.ending(&running.id).await
            };
            match ending {
                Ok(Some(ending)) => {
                    progress.pace.learn(running.size, running.since.elapsed());
                    ended.push((running, ending));
                }
                Ok(None) => progress.running.push(running),
                Err(error) => {
                    progress.running.push(running);
                    tolerated(self.region, progress, error)?;
                }
            }
        }
        Ok(ended)
    }

    async fn settle<X: RegionPorts>(
        &self,
        ports: &X,
        ran: &mut Ran,
        running: &Running,
        ending: Ending,
    ) {
        let which = match ending {
            Ending::Success => Children::Failed,
            Ending::Failure => Children::All,
        };
        let children = match ports.children(&running.id, which).await {
            Ok(children) => children,
            Err(error) => {
                warn!(aws.region = %self.region, aws.execution = %running.id, "what came of {} is not known: {error}", running.id);
                ran.is_unsure = true;
                return;
            }
        };
        let targets = &running.instances;
        let failures = failures(&running.id, ending, targets, &children);
        if let Some(denial) = common_denial(targets, &failures) {
            ran.stopped.get_or_insert(denial);
        }
        let right = targets.iter().filter(|one| !failures.contains_key(*one));
        let right = right.map(|one| (one.clone(), running.id.clone()));
        ran.succeeded.extend(right);
        ran.failed.extend(failures);
    }
}

/// A denial that is the same for all: to start the others would cost money and change nothing.
fn common_denial(
    targets: &BTreeSet<InstanceId>,
    failures: &BTreeMap<InstanceId, Failed>,
) -> Option<PortError> {
    let all_alike =
        failures.len() == targets.len() && failures.values().all(|failed| failed.cause.is_common());
    let first = failures.values().next().filter(|_| all_alike)?;
    let reason = format!("{}. {}", first.message, first.cause.fix());
    Some(PortError::new(FailureKind::Denied, reason))
}

/// Whether it may work later.
pub(super) fn passes(error: &PortError) -> bool {
    matches!(
        error.kind,
        FailureKind::Throttled { .. } | FailureKind::Transient
    )
}

/// What is under way goes on whether we can see it or not, so a look that fails is repeated.
fn tolerated(
    region: &RegionName,
    progress: &mut Progress,
    error: RegionError,
) -> Result<(), RegionError> {
    match error {
        RegionError::Port(error) if passes(&error) && progress.failures < MOST_FAILURES => {
            warn!(aws.region = %region, "looking again: {error}");
            progress.failures += 1;
            Ok(())
        }
        error => Err(error),
    }
}
