//! The clouds as the function was started for them: clients that live as long as the function,
//! and what one request needs of them.

use std::sync::{Arc, Mutex, PoisonError};

use aws::{
    AccountAccess, Assumption, FormerConnectorStore, IamIdentity, RoleSessions, RunBucket,
    RunObjects, SessionName,
};
use aws_config::SdkConfig;
use azure::{ArmClient, Deadline, Dialect, Patience, SecurityConnectors};
use azure_sign_in::{StackIdentity, resource_manager};
use connector_properties::Limits;
use custom_resource::Context;
use lambda_support::settings::Settings;
use lambda_support::{Boot, StartError};
use onboarding::arc::RunId;
use onboarding::decision::Readiness;
use onboarding::{AccountId, Deployment, Partition};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::registration::{Propagation, Registration};

/// Every client that the function needs, made once.
#[derive(Debug)]
pub struct Cloud {
    settings: Settings,
    arm: ArmClient<StackIdentity>,
    access: AccountAccess,
    bucket: RunBucket,
    /// Of the run that was worked for last.
    readiness: Mutex<Option<(RunId, Arc<OnceCell<Readiness>>)>>,
}

/// What one request works with.
pub type RequestRegistration<'a> =
    Registration<SecurityConnectors<'a, StackIdentity>, IamIdentity, FormerConnectorStore>;

impl Cloud {
    /// The clients; nothing is sent yet.
    pub fn new(boot: &Boot, sdk: &SdkConfig) -> Result<Self, StartError> {
        let settings = boot.settings()?;
        let sessions = Arc::new(RoleSessions::new(sdk));
        let patience = Patience::default();
        Ok(Self {
            arm: resource_manager(&settings, sdk, &sessions, boot.http()?, patience),
            access: AccountAccess::new(sdk, sessions, settings.partition.clone()),
            bucket: RunBucket::new(sdk, settings.run_bucket.as_str()),
            readiness: Mutex::default(),
            settings,
        })
    }

    /// Everything that registering an account needs, until the request's time is over.
    pub fn registration(
        &self,
        account: &AccountId,
        dialect: Dialect,
        context: &Context,
    ) -> RequestRegistration<'_> {
        let session = SessionName::for_request(&context.ids().request_id);
        let until = context.work_until();
        let identity = self
            .access
            .identity(Assumption::Kept, account, session, until);
        self.registration_until(dialect, identity, until, Arc::default())
    }

    /// The same for an account of a run over the organization, whose role is looked at anew.
    pub fn registration_in_run(
        &self,
        account: &AccountId,
        dialect: Dialect,
        run: &RunId,
        until: Instant,
        assumption: Assumption,
    ) -> RequestRegistration<'_> {
        let session = SessionName::for_request(run.as_str());
        let identity = self.access.identity(assumption, account, session, until);
        self.registration_until(dialect, identity, until, self.readiness_in(run))
    }

    fn registration_until(
        &self,
        dialect: Dialect,
        identity: IamIdentity,
        until: Instant,
        readiness: Arc<OnceCell<Readiness>>,
    ) -> RequestRegistration<'_> {
        let subscription = self.settings.subscription_id.clone();
        Registration {
            connectors: SecurityConnectors::new(&self.arm, subscription, Deadline::at(until))
                .speaking(dialect),
            identity,
            former: self.bucket.former_connectors(until),
            deployment: self.settings.deployment.clone(),
            tenant: self.settings.tenant_id.clone(),
            partition: self.settings.partition.clone(),
            propagation: Propagation::default(),
            readiness,
        }
    }

    /// What is known of the subscription in a run: asked for each of thousands of accounts, it would
    /// take as many reads as the service allows.
    fn readiness_in(&self, run: &RunId) -> Arc<OnceCell<Readiness>> {
        let mut kept = self
            .readiness
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((known, readiness)) if known == run => Arc::clone(readiness),
            _ => {
                let fresh = Arc::default();
                *kept = Some((run.clone(), Arc::clone(&fresh)));
                fresh
            }
        }
    }

    /// The run bucket, until a deadline.
    pub fn objects(&self, deadline: Instant) -> RunObjects {
        self.bucket.objects(deadline)
    }

    /// What the environment allows a request to name.
    pub fn limits(&self) -> Limits {
        Limits {
            subscription: self.settings.subscription_id.clone(),
            resource_group: self.settings.resource_group.clone(),
            tenant: self.settings.tenant_id.clone(),
            partition: self.settings.partition.clone(),
        }
    }

    /// Who we are.
    pub fn deployment(&self) -> &Deployment {
        &self.settings.deployment
    }

    /// The partition that the function runs in.
    pub fn partition(&self) -> &Partition {
        &self.settings.partition
    }

    /// The account that the stack is in.
    pub fn own_account(&self) -> AccountId {
        self.settings.account.clone()
    }
}
