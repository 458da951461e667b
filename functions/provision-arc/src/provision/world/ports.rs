//! The ports of the world.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::arc::ports::{
    Children, Executions, HostSetting, Instances, Nodes, Profiles, Records, RegionError, Regions,
    StartError,
};
use onboarding::arc::readiness::ProfilePolicies;
use onboarding::arc::{
    AccountReport, Batch, Child, Ending, ExecutionId, InstanceId, ManagedNode, ProfileName,
    RegionRecord, RunId, Runbook, SeenInstance, UnderWay,
};
use onboarding::{AccountId, EnabledRegion, FailureKind, PortError, RegionName};
use tokio::time::Instant;
use uuid::Uuid;

use super::{EXECUTION, Execution, Region, State, World};

/// One Region of the world.
#[derive(Debug)]
pub struct Place(World, RegionName);

impl Place {
    async fn call<T>(&self, act: impl FnOnce(&mut Region) -> T) -> Result<T, RegionError> {
        let name = &self.1;
        let done = self.0.call(|state| {
            let region = state.regions.entry(name.clone()).or_default();
            (region.is_disabled, act(region))
        });
        match done.await? {
            (true, _) => Err(RegionError::Disabled(PortError::new(
                FailureKind::Denied,
                "OptInRequired",
            ))),
            (false, done) => Ok(done),
        }
    }
}

impl Regions for World {
    type Region = Place;

    async fn enabled(&self) -> Result<BTreeSet<EnabledRegion>, PortError> {
        self.enter().await?;
        let all = |state: &mut State| {
            let enabled = |name: &RegionName| EnabledRegion {
                name: name.clone(),
                is_opt_in: false,
            };
            state.regions.keys().map(enabled).collect()
        };
        self.call(all).await
    }

    fn region(&self, name: &RegionName) -> Place {
        Place(self.clone(), name.clone())
    }

    async fn enter(&self) -> Result<(), PortError> {
        if self.state().is_closed {
            return Err(PortError::new(FailureKind::Denied, "sts:AssumeRole: no"));
        }
        Ok(())
    }
}

impl Instances for Place {
    async fn instances(
        &self,
        each: &mut (dyn FnMut(SeenInstance) + Send),
    ) -> Result<(), RegionError> {
        let all = self.call(|region| region.instances.clone()).await?;
        all.into_values().for_each(each);
        Ok(())
    }
}

impl Nodes for Place {
    async fn nodes(
        &self,
        _: &mut (dyn FnMut(InstanceId, ManagedNode) + Send),
    ) -> Result<(), RegionError> {
        self.call(|_| ()).await
    }
}

impl Executions for Place {
    async fn under_way(&self, runbook: Runbook) -> Result<Vec<UnderWay>, RegionError> {
        self.call(|region| {
            let mut found: BTreeMap<ExecutionId, UnderWay> = BTreeMap::new();
            let listed = |one: &&Execution| {
                !one.is_applied && (one.runbook.is_ours() || one.runbook == runbook)
            };
            for one in region.executions.iter().filter(listed) {
                let id = one.batch.clone().unwrap_or_else(|| one.id.clone());
                let entry = found.entry(id.clone()).or_insert_with(|| UnderWay {
                    id,
                    runbook: one.runbook,
                    is_batch: one.batch.is_some(),
                    targets: BTreeSet::new(),
                });
                if one.batch.is_some() {
                    entry.targets.insert(one.instance.clone());
                }
            }
            found.into_values().collect()
        })
        .await
    }

    async fn target(&self, id: &ExecutionId) -> Result<Option<InstanceId>, RegionError> {
        self.call(|region| {
            let mut all = region.executions.iter();
            all.find(|one| one.id == *id)
                .map(|one| one.instance.clone())
        })
        .await
    }

    async fn start(&self, batch: &Batch, token: Uuid) -> Result<ExecutionId, StartError> {
        let name = &self.1;
        let error = |kind| PortError::new(kind, "not started");
        let started = self.0.call(|state| {
            if state.full > 0 {
                state.full -= 1;
                return Err(StartError::QueueFull(error(FailureKind::Invalid)));
            }
            let region = &state.regions[name];
            if !region.has_runbooks {
                return Err(StartError::NoRunbook(error(FailureKind::Invalid)));
            }
            if let Some(id) = region.batches.get(&token) {
                return Ok(id.clone());
            }
            state.starts += 1;
            Ok(begin(state, name, batch, token))
        });
        started.await.map_err(RegionError::Port)?
    }

    async fn ending(&self, id: &ExecutionId) -> Result<Option<Ending>, RegionError> {
        self.call(|region| region.ending(id)).await
    }

    async fn children(
        &self,
        batch: &ExecutionId,
        which: Children,
    ) -> Result<Vec<Child>, RegionError> {
        self.call(|region| {
            let of_it = |one: &&Execution| one.batch.as_ref() == Some(batch);
            let asked = |one: &&Execution| which == Children::All || one.failure.is_some();
            let children = region.executions.iter().filter(of_it).filter(asked);
            let child = |one: &Execution| Child {
                id: one.id.clone(),
                instance: one.instance.clone(),
                ending: Some(match one.failure {
                    Some(_) => Ending::Failure,
                    None => Ending::Success,
                }),
                message: one.failure.clone().unwrap_or_default().0,
            };
            children.map(child).collect()
        })
        .await
    }
}

fn begin(state: &mut State, name: &RegionName, batch: &Batch, token: Uuid) -> ExecutionId {
    let now = Instant::now();
    let id = ExecutionId::seen(format!("batch-{}", state.starts));
    let mut executions = Vec::new();
    for (position, instance) in batch.instances.iter().enumerate() {
        let round = u32::try_from(position / usize::from(batch.at_once)).unwrap() + 1;
        let failure = if state.failures.is_empty() {
            None
        } else {
            state.failures.remove(0)
        };
        state.numbers += 1;
        executions.push(Execution {
            id: ExecutionId::seen(format!("e-{}", state.numbers)),
            batch: Some(id.clone()),
            runbook: batch.runbook,
            instance: instance.clone(),
            values: batch.parameters.clone(),
            ends: now + EXECUTION * round,
            failure,
            is_applied: false,
        });
    }
    let region = state.regions.get_mut(name).unwrap();
    region.executions.extend(executions);
    region.batches.insert(token, id.clone());
    id
}

impl HostSetting for Place {
    async fn registered(&self) -> Result<Option<String>, RegionError> {
        self.call(|region| region.setting.clone()).await
    }

    async fn register(&self) -> Result<(), RegionError> {
        let ours = "DefenderConnectorHostManagement".to_owned();
        self.call(|region| region.setting = Some(ours)).await
    }

    async fn deregister(&self) -> Result<(), RegionError> {
        self.call(|region| region.setting = None).await
    }
}

impl Profiles for World {
    async fn policies(&self, _: &ProfileName) -> Result<ProfilePolicies, PortError> {
        self.call(|_| ProfilePolicies::Sufficient).await
    }
}

impl Records for World {
    async fn region(
        &self,
        run: &RunId,
        _: &AccountId,
        region: &RegionName,
    ) -> Result<Option<RegionRecord>, PortError> {
        let key = (run.to_string(), region.clone());
        self.call(|state| state.records.get(&key).cloned()).await
    }

    async fn keep_region(
        &self,
        run: &RunId,
        _: &AccountId,
        region: &RegionName,
        record: &RegionRecord,
    ) -> Result<(), PortError> {
        let key = (run.to_string(), region.clone());
        self.call(|state| drop(state.records.insert(key, record.clone())))
            .await
    }

    async fn batches(
        &self,
        run: &RunId,
        _: &AccountId,
        region: &RegionName,
    ) -> Result<BTreeMap<ExecutionId, u16>, PortError> {
        let key = (run.to_string(), region.clone());
        let found = self.call(|state| state.batches.get(&key).cloned());
        Ok(found.await?.unwrap_or_default())
    }

    async fn keep_batches(
        &self,
        run: &RunId,
        _: &AccountId,
        region: &RegionName,
        batches: &BTreeMap<ExecutionId, u16>,
    ) -> Result<(), PortError> {
        let key = (run.to_string(), region.clone());
        self.call(|state| drop(state.batches.insert(key, batches.clone())))
            .await
    }

    async fn report(&self, report: &AccountReport) -> Result<String, PortError> {
        self.call(|state| state.reports.push(report.clone()))
            .await?;
        Ok("s3://runs/report".to_owned())
    }

    async fn is_leaving(&self, _: &AccountId) -> Result<bool, PortError> {
        self.call(|state| state.is_leaving).await
    }
}
