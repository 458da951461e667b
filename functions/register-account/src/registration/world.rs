//! A small world of connectors, provider, roles and bucket in memory, in which any call can fail
//! before or after it took effect.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use onboarding::Connector;
use onboarding::ports::{FailureKind, PortError};
use onboarding::provider::SeenProvider;
use onboarding::trust::SeenRole;
use serde_json::Value;

mod ports;

pub use ports::written;

/// When the chosen call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Before it changed anything.
    Before,
    /// After it took effect: only the answer is lost.
    After,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub connectors: Vec<Connector>,
    /// By the path of their URL.
    pub providers: BTreeMap<String, SeenProvider>,
    pub roles: BTreeMap<String, SeenRole>,
    pub records: BTreeMap<String, Value>,
    /// Whether the account has no role that lets us in.
    pub is_closed: bool,
    /// Whether the account is marked as being taken out.
    pub is_leaving: bool,
    /// Whether the request that began the run was refused.
    pub is_refused: bool,
}

/// What somebody else does just before a call.
type Meanwhile = Box<dyn FnOnce(&mut State) + Send>;

#[derive(Default)]
struct Inner {
    state: State,
    calls: usize,
    writes: usize,
    azure_calls: usize,
    meanwhile: Option<(usize, Meanwhile)>,
    fault: Option<(usize, Fault)>,
    refusals: usize,
}

#[derive(Clone, Default)]
pub struct World(Arc<Mutex<Inner>>);

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

impl World {
    pub fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            state,
            ..Inner::default()
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub fn state(&self) -> State {
        self.inner().state.clone()
    }

    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.inner().state);
    }

    /// The `nth` call from now fails.
    pub fn fail(&self, nth: usize, fault: Fault) {
        let mut inner = self.inner();
        inner.calls = 0;
        inner.fault = Some((nth, fault));
    }

    /// Somebody else acts just before the `nth` call from now.
    pub fn meanwhile(&self, nth: usize, act: impl FnOnce(&mut State) + Send + 'static) {
        let mut inner = self.inner();
        inner.calls = 0;
        inner.meanwhile = Some((nth, Box::new(act)));
    }

    /// Whether somebody else has acted.
    pub fn has_acted(&self) -> bool {
        self.inner().meanwhile.is_none()
    }

    /// Nothing fails from now on.
    pub fn calm(&self) {
        self.inner().fault = None;
    }

    /// Whether the fault has struck.
    pub fn struck(&self) -> bool {
        self.inner().fault.is_none()
    }

    /// The next puts are refused for their content.
    pub fn refuse_content(&self, times: usize) {
        self.inner().refusals = times;
    }

    /// Writes since the last time this was asked.
    pub fn take_writes(&self) -> usize {
        std::mem::take(&mut self.inner().writes)
    }

    /// Calls since the last time this was asked.
    pub fn take_calls(&self) -> usize {
        std::mem::take(&mut self.inner().calls)
    }

    /// Calls of Azure since the last time this was asked.
    pub fn take_azure_calls(&self) -> usize {
        std::mem::take(&mut self.inner().azure_calls)
    }

    fn azure(&self) -> &Self {
        self.inner().azure_calls += 1;
        self
    }

    fn call<T>(&self, writes: bool, act: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        let mut inner = self.inner();
        let call = inner.calls;
        inner.calls += 1;
        if let Some((_, act)) = inner.meanwhile.take_if(|(nth, _)| *nth == call) {
            act(&mut inner.state);
        }
        let due = inner
            .fault
            .filter(|(nth, _)| *nth == call)
            .map(|(_, fault)| fault);
        let broken = || Err(PortError::new(FailureKind::Transient, "the line broke"));
        if due.is_some() {
            inner.fault = None;
        }
        if due == Some(Fault::Before) {
            return broken();
        }
        inner.writes += usize::from(writes);
        let done = act(&mut inner.state);
        if due == Some(Fault::After) {
            broken()
        } else {
            Ok(done)
        }
    }

    fn read<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        self.call(false, act)
    }

    fn write<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        self.call(true, act)
    }
}
