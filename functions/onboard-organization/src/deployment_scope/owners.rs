//! Whether another deployment has the account or the organization.

use std::collections::{BTreeMap, BTreeSet};

use custom_resource::Failure;
use onboarding::deployment::{DEPLOYMENT_ID, MANAGED_BY, tag};
use onboarding::inert::inert;
use onboarding::organization::{Directory as _, StackSetKind, StackSetNamePrefix};
use onboarding::{AccountId, ApiVersionSetting, Connector, Deployment};
use tokio::time::Instant;

use super::{DeploymentScope, failed};
use crate::connectors::SeenConnectors;

/// A deployment that connects this many accounts of the organization has it. One that connects a
/// single member is that member's own, and the member's alone is it to give way.
const HAS_IT: usize = 2;
/// How many accounts of another deployment are looked for in the organization.
const LOOKED_FOR: usize = 20;
/// The most characters of an id that others chose.
const SHOWN: usize = 128;

impl<C: SeenConnectors> DeploymentScope<'_, C> {
    /// `CloudFormation` takes each name once.
    pub(super) async fn check_stack_sets(
        &self,
        prefix: &StackSetNamePrefix,
        until: Instant,
    ) -> Result<(), Failure> {
        let ours = &self.0.settings().deployment;
        let stack_sets = self.0.stack_sets(until);
        for kind in StackSetKind::ALL {
            let name = prefix.stack_set(kind);
            let Some(tags) = stack_sets.tags(&name).await.map_err(failed)? else {
                continue;
            };
            if ours.owns(&tags) {
                continue;
            }
            let owner = tag(&tags, DEPLOYMENT_ID).filter(|_| is_managed(&tags));
            let owner = owner.map_or_else(
                || "of somebody else".to_owned(),
                |id| format!("of the deployment {}", inert(id, SHOWN)),
            );
            return Err(Failure::new(format!(
                "there is a stack set {name} {owner} already ('aws cloudformation \
                 describe-stack-set --stack-set-name {name}' shows it). Set StackSetNamePrefix to \
                 another name; or, if that deployment is this one under its former id, set \
                 DeploymentId to that"
            )));
        }
        Ok(())
    }

    /// Connectors of ours under another id: a stack that was lost, or a second one.
    pub(super) async fn check_connectors(&self, until: Instant) -> Result<(), Failure> {
        let settings = self.0.settings();
        let ours = &settings.deployment;
        let version = ApiVersionSetting::default();
        let read = self
            .0
            .connectors()
            .read(version, until, |one| others(one, ours));
        let mut by_owner: BTreeMap<String, BTreeSet<AccountId>> = BTreeMap::new();
        for (owner, account) in read.await.map_err(failed)? {
            by_owner.entry(owner).or_default().insert(account);
        }
        for (owner, accounts) in by_owner {
            if accounts.contains(&settings.account) {
                return Err(owned(&owner, &format!("account {}", settings.account)));
            }
            if self.has_organization(&accounts, until).await? {
                let count = accounts.len();
                return Err(owned(
                    &owner,
                    &format!("{count} accounts, some of this organization"),
                ));
            }
        }
        Ok(())
    }

    async fn has_organization(
        &self,
        accounts: &BTreeSet<AccountId>,
        until: Instant,
    ) -> Result<bool, Failure> {
        if accounts.len() < HAS_IT {
            return Ok(false);
        }
        let directory = self.0.directory(until);
        let mut members = 0;
        for account in accounts.iter().take(LOOKED_FOR) {
            let found = directory.account(account).await.map_err(failed)?;
            members += usize::from(found.is_some());
            if members == HAS_IT {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_managed(tags: &BTreeMap<String, String>) -> bool {
    tag(tags, MANAGED_BY.0) == Some(MANAGED_BY.1)
}

/// Which other deployment a connector belongs to, and whose account it connects.
fn others(seen: &Connector, ours: &Deployment) -> Option<(String, AccountId)> {
    if seen.is_owned_by(ours) || seen.is_member() || !is_managed(&seen.tags) {
        return None;
    }
    let account: AccountId = seen.hierarchy_identifier.trim().parse().ok()?;
    let owner = tag(&seen.tags, DEPLOYMENT_ID)?;
    seen.connects(&account).then(|| (owner.to_owned(), account))
}

fn owned(owner: &str, what: &str) -> Failure {
    let owner = inert(owner, SHOWN);
    Failure::new(format!(
        "the deployment {owner} connects {what} to Defender for Cloud already. If that is this \
         one under its former id, set DeploymentId={owner}; otherwise delete the other stack first"
    ))
}
