//! The clouds as the function was started for them: clients that live as long as the function,
//! and what one request needs of them.

use std::sync::Arc;

use aws::{AccountAccess, FormerConnectorStore, IamIdentity, RoleSessions, RunBucket, SessionName};
use azure::{ArmClient, Deadline, Dialect, Patience, SecurityConnectors};
use azure_sign_in::{StackIdentity, resource_manager};
use custom_resource::Context;
use lambda_support::settings::Settings;
use lambda_support::{Boot, StartError};
use onboarding::{AccountId, Deployment, Partition};

use crate::properties::Limits;
use crate::registration::{Propagation, Registration};

/// Every client that the function needs, made once.
#[derive(Debug)]
pub struct Cloud {
    settings: Settings,
    arm: ArmClient<StackIdentity>,
    access: AccountAccess,
    bucket: RunBucket,
}

/// What one request works with.
pub type RequestRegistration<'a> =
    Registration<SecurityConnectors<'a, StackIdentity>, IamIdentity, FormerConnectorStore>;

impl Cloud {
    /// The clients; nothing is sent yet.
    pub fn new(boot: &Boot) -> Result<Self, StartError> {
        let settings = boot.settings()?;
        let sdk = &boot.aws();
        let sessions = Arc::new(RoleSessions::new(sdk));
        let patience = Patience::default();
        Ok(Self {
            arm: resource_manager(&settings, sdk, &sessions, boot.http()?, patience),
            access: AccountAccess::new(sdk, sessions, settings.partition.clone()),
            bucket: RunBucket::new(sdk, settings.run_bucket.as_str()),
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
        let until = context.work_until();
        let subscription = self.settings.subscription_id.clone();
        let session = SessionName::for_request(&context.ids().request_id);
        Registration {
            connectors: SecurityConnectors::new(&self.arm, subscription, Deadline::at(until))
                .speaking(dialect),
            identity: self.access.identity(account, session, until),
            former: self.bucket.former_connectors(until),
            deployment: self.settings.deployment.clone(),
            tenant: self.settings.tenant_id.clone(),
            partition: self.settings.partition.clone(),
            propagation: Propagation::default(),
        }
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
