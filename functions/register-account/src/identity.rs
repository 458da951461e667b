//! Brings Defender's identity providers into an account, and gives them back.

use std::collections::BTreeSet;

use onboarding::deployment::{STACK_ID, tag};
use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::provider::{Adoption, Provider, Release, adopt, release};
use onboarding::trust::SeenRole;
use onboarding::{AccountId, Connector, Offering, RoleKey, RoleName};
use tracing::{info, warn};

use crate::error::RegisterError;
use crate::registration::Registration;

/// A role that is wanted, and what the account has under its name.
#[derive(Debug)]
pub struct NamedRole {
    /// Which of Defender's.
    pub key: RoleKey,
    /// What it is to be called.
    pub name: RoleName,
    /// What is there.
    pub seen: Option<SeenRole>,
}

impl<C: Connectors, I: AccountIdentity, F: FormerConnectors> Registration<C, I, F> {
    /// Refuses role names that are taken by roles which this stack did not make. Asked before the
    /// first write of a deployment, because CloudFormation itself finds out only halfway.
    pub async fn check_role_names(
        &self,
        account: &AccountId,
        roles: &[(RoleKey, RoleName)],
    ) -> Result<(), RegisterError> {
        let roles = self.roles(account, roles).await?;
        let ours =
            |role: &SeenRole| tag(&role.tags, STACK_ID) == Some(self.deployment.stack_id.as_str());
        check_taken(account, &roles, ours)
    }

    /// What the account has under the names of roles.
    pub async fn roles(
        &self,
        account: &AccountId,
        names: &[(RoleKey, RoleName)],
    ) -> Result<Vec<NamedRole>, RegisterError> {
        let mut roles = Vec::new();
        for (key, name) in names {
            let seen = self.identity.role(name).await;
            roles.push(NamedRole {
                key: *key,
                name: name.clone(),
                seen: seen.map_err(RegisterError::port(account))?,
            });
        }
        Ok(roles)
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

    /// Gives back what [`Self::provide_identity`] added, unless a connector still relies on it; for
    /// the stack's own account.
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

    /// Gives back what [`Self::provide_identity`] added, where no connector of ours relies on it any
    /// more; whether there was anything.
    pub async fn release_identity(
        &self,
        account: &AccountId,
        provider: &Provider,
    ) -> Result<bool, RegisterError> {
        let port = RegisterError::port(account);
        let seen = self.identity.provider(provider).await.map_err(&port)?;
        let step = release(seen.as_ref(), &self.deployment, false);
        if step == Release::Nothing {
            return Ok(false);
        }
        info!(account.id = %account, "giving back the identity provider {} of account {account}", provider.url());
        let released = self.identity.release_provider(provider, &step).await;
        released.map_err(&port)?;
        Ok(true)
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

/// Refuses names under which there are roles that are not `ours`.
pub fn check_taken(
    account: &AccountId,
    roles: &[NamedRole],
    ours: impl Fn(&SeenRole) -> bool,
) -> Result<(), RegisterError> {
    let is_taken = |role: &&NamedRole| role.seen.as_ref().is_some_and(|seen| !ours(seen));
    let taken: Vec<&NamedRole> = roles.iter().filter(is_taken).collect();
    if taken.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = taken.iter().map(|role| role.name.as_str()).collect();
    let parameters: Vec<&str> = taken
        .iter()
        .map(|role| role.key.facts().parameter)
        .collect();
    Err(RegisterError::RoleCollision {
        account: account.clone(),
        count: taken.len(),
        names: names.join(", "),
        parameters: parameters.join(", "),
    })
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
