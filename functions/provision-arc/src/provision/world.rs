//! A small world of Regions, instances and executions in memory, in which any call can fail before
//! or after it took effect, or be the last one of its function.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use onboarding::arc::machine::ArcMachine;
use onboarding::arc::{
    AccountReport, Ending, ExecutionId, InstanceId, InstanceState, ProfileName, RegionRecord,
    Runbook, SeenInstance,
};
use onboarding::{FailureKind, PortError, RegionName};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

mod machines;
mod ports;

/// How long an execution takes.
pub const EXECUTION: Duration = Duration::from_secs(5);

/// When the chosen call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Before it changed anything.
    Before,
    /// After it took effect: only the answer is lost.
    After,
    /// The function is stopped before the call.
    StoppedBefore,
    /// The function is stopped after the call.
    StoppedAfter,
}

/// An execution for one instance.
#[derive(Debug, Clone)]
pub struct Execution {
    pub id: ExecutionId,
    pub batch: Option<ExecutionId>,
    pub runbook: Runbook,
    pub instance: InstanceId,
    pub values: BTreeMap<&'static str, String>,
    pub ends: Instant,
    /// What it fails with, and whether after it wrote.
    pub failure: Option<(String, bool)>,
    pub is_applied: bool,
}

#[derive(Debug, Default)]
pub struct Region {
    pub instances: BTreeMap<InstanceId, SeenInstance>,
    pub executions: Vec<Execution>,
    pub batches: BTreeMap<Uuid, ExecutionId>,
    pub writes: BTreeMap<InstanceId, usize>,
    pub setting: Option<String>,
    pub has_runbooks: bool,
    pub is_disabled: bool,
}

#[derive(Debug, Default)]
pub struct State {
    pub regions: BTreeMap<RegionName, Region>,
    pub records: BTreeMap<(String, RegionName), RegionRecord>,
    pub batches: BTreeMap<(String, RegionName), BTreeMap<ExecutionId, u16>>,
    pub reports: Vec<AccountReport>,
    pub is_leaving: bool,
    /// Whether the account has no role that lets us in.
    pub is_closed: bool,
    /// What the next executions fail with, by the order of their start.
    pub failures: Vec<Option<(String, bool)>>,
    /// How many starts find the queue full.
    pub full: usize,
    pub starts: usize,
    /// Arc machines in Azure.
    pub machines: Vec<ArcMachine>,
    /// Why machines cannot be listed.
    pub machines_refusal: Option<PortError>,
    /// How often they were listed.
    pub machine_lists: usize,
    /// Which were written.
    pub machine_writes: Vec<String>,
    /// Until when the last list had time.
    pub machines_until: Option<Instant>,
    /// How long a call travels before it takes effect.
    pub latency: Duration,
    numbers: usize,
    calls: usize,
    fault: Option<(usize, Fault)>,
}

#[derive(Debug, Clone, Default)]
pub struct World(Arc<Mutex<State>>, Arc<Notify>);

impl World {
    pub fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap();
        let now = Instant::now();
        for region in state.regions.values_mut() {
            region.advance(now);
        }
        state
    }

    /// Changes it.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
    }

    /// The `nth` call from now fails.
    pub fn fail(&self, nth: usize, fault: Fault) {
        let mut state = self.state();
        state.calls = 0;
        state.fault = Some((nth, fault));
    }

    /// Whether the fault has struck.
    pub fn struck(&self) -> bool {
        self.state().fault.is_none()
    }

    /// Returns once the function was stopped.
    pub async fn stopped(&self) {
        self.1.notified().await;
    }

    /// How many batches were started.
    pub fn starts(&self) -> usize {
        self.state().starts
    }

    /// Calls since the last time this was asked.
    pub fn take_calls(&self) -> usize {
        std::mem::take(&mut self.state().calls)
    }

    async fn call<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        let due = {
            let mut state = self.state();
            let call = state.calls;
            state.calls += 1;
            let due = state.fault.filter(|(nth, _)| *nth == call);
            if due.is_some() {
                state.fault = None;
            }
            due.map(|(_, fault)| fault)
        };
        let latency = self.state().latency;
        if !latency.is_zero() {
            sleep(latency).await;
        }
        let broken = || Err(PortError::new(FailureKind::Transient, "the line broke"));
        match due {
            Some(Fault::Before) => return broken(),
            Some(Fault::StoppedBefore) => self.stop().await,
            _ => {}
        }
        let done = act(&mut self.state());
        match due {
            Some(Fault::After) => broken(),
            Some(Fault::StoppedAfter) => {
                self.stop().await;
                Ok(done)
            }
            _ => Ok(done),
        }
    }

    async fn stop(&self) {
        self.1.notify_one();
        pending::<()>().await;
    }
}

impl Region {
    /// Carries out what has ended by now.
    fn advance(&mut self, now: Instant) {
        let due = |one: &&mut Execution| !one.is_applied && one.ends <= now;
        for execution in self.executions.iter_mut().filter(due) {
            execution.is_applied = true;
            let writes = execution.failure.as_ref().is_none_or(|(_, after)| *after);
            if let Some(instance) = self.instances.get_mut(&execution.instance)
                && writes
            {
                *self.writes.entry(instance.id.clone()).or_default() += 1;
                write(instance, execution.runbook, &execution.values);
            }
        }
    }

    fn ending(&self, id: &ExecutionId) -> Option<Ending> {
        let of_it = |one: &&Execution| one.id == *id || one.batch.as_ref() == Some(id);
        let mut all = self.executions.iter().filter(of_it);
        all.all(|one| one.is_applied).then_some(Ending::Success)
    }
}

fn write(instance: &mut SeenInstance, runbook: Runbook, values: &BTreeMap<&'static str, String>) {
    let id = instance.id.to_string();
    let pairs = [
        ("AccountId", values.get("AccountIdTagValue")),
        ("Cloud", values.get("CloudTagValue")),
        ("InstanceId", Some(&id)),
        ("MDFCSecurityConnector", values.get("ConnectorTagValue")),
    ];
    for (key, value) in pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
    {
        match runbook {
            Runbook::ApplyTags => drop(instance.tags.insert(key.to_owned(), value.clone())),
            Runbook::RemoveTags if instance.tags.get(key) == Some(value) => {
                instance.tags.remove(key);
            }
            _ => {}
        }
    }
    if runbook == Runbook::AttachProfile {
        let arn = format!("arn:aws:iam::1:instance-profile/{}", values["RoleName"]);
        instance.profile = ProfileName::of_arn(&arn);
    }
}

/// A running instance with these tags.
pub fn instance(id: &InstanceId, tags: &[(&str, &str)]) -> SeenInstance {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    SeenInstance {
        id: id.clone(),
        state: InstanceState::Running,
        architecture: "x86_64".to_owned(),
        profile: ProfileName::of_arn("arn:aws:iam::1:instance-profile/web"),
        tags: tags.iter().map(owned).collect(),
    }
}
