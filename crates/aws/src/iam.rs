//! Defender's identity providers and roles in one AWS account, through IAM.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::config::Builder;
use onboarding::ports::AccountIdentity;
use onboarding::provider::{Adoption, Provider, Release, SeenProvider};
use onboarding::trust::SeenRole;
use onboarding::{AccountId, Partition, PortError, RoleArn, RoleName};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;
use crate::sessions::{RoleSessions, SessionName};

mod concurrency;
mod provider;
mod role;

/// The role that the functions act through in every onboarded account.
pub const ACCESS_ROLE: &str = "DefenderConnectorAccess";

/// Gives access to accounts. Made once.
#[derive(Debug, Clone)]
pub struct AccountAccess {
    sdk: SdkConfig,
    sessions: Arc<RoleSessions>,
    partition: Partition,
}

impl AccountAccess {
    /// Access to accounts of a partition; nothing is sent yet.
    pub fn new(sdk: &SdkConfig, sessions: Arc<RoleSessions>, partition: Partition) -> Self {
        Self {
            sdk: sdk.clone(),
            sessions,
            partition,
        }
    }

    /// IAM of one account, for one request.
    pub fn identity(
        &self,
        account: &AccountId,
        session_name: SessionName,
        deadline: Instant,
    ) -> IamIdentity {
        let Self { partition, .. } = self;
        IamIdentity {
            access: self.clone(),
            role: RoleArn::seen(format!("arn:{partition}:iam::{account}:role/{ACCESS_ROLE}")),
            account: account.clone(),
            place: format!("in account {account}"),
            session_name,
            deadline,
            client: OnceCell::new(),
        }
    }
}

/// IAM of one account, for one request. The account's access role is assumed with the first call.
pub struct IamIdentity {
    access: AccountAccess,
    role: RoleArn,
    account: AccountId,
    place: String,
    session_name: SessionName,
    deadline: Instant,
    client: OnceCell<Client>,
}

impl fmt::Debug for IamIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IamIdentity")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl IamIdentity {
    async fn client(&self) -> Result<&Client, Failure> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let sessions = &self.access.sessions;
        let session = sessions
            .credentials(&self.role, &self.session_name, self.deadline)
            .await;
        let session = session.map_err(|failure| {
            failure.denied_advice(|action| {
                format!(
                    "The role {ACCESS_ROLE} of account {} (templates/access.yaml) must exist and trust \
                     this function's role, which must be allowed {action} on it; a service control \
                     policy can deny it as well",
                    self.account
                )
            })
        })?;
        let config = Builder::from(&self.access.sdk)
            .credentials_provider(session)
            .retry_classifier(concurrency::ConcurrentModification)
            .build();
        Ok(Client::from_conf(config))
    }

    fn arn_of(&self, provider: &Provider) -> String {
        provider.arn(&self.access.partition, &self.account)
    }

    fn call(&self, action: &'static str) -> Call<'_> {
        Call {
            action,
            place: &self.place,
            deadline: self.deadline,
        }
    }

    /// Puts a failure into words, and drops a session that may be the reason for it.
    fn explain(&self, failure: Failure) -> PortError {
        if failure.refuses_session() {
            self.access.sessions.forget(&self.role);
        }
        failure
            .denied_advice(|action| {
                format!(
                    "The role {ACCESS_ROLE} of account {} (templates/access.yaml) must be allowed {action}; \
                     a service control policy can deny it as well",
                    self.account
                )
            })
            .into()
    }
}

impl AccountIdentity for IamIdentity {
    async fn provider(&self, which: &Provider) -> Result<Option<SeenProvider>, PortError> {
        self.get_provider(which)
            .await
            .map_err(|failure| self.explain(failure))
    }

    async fn adopt_provider(&self, which: &Provider, adoption: &Adoption) -> Result<(), PortError> {
        let done = match adoption {
            Adoption::Create { audiences, tags } => {
                self.create_or_join(which, audiences, tags).await
            }
            Adoption::Merge { add, tags } => self.merge(which, add, tags).await,
            Adoption::Nothing => Ok(()),
        };
        done.map_err(|failure| self.explain(failure))
    }

    async fn release_provider(&self, which: &Provider, release: &Release) -> Result<(), PortError> {
        let done = match release {
            Release::Delete => self.delete_provider(which).await,
            Release::Withdraw { audiences, tags } => self.withdraw(which, audiences, tags).await,
            Release::Keep | Release::Nothing => Ok(()),
        };
        done.map_err(|failure| self.explain(failure))
    }

    async fn role(&self, name: &RoleName) -> Result<Option<SeenRole>, PortError> {
        self.get_role(name)
            .await
            .map_err(|failure| self.explain(failure))
    }
}

#[cfg(test)]
mod tests;
