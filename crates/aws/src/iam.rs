//! Defender's identity providers and roles in one AWS account, through IAM.

use std::fmt;

use aws_sdk_iam::Client;
use aws_sdk_iam::config::Builder;
use onboarding::ports::AccountIdentity;
use onboarding::provider::{Adoption, Provider, Release, SeenProvider};
use onboarding::trust::SeenRole;
use onboarding::{PortError, RoleName};
use tokio::sync::OnceCell;

use crate::account_session::AccountSession;
use crate::call::Call;
use crate::failure::Failure;

mod concurrency;
mod instance_profiles;
mod provider;
mod role;

pub use instance_profiles::InstanceProfiles;

/// IAM of one account, for one request. The account's access role is assumed with the first call.
pub struct IamIdentity {
    session: AccountSession,
    place: String,
    client: OnceCell<Client>,
}

impl fmt::Debug for IamIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IamIdentity")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl IamIdentity {
    pub(crate) fn new(session: AccountSession) -> Self {
        let place = format!("in account {}", session.account());
        Self {
            session,
            place,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> Result<&Client, Failure> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let config = Builder::from(&self.session.sdk().await?)
            .retry_classifier(concurrency::ConcurrentModification)
            .build();
        Ok(Client::from_conf(config))
    }

    fn arn_of(&self, provider: &Provider) -> String {
        provider.arn(self.session.partition(), self.session.account())
    }

    fn call(&self, action: &'static str) -> Call<'_> {
        self.session.call(action, &self.place)
    }

    /// Puts a failure into words, and drops a session that may be the reason for it.
    fn explain(&self, failure: Failure) -> PortError {
        self.session.explain(failure)
    }
}

impl AccountIdentity for IamIdentity {
    async fn access(&self) -> Result<(), PortError> {
        let client = self.client().await;
        client.map(drop).map_err(|failure| self.explain(failure))
    }

    async fn enter(&self) -> Result<(), PortError> {
        self.session.enter().await
    }

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
pub(crate) mod tests;
