//! Brings Defender's identity providers into an account, and gives them back.

use std::collections::BTreeSet;

use onboarding::deployment::{STACK_ID, tag};
use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::provider::{Adoption, Provider, Release, adopt, release};
use onboarding::{AccountId, Connector, Offering, RoleKey, RoleName};
use tracing::{info, warn};

use crate::error::RegisterError;
use crate::registration::Registration;

impl<C: Connectors, I: AccountIdentity, F: FormerConnectors> Registration<C, I, F> {
    /// Refuses role names that are taken by roles which this stack did not make. Asked before the
    /// first write of a deployment, because CloudFormation itself finds out only halfway.
    pub async fn check_role_names(
        &self,
        account: &AccountId,
        roles: &[(RoleKey, RoleName)],
    ) -> Result<(), RegisterError> {
        let mut taken = Vec::new();
        for (key, name) in roles {
            let seen = self
                .identity
                .role(name)
                .await
                .map_err(RegisterError::port(account))?;
            let ours = |role: &onboarding::trust::SeenRole| {
                tag(&role.tags, STACK_ID) == Some(self.deployment.stack_id.as_str())
            };
            if seen.is_some_and(|role| !ours(&role)) {
                taken.push((name.as_str(), key.facts().parameter));
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        let (names, parameters): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        Err(RegisterError::RoleCollision {
            account: account.clone(),
            count: names.len(),
            names: names.join(", "),
            parameters: parameters.join(", "),
        })
    }

    /// Creates the provider or adds what it lacks.
    pub async fn provide_identity(
        &self,
        account: &AccountId,
        provider: &Provider,
        before_write: impl FnOnce() + Send,
    ) -> Result<(), RegisterError> {
        let port = RegisterError::port(account);
        let seen = self.identity.provider(provider).await.map_err(&port)?;
        let adoption = adopt(provider, seen.as_ref(), &self.deployment);
        let url = provider.url();
        match &adoption {
            Adoption::Nothing => {
                info!(account.id = %account, "the identity provider {url} of account {account} has all it needs");
                return Ok(());
            }
            Adoption::Create { .. } => {
                info!(account.id = %account, "creating the identity provider {url} of account {account}");
            }
            Adoption::Merge { add, .. } => {
                info!(account.id = %account, audiences = add.len(), "adding {} audiences to the identity provider {url} of account {account}", add.len());
            }
        }
        before_write();
        let adopted = self.identity.adopt_provider(provider, &adoption).await;
        adopted.map_err(&port)
    }

    /// Gives back what [`Self::provide_identity`] added.
    pub async fn withdraw_identity(
        &self,
        account: &AccountId,
        provider: &Provider,
    ) -> Result<(), RegisterError> {
        let port = RegisterError::port(account);
        let seen = self.identity.provider(provider).await.map_err(&port)?;
        let mut step = release(seen.as_ref(), &self.deployment, false);
        if step != Release::Nothing && self.is_in_use(account, provider).await {
            step = release(seen.as_ref(), &self.deployment, true);
        }
        if step == Release::Keep {
            warn!(account.id = %account, "a security connector of this deployment for account {account} remains, so its identity provider stays");
        }
        let released = self.identity.release_provider(provider, &step).await;
        released.map_err(&port)?;
        if *provider == Provider::Defender {
            // The last of the stack's custom resources to go, and a bucket goes only when empty.
            self.former.empty().await.map_err(&port)?;
        }
        Ok(())
    }

    /// Whether a connector of ours for the account still relies on the provider. Where Azure
    /// cannot be asked the answer is no: `CloudFormation` deletes the connector before the
    /// provider, and a stack whose Azure settings never worked must still be able to go.
    async fn is_in_use(&self, account: &AccountId, provider: &Provider) -> bool {
        match self.connectors.list().await {
            Ok(listed) => listed.iter().any(|seen| {
                seen.connects(account)
                    && seen.is_owned_by(&self.deployment)
                    && relies_on(seen, provider)
            }),
            Err(error) => {
                warn!(account.id = %account, "could not ask Azure whether a connector for account {account} remains: {error}");
                false
            }
        }
    }
}

/// Every connector relies on Defender's provider; on CIEM's only one with CIEM.
fn relies_on(connector: &Connector, provider: &Provider) -> bool {
    match provider {
        Provider::Defender => true,
        Provider::Ciem(_) => connector.offerings.iter().any(
            |one| matches!(one, Offering::DefenderCspmAws(offering) if offering.ciem.is_some()),
        ),
    }
}

/// The role names that an update brings in anew; those it keeps were checked before.
pub fn newly_named(
    wanted: &[(RoleKey, RoleName)],
    old: &BTreeSet<String>,
) -> Vec<(RoleKey, RoleName)> {
    wanted
        .iter()
        .filter(|(_, name)| !old.contains(name.as_str()))
        .cloned()
        .collect()
}
