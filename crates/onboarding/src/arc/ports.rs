//! What Arc auto-provisioning asks of the outside, and how the outside fails.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use uuid::Uuid;

use super::readiness::ProfilePolicies;
use super::{
    AccountReport, Batch, Child, Ending, ExecutionId, InstanceId, ManagedNode, ProfileName,
    RegionRecord, RunId, Runbook, SeenInstance, UnderWay,
};
use crate::{AccountId, EnabledRegion, PortError, RegionName};

/// Why nothing came of a call in a Region.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// The account does not have the Region enabled.
    #[error("{0}")]
    Disabled(#[source] PortError),
    /// Anything else.
    #[error("{0}")]
    Port(#[from] PortError),
}

/// Why a batch was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The account's queue of executions is full; its own automations may have filled it.
    #[error("{0}")]
    QueueFull(#[source] PortError),
    /// The runbook is not in the Region.
    #[error("{0}")]
    NoRunbook(#[source] PortError),
    /// Anything else.
    #[error("{0}")]
    Region(#[from] RegionError),
}

/// Which children of a batch are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Children {
    /// Those that did not succeed.
    Failed,
    /// All.
    All,
}

/// The Regions of an account.
pub trait Regions: Send + Sync {
    /// One of them.
    type Region: RegionPorts;

    /// Those that the account has enabled.
    fn enabled(&self) -> impl Future<Output = Result<BTreeSet<EnabledRegion>, PortError>> + Send;
    /// One of them.
    fn region(&self, name: &RegionName) -> Self::Region;
    /// Finds out whether the account lets us in at this moment: `Denied` where it does not.
    fn enter(&self) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// EC2, Systems Manager in one Region of one account.
pub trait RegionPorts: Instances + Nodes + Executions + HostSetting {}

impl<T: Instances + Nodes + Executions + HostSetting> RegionPorts for T {}

/// EC2 instances.
pub trait Instances: Send + Sync {
    /// Shows every instance that is not gone, one after another.
    fn instances(
        &self,
        each: &mut (dyn FnMut(SeenInstance) + Send),
    ) -> impl Future<Output = Result<(), RegionError>> + Send;
}

/// Instances that Systems Manager knows.
pub trait Nodes: Send + Sync {
    /// Shows every one of them, one after another.
    fn nodes(
        &self,
        each: &mut (dyn FnMut(InstanceId, ManagedNode) + Send),
    ) -> impl Future<Output = Result<(), RegionError>> + Send;
}

/// Executions of runbooks.
pub trait Executions: Send + Sync {
    /// Executions of our runbooks that have not ended, and with `AttachProfile` those of that one
    /// as well. The targets of executions for one instance are not read.
    fn under_way(
        &self,
        runbook: Runbook,
    ) -> impl Future<Output = Result<Vec<UnderWay>, RegionError>> + Send;
    /// The instance that an execution is for; `None` where that cannot be told any more.
    fn target(
        &self,
        id: &ExecutionId,
    ) -> impl Future<Output = Result<Option<InstanceId>, RegionError>> + Send;
    /// Starts a batch. The same token again is the same execution.
    fn start(
        &self,
        batch: &Batch,
        token: Uuid,
    ) -> impl Future<Output = Result<ExecutionId, StartError>> + Send;
    /// How an execution ended; `None` while it has not.
    fn ending(
        &self,
        id: &ExecutionId,
    ) -> impl Future<Output = Result<Option<Ending>, RegionError>> + Send;
    /// The children of a batch.
    fn children(
        &self,
        batch: &ExecutionId,
        which: Children,
    ) -> impl Future<Output = Result<Vec<Child>, RegionError>> + Send;
}

/// Default Host Management of a Region.
pub trait HostSetting: Send + Sync {
    /// The role that is registered; `None` where it is off.
    fn registered(&self) -> impl Future<Output = Result<Option<String>, RegionError>> + Send;
    /// Registers our role.
    fn register(&self) -> impl Future<Output = Result<(), RegionError>> + Send;
    /// Switches it off.
    fn deregister(&self) -> impl Future<Output = Result<(), RegionError>> + Send;
}

/// The instance profiles of an account.
pub trait Profiles: Send + Sync {
    /// What a profile lets instances do.
    fn policies(
        &self,
        profile: &ProfileName,
    ) -> impl Future<Output = Result<ProfilePolicies, PortError>> + Send;
}

/// What runs leave behind.
pub trait Records: Send + Sync {
    /// What a run remembers of a Region.
    fn region(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
    ) -> impl Future<Output = Result<Option<RegionRecord>, PortError>> + Send;
    /// Remembers it.
    fn keep_region(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
        record: &RegionRecord,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// The batches that a run has started in a Region, with how many instances of each run at once.
    fn batches(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
    ) -> impl Future<Output = Result<BTreeMap<ExecutionId, u16>, PortError>> + Send;
    /// Remembers them.
    fn keep_batches(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
        batches: &BTreeMap<ExecutionId, u16>,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Writes the report, and says where.
    fn report(
        &self,
        report: &AccountReport,
    ) -> impl Future<Output = Result<String, PortError>> + Send;
    /// Whether the account is being taken out, so that nothing may be put in.
    fn is_leaving(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}
