//! The port.

use std::collections::{BTreeSet, HashSet};

use onboarding::organization::{Directory, Organization, RootId, SeenAccount, TargetId};
use onboarding::{AccountId, PortError};
use tracing::{info, warn};

use super::account::seen;
use super::lists::Accounts;
use super::{OrganizationDirectory, explain};
use crate::failure::Failure;
use crate::pages::walk;

impl OrganizationDirectory {
    async fn show_accounts(
        &self,
        wanted: &BTreeSet<TargetId>,
        each: &mut (dyn FnMut(SeenAccount) + Send),
    ) -> Result<(), Failure> {
        let mut shown: HashSet<AccountId> = HashSet::new();
        let mut lost = Vec::new();
        walk(&Accounts { directory: self }, &mut |account| {
            let Some(account) = seen(&account) else {
                warn!("Organizations shows an account without an id, which is left out");
                return;
            };
            if !shown.insert(account.id.clone()) {
                return;
            }
            // Below the root is everything, wherever it is.
            if account.paths.is_empty() && !wanted.is_empty() {
                lost.push(account);
            } else {
                each(account);
            }
        })
        .await?;
        if lost.is_empty() {
            return Ok(());
        }
        info!(
            accounts = lost.len(),
            "Organizations does not tell where {} accounts are; looking below the wanted units",
            lost.len()
        );
        let mut ways = self.ways_below(wanted).await?;
        for mut account in lost {
            account.paths = ways.remove(&account.id).unwrap_or_default();
            each(account);
        }
        Ok(())
    }
}

impl Directory for OrganizationDirectory {
    async fn organization(&self) -> Result<Organization, PortError> {
        self.describe().await.map_err(explain)
    }

    async fn root(&self) -> Result<RootId, PortError> {
        self.first_root().await.map_err(explain)
    }

    async fn accounts(
        &self,
        wanted: &BTreeSet<TargetId>,
        each: &mut (dyn FnMut(SeenAccount) + Send),
    ) -> Result<(), PortError> {
        self.show_accounts(wanted, each).await.map_err(explain)
    }

    async fn account(&self, id: &AccountId) -> Result<Option<SeenAccount>, PortError> {
        self.describe_account(id).await.map_err(explain)
    }
}
