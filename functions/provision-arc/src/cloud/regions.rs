//! EC2 and Systems Manager in the Regions of one account.

use std::collections::BTreeSet;

use aws::{AccountSession, SystemsManager};
use aws_compute::{Ec2Instances, EnabledRegions};
use onboarding::arc::ports::{
    Children, Executions, HostSetting, Instances, Nodes, RegionError, Regions, StartError,
};
use onboarding::arc::{
    Batch, Child, Ending, ExecutionId, InstanceId, ManagedNode, Runbook, SeenInstance, UnderWay,
};
use onboarding::{EnabledRegion, PortError, RegionName};
use uuid::Uuid;

/// The Regions of one account.
#[derive(Debug)]
pub struct AccountRegions(pub(super) AccountSession);

impl Regions for AccountRegions {
    type Region = AccountRegion;

    async fn enabled(&self) -> Result<BTreeSet<EnabledRegion>, PortError> {
        EnabledRegions::new(self.0.clone()).list().await
    }

    fn region(&self, name: &RegionName) -> AccountRegion {
        AccountRegion {
            instances: Ec2Instances::new(self.0.clone(), name.clone()),
            manager: SystemsManager::new(self.0.clone(), name.clone()),
        }
    }

    async fn enter(&self) -> Result<(), PortError> {
        self.0.enter().await
    }
}

/// One Region of one account: EC2 and Systems Manager know nothing of each other.
#[derive(Debug)]
pub struct AccountRegion {
    instances: Ec2Instances,
    manager: SystemsManager,
}

impl Instances for AccountRegion {
    async fn instances(
        &self,
        each: &mut (dyn FnMut(SeenInstance) + Send),
    ) -> Result<(), RegionError> {
        self.instances.instances(each).await
    }
}

impl Nodes for AccountRegion {
    async fn nodes(
        &self,
        each: &mut (dyn FnMut(InstanceId, ManagedNode) + Send),
    ) -> Result<(), RegionError> {
        self.manager.nodes(each).await
    }
}

impl Executions for AccountRegion {
    async fn under_way(&self, runbook: Runbook) -> Result<Vec<UnderWay>, RegionError> {
        self.manager.under_way(runbook).await
    }

    async fn target(&self, id: &ExecutionId) -> Result<Option<InstanceId>, RegionError> {
        self.manager.target(id).await
    }

    async fn start(&self, batch: &Batch, token: Uuid) -> Result<ExecutionId, StartError> {
        self.manager.start(batch, token).await
    }

    async fn ending(&self, id: &ExecutionId) -> Result<Option<Ending>, RegionError> {
        self.manager.ending(id).await
    }

    async fn children(
        &self,
        batch: &ExecutionId,
        which: Children,
    ) -> Result<Vec<Child>, RegionError> {
        self.manager.children(batch, which).await
    }
}

impl HostSetting for AccountRegion {
    async fn registered(&self) -> Result<Option<String>, RegionError> {
        self.manager.registered().await
    }

    async fn register(&self) -> Result<(), RegionError> {
        self.manager.register().await
    }

    async fn deregister(&self) -> Result<(), RegionError> {
        self.manager.deregister().await
    }
}
