//! Brings Defender's identity provider into an account, and gives it back.

use std::collections::BTreeSet;

use onboarding::deployment::{STACK_ID, tag};
use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::provider::{Adoption, Release, adopt, release};
use onboarding::{AccountId, RoleKey, RoleName};
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
        before_write: impl FnOnce() + Send,
    ) -> Result<(), RegisterError> {
        let port = RegisterError::port(account);
        let seen = self.identity.provider().await.map_err(&port)?;
        let adoption = adopt(seen.as_ref(), &self.deployment);
        match &adoption {
            Adoption::Nothing => {
                info!(account.id = %account, "the identity provider of account {account} has all it needs");
                return Ok(());
            }
            Adoption::Create { .. } => {
                info!(account.id = %account, "creating the identity provider of account {account}");
            }
            Adoption::Merge { add, .. } => {
                info!(account.id = %account, audiences = add.len(), "adding {} audiences to the identity provider of account {account}", add.len());
            }
        }
        before_write();
        self.identity.adopt_provider(&adoption).await.map_err(&port)
    }

    /// Gives back what [`Self::provide_identity`] added, and empties the run bucket: this is the
    /// last of the stack's custom resources to go, and a bucket goes only when it is empty.
    pub async fn withdraw_identity(&self, account: &AccountId) -> Result<(), RegisterError> {
        let port = RegisterError::port(account);
        let seen = self.identity.provider().await.map_err(&port)?;
        let mut step = release(seen.as_ref(), &self.deployment, false);
        if step != Release::Nothing && self.is_in_use(account).await {
            step = release(seen.as_ref(), &self.deployment, true);
        }
        if step == Release::Keep {
            warn!(account.id = %account, "a security connector of this deployment for account {account} remains, so its identity provider stays");
        }
        self.identity.release_provider(&step).await.map_err(&port)?;
        self.former.empty().await.map_err(&port)
    }

    /// Whether a connector of ours for the account remains. Where Azure cannot be asked the
    /// answer is no: `CloudFormation` deletes the connector before the provider, and a stack
    /// whose Azure settings never worked must still be able to go.
    async fn is_in_use(&self, account: &AccountId) -> bool {
        match self.connectors.list().await {
            Ok(listed) => listed
                .iter()
                .any(|seen| seen.connects(account) && seen.is_owned_by(&self.deployment)),
            Err(error) => {
                warn!(account.id = %account, "could not ask Azure whether a connector for account {account} remains: {error}");
                false
            }
        }
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
