//! The cloud as the function was started for it: clients that live as long as the function, and
//! what one invocation needs of them.

use std::sync::Arc;
use std::time::Duration;

use aws::{
    AccountAccess, Assumption, InstanceProfiles, RoleSessions, RunBucket, RunObjects, SessionName,
    StateMachines, StoredParameter,
};
use aws_config::SdkConfig;
use azure::{ArmClient, Deadline, HybridMachines, Patience};
use azure_sign_in::{StackIdentity, resource_manager};
use deferral::Requests;
use lambda_support::settings::{ArcSettings, Settings};
use lambda_support::{Boot, StartError};
use onboarding::arc::machine::ArcMachines;
use onboarding::{AccountId, Partition, PortError, RegionName, SubscriptionId};
use tokio::time::Instant;

use crate::bucket::Bucket;
use crate::provision::{Errand, MachinesUntil, Provision, Reach, Task};

mod regions;

pub use regions::AccountRegions;

/// What is left of an invocation for the report, when Azure has used up the rest.
const REPORTING: Duration = Duration::from_secs(15);

/// Nothing here depends on Azure, and the next run looks again. So neither a right that is missing,
/// as it mostly is, nor a sign-in that is refused is asked for twice.
fn patience() -> Patience {
    Patience {
        federation: Duration::ZERO,
        authorization: Duration::ZERO,
        unavailable: Duration::from_secs(20),
        ..Patience::default()
    }
}

/// Every client that the function needs, made once.
#[derive(Debug)]
pub struct Cloud {
    settings: Settings,
    access: AccountAccess,
    bucket: RunBucket,
    state_machines: StateMachines,
    wanted_state: StoredParameter,
    arm: ArmClient<StackIdentity>,
}

/// A pass with everything it works with.
pub type AccountPass<'a> = Provision<AccountRegions, InstanceProfiles, Bucket, AzureMachines<'a>>;

impl Cloud {
    /// The clients; nothing is sent yet.
    pub fn new(boot: &Boot, sdk: &SdkConfig) -> Result<Self, StartError> {
        let ArcSettings {
            shared: settings,
            wanted_state_parameter,
        } = boot.arc_settings()?;
        let sessions = Arc::new(RoleSessions::new(sdk));
        Ok(Self {
            arm: resource_manager(&settings, sdk, &sessions, boot.http()?, patience()),
            access: AccountAccess::new(sdk, sessions, settings.partition.clone()),
            bucket: RunBucket::new(sdk, settings.run_bucket.as_str()),
            state_machines: StateMachines::new(sdk),
            wanted_state: StoredParameter::new(sdk, wanted_state_parameter),
            settings,
        })
    }

    /// A pass over an account. Its calls end by `deadline`.
    pub fn pass(&self, task: Task, deadline: Instant) -> AccountPass<'_> {
        let name = SessionName::for_request(task.run.as_str());
        let assumption = match (task.reach, task.errand) {
            (Reach::OwnAccount, _) => Assumption::Kept,
            // Where the role is gone, it need not be waited for.
            (Reach::Organization, Errand::Offboard) => Assumption::AnewAtOnce,
            (Reach::Organization, _) => Assumption::Anew,
        };
        let session = self
            .access
            .session_by(assumption, &task.account, name, deadline);
        Provision {
            regions: AccountRegions(session.clone()),
            profiles: InstanceProfiles::new(session),
            records: Bucket::new(self.objects(deadline), task.reach),
            task,
            machines: AzureMachines {
                arm: &self.arm,
                subscription: self.settings.subscription_id.clone(),
                latest: deadline.checked_sub(REPORTING).unwrap_or(deadline),
            },
        }
    }

    /// The Regions of an account, for one request.
    pub fn regions(&self, account: &AccountId, request: &str, until: Instant) -> AccountRegions {
        let name = SessionName::for_request(request);
        AccountRegions(self.access.session(account, name, until))
    }

    /// The run bucket, until a deadline.
    pub fn objects(&self, deadline: Instant) -> RunObjects {
        self.bucket.objects(deadline)
    }

    /// Requests that wait for their answers, until a deadline.
    pub fn requests(&self, deadline: Instant) -> Requests {
        Requests::new(self.objects(deadline))
    }

    /// What starts state machines.
    pub fn state_machines(&self) -> &StateMachines {
        &self.state_machines
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

/// The Arc machines of the stack's subscription, for the length of one invocation.
#[derive(Debug)]
pub struct AzureMachines<'a> {
    arm: &'a ArmClient<StackIdentity>,
    subscription: SubscriptionId,
    latest: Instant,
}

impl MachinesUntil for AzureMachines<'_> {
    fn until(&self, moment: Instant) -> impl ArcMachines {
        let deadline = Deadline::at(moment.min(self.latest));
        HybridMachines::new(self.arm, self.subscription.clone(), deadline)
    }
}
