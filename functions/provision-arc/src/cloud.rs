//! The cloud as the function was started for it: clients that live as long as the function, and
//! what one invocation needs of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws::{
    AccountAccess, AccountSession, InstanceProfiles, RoleSessions, RunBucket, SessionName,
    StateMachines, StoredParameter, SystemsManager,
};
use aws_compute::{Ec2Instances, EnabledRegions};
use aws_config::SdkConfig;
use custom_resource::Context;
use lambda_support::settings::ArcSettings;
use onboarding::arc::ports::{
    Children, Executions, HostSetting, Instances, Nodes, RegionError, Regions, StartError,
};
use onboarding::arc::{
    Batch, Child, Ending, ExecutionId, InstanceId, ManagedNode, Runbook, SeenInstance, UnderWay,
};
use onboarding::{AccountId, EnabledRegion, Partition, PortError, RegionName};
use tokio::time::Instant;
use uuid::Uuid;

use crate::bucket::Bucket;
use crate::provision::{Provision, Task};

/// Every client that the function needs, made once.
#[derive(Debug)]
pub struct Cloud {
    settings: ArcSettings,
    access: AccountAccess,
    bucket: RunBucket,
    machines: StateMachines,
    wanted_state: StoredParameter,
}

/// A pass with everything it works with.
pub type AccountPass = Provision<AccountRegions, InstanceProfiles, Bucket>;

impl Cloud {
    /// The clients; nothing is sent yet.
    pub fn new(sdk: &SdkConfig, settings: ArcSettings) -> Self {
        let sessions = Arc::new(RoleSessions::new(sdk));
        Self {
            access: AccountAccess::new(sdk, sessions, settings.partition.clone()),
            bucket: RunBucket::new(sdk, settings.run_bucket.as_str()),
            machines: StateMachines::new(sdk),
            wanted_state: StoredParameter::new(sdk, settings.wanted_state_parameter.as_str()),
            settings,
        }
    }

    /// A pass over an account. Its calls end by `deadline`.
    pub fn pass(&self, task: Task, deadline: Instant) -> AccountPass {
        let name = SessionName::for_request(task.run.as_str());
        let session = self.access.session(&task.account, name, deadline);
        Provision {
            task,
            regions: AccountRegions(session.clone()),
            profiles: InstanceProfiles::new(session),
            records: self.bucket(deadline),
        }
    }

    /// The Regions of an account, for one request.
    pub fn regions(&self, account: &AccountId, context: &Context) -> AccountRegions {
        let name = SessionName::for_request(&context.ids().request_id);
        let until = context.work_until();
        AccountRegions(self.access.session(account, name, until))
    }

    /// The run bucket, until a deadline.
    pub fn bucket(&self, deadline: Instant) -> Bucket {
        Bucket(self.bucket.objects(deadline))
    }

    /// What starts state machines.
    pub fn state_machines(&self) -> &StateMachines {
        &self.machines
    }

    /// What the stack wants, as it is now.
    pub async fn wanted_state(&self, deadline: Instant) -> Result<String, PortError> {
        self.wanted_state.fetch(deadline).await
    }

    /// The account that the stack is in.
    pub fn own_account(&self) -> AccountId {
        self.settings.account.clone()
    }

    /// The Region that the stack is in.
    pub fn own_region(&self) -> Option<RegionName> {
        self.settings.reply.aws_region.parse().ok()
    }

    /// The partition that the function runs in.
    pub fn partition(&self) -> Partition {
        self.settings.partition.clone()
    }
}

/// The Regions of one account.
#[derive(Debug)]
pub struct AccountRegions(AccountSession);

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
