//! The clouds as the function was started for them: clients that live as long as the function, and
//! what one invocation needs of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws::{
    OrganizationDirectory, Organizations, OwnRegions, RoleSessions, RunBucket, StackSetInstances,
    StackSets, StateMachineArn, StateMachines, StoredParameter,
};
use aws_config::SdkConfig;
use azure::Patience;
use azure_sign_in::resource_manager;
use lambda_support::settings::{OrganizationSettings, Settings};
use lambda_support::{Boot, StartError};
use onboarding::{PortError, RegionName};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::bucket::Bucket;
use crate::connectors::Subscription;

/// Every client that the function needs, made once.
#[derive(Debug)]
pub struct Cloud<C = Subscription> {
    settings: Settings,
    machine: Result<StateMachineArn, String>,
    organizations: Organizations,
    stack_sets: StackSets,
    regions: OwnRegions,
    enabled: OnceCell<BTreeSet<RegionName>>,
    bucket: RunBucket,
    machines: StateMachines,
    wanted_state: StoredParameter,
    connectors: C,
}

impl Cloud {
    /// The clients; nothing is sent yet.
    pub fn new(boot: &Boot, sdk: &SdkConfig) -> Result<Self, StartError> {
        let settings = boot.organization_settings()?;
        let shared = &settings.shared;
        let sessions = Arc::new(RoleSessions::new(sdk));
        let arm = resource_manager(shared, sdk, &sessions, boot.http()?, Patience::default());
        let connectors = Subscription::new(arm, shared.subscription_id.clone());
        Ok(Self::with(settings, sdk, connectors))
    }
}

impl<C> Cloud<C> {
    pub(crate) fn with(settings: OrganizationSettings, sdk: &SdkConfig, connectors: C) -> Self {
        let OrganizationSettings {
            shared: settings,
            wanted_state_parameter,
            state_machine,
        } = settings;
        Self {
            machine: StateMachineArn::try_from(state_machine).map_err(|error| error.to_string()),
            organizations: Organizations::new(sdk),
            stack_sets: StackSets::new(sdk),
            regions: OwnRegions::new(sdk),
            enabled: OnceCell::new(),
            bucket: RunBucket::new(sdk, settings.run_bucket.as_str()),
            machines: StateMachines::new(sdk),
            wanted_state: StoredParameter::new(sdk, wanted_state_parameter),
            connectors,
            settings,
        }
    }

    /// What the function was told at its start.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The organization, until a deadline.
    pub fn directory(&self, deadline: Instant) -> OrganizationDirectory {
        self.organizations.directory(deadline)
    }

    /// The stack sets that reach members, until a deadline.
    pub fn stack_sets(&self, deadline: Instant) -> StackSetInstances {
        self.stack_sets.instances(deadline)
    }

    /// The Regions that are enabled in the stack's own account.
    pub async fn enabled_regions(
        &self,
        deadline: Instant,
    ) -> Result<BTreeSet<RegionName>, PortError> {
        self.regions.enabled(deadline).await
    }

    /// The same, asked for once as long as the function lives: thousands of accounts may need them
    /// one after another.
    pub async fn known_regions(
        &self,
        deadline: Instant,
    ) -> Result<&BTreeSet<RegionName>, PortError> {
        let ask = || self.enabled_regions(deadline);
        self.enabled.get_or_try_init(ask).await
    }

    /// The Region that the stack is in.
    pub fn own_region(&self) -> Option<RegionName> {
        self.settings.reply.aws_region.parse().ok()
    }

    /// The run bucket, until a deadline.
    pub fn bucket(&self, deadline: Instant) -> Bucket {
        Bucket::new(self.bucket.objects(deadline))
    }

    /// What starts state machines.
    pub fn machines(&self) -> &StateMachines {
        &self.machines
    }

    /// The state machine that runs are executions of, by its name.
    pub fn machine(&self) -> Result<&StateMachineArn, &str> {
        self.machine.as_ref().map_err(String::as_str)
    }

    /// What the stack wants, as it is now.
    pub async fn wanted_state(&self, deadline: Instant) -> Result<String, PortError> {
        self.wanted_state.fetch(deadline).await
    }

    /// The connectors of the subscription.
    pub fn connectors(&self) -> &C {
        &self.connectors
    }
}
