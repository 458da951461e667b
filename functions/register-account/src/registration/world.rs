//! A small world of connectors, provider, roles and bucket in memory, in which any call can fail
//! before or after it took effect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use onboarding::ports::{
    AccountIdentity, Connectors, FailureKind, FormerConnectors, PortError, ServiceOffer,
};
use onboarding::provider::{Adoption, Provider, Release, SeenProvider};
use onboarding::trust::SeenRole;
use onboarding::{
    AccountId, ApiVersion, ClassicConnector, Connector, ConnectorId, RoleName, WantedConnector,
};
use serde_json::{Value, json};

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
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    calls: usize,
    writes: usize,
    fault: Option<(usize, Fault)>,
    refusals: usize,
}

#[derive(Debug, Clone, Default)]
pub struct World(Arc<Mutex<Inner>>);

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

    fn call<T>(&self, writes: bool, act: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        let mut inner = self.inner();
        let call = inner.calls;
        inner.calls += 1;
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

/// The connector as ARM would show it after this write.
pub fn written(wanted: &WantedConnector) -> Connector {
    Connector {
        id: wanted.id.clone(),
        environment: "AWS".into(),
        hierarchy_identifier: wanted.account.to_string(),
        location: wanted.location.to_string(),
        tags: wanted.tags.clone(),
        scan_interval_hours: Some(wanted.scan_interval.hours()),
        regions: wanted.regions.clone(),
        offerings: wanted.offerings.clone(),
        body: json!({"tags": wanted.tags, "hours": wanted.scan_interval.hours()}),
    }
}

impl Connectors for World {
    async fn api_version(&self) -> Result<ApiVersion, PortError> {
        Ok(ApiVersion::V20240801Preview)
    }

    async fn offer(&self) -> Result<ServiceOffer, PortError> {
        let locations = vec!["East US".to_owned()];
        self.read(|_| ServiceOffer {
            registered: true,
            locations,
            api_versions: vec![],
        })
    }

    async fn list(&self) -> Result<Vec<Connector>, PortError> {
        self.read(|state| state.connectors.clone())
    }

    async fn list_classic(&self) -> Result<Vec<ClassicConnector>, PortError> {
        self.read(|_| Vec::new())
    }

    async fn get(&self, id: &ConnectorId) -> Result<Option<Connector>, PortError> {
        self.read(|state| state.connectors.iter().find(|seen| seen.id == *id).cloned())
    }

    async fn put(
        &self,
        wanted: &WantedConnector,
        _seen: Option<&Connector>,
    ) -> Result<Connector, PortError> {
        let refused = {
            let mut inner = self.inner();
            let refused = inner.refusals > 0;
            inner.refusals = inner.refusals.saturating_sub(1);
            refused
        };
        if refused {
            let mut error = PortError::new(FailureKind::Invalid, "error occured");
            error.refused_content = true;
            return Err(error);
        }
        self.write(|state| {
            state.connectors.retain(|seen| seen.id != wanted.id);
            state.connectors.push(written(wanted));
            written(wanted)
        })
    }

    async fn restore(&self, id: &ConnectorId, former: &Value) -> Result<(), PortError> {
        self.write(|state| {
            for seen in state.connectors.iter_mut().filter(|seen| seen.id == *id) {
                seen.body = former.clone();
                seen.tags = serde_json::from_value(former["tags"].clone()).unwrap();
                seen.scan_interval_hours = former["hours"].as_i64();
            }
        })
    }

    async fn remove(&self, id: &ConnectorId) -> Result<(), PortError> {
        self.write(|state| state.connectors.retain(|seen| seen.id != *id))
    }
}

impl AccountIdentity for World {
    async fn provider(&self, which: &Provider) -> Result<Option<SeenProvider>, PortError> {
        self.read(|state| state.providers.get(&which.host_path()).cloned())
    }

    async fn adopt_provider(&self, which: &Provider, adoption: &Adoption) -> Result<(), PortError> {
        let (audiences, tags) = match adoption {
            Adoption::Create { audiences, tags } => (audiences, tags),
            Adoption::Merge { add, tags } => (add, tags),
            Adoption::Nothing => return Ok(()),
        };
        self.write(|state| {
            let provider = state.providers.entry(which.host_path()).or_default();
            provider
                .audiences
                .extend(audiences.iter().map(|one| (*one).to_owned()));
            provider.tags.extend(tags.clone());
        })
    }

    async fn release_provider(&self, which: &Provider, release: &Release) -> Result<(), PortError> {
        match release {
            Release::Delete => self.write(|state| {
                state.providers.remove(&which.host_path());
            }),
            Release::Withdraw { audiences, tags } => self.write(|state| {
                if let Some(provider) = state.providers.get_mut(&which.host_path()) {
                    provider.audiences.retain(|held| !audiences.contains(held));
                    provider.tags.retain(|key, _| !tags.contains(key));
                }
            }),
            Release::Keep | Release::Nothing => Ok(()),
        }
    }

    async fn role(&self, name: &RoleName) -> Result<Option<SeenRole>, PortError> {
        self.read(|state| state.roles.get(name.as_str()).cloned())
    }
}

impl FormerConnectors for World {
    async fn keep(&self, _: &AccountId, former: &Connector) -> Result<(), PortError> {
        let id = former.id.to_string();
        self.write(|state| drop(state.records.insert(id, former.body.clone())))
    }

    async fn former(&self, _: &AccountId, id: &ConnectorId) -> Result<Option<Value>, PortError> {
        self.read(|state| state.records.get(&id.to_string()).cloned())
    }

    async fn forget(&self, _: &AccountId, id: &ConnectorId) -> Result<(), PortError> {
        self.write(|state| drop(state.records.remove(&id.to_string())))
    }

    async fn empty(&self) -> Result<(), PortError> {
        self.write(|state| state.records.clear())
    }
}
