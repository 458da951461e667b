//! What is seen: accounts in Organizations, connectors in Azure, marks in the bucket.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use onboarding::organization::{
    Directory, LastRun, Look, RootId, SeenAccount, SeenConnector, TargetId, orphans,
};
use onboarding::{AccountId, PortError};
use tracing::warn;

use super::Listing;
use super::task::{Goal, Work};
use crate::connectors::SeenConnectors;
use crate::wanted_connectors::{WantedConnectors, api_version};

/// Up to how many accounts are asked for one by one. The whole list takes a minute at most.
const FEW: usize = 200;
/// Up to how many accounts are asked for that have a connector and are in no list.
const MOST_ORPHANS: usize = 1_000;
/// How many at once: the adapter keeps the pace.
const AT_ONCE: usize = 16;

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) accounts: Vec<SeenAccount>,
    pub(super) connectors: Vec<SeenConnector>,
    pub(super) marked: BTreeSet<AccountId>,
    pub(super) last: Option<LastRun>,
}

impl Seen {
    pub(super) fn look<'a>(&'a self, work: &'a Work) -> Look<'a> {
        Look {
            scope: &work.scope,
            registration: work.registration(),
            accounts: &self.accounts,
            connectors: &self.connectors,
            unfinished: &self.marked,
            only: work.only.as_ref(),
        }
    }
}

impl<C: SeenConnectors> Listing<'_, C> {
    pub(super) async fn look(&self, work: &Work) -> Result<Seen, PortError> {
        let bucket = self.bucket();
        let seen = tokio::try_join!(
            self.accounts(work),
            self.connectors(work),
            bucket.leaving(),
            bucket.last(),
        )?;
        let (accounts, connectors, marked, last) = seen;
        let mut seen = Seen {
            accounts,
            connectors,
            marked,
            last,
        };
        if work.only.is_none() {
            self.look_for_orphans(&mut seen).await?;
        }
        Ok(seen)
    }

    /// Looks at the connectors once more.
    pub(super) async fn look_again(&self, work: &Work, seen: &mut Seen) -> Result<(), PortError> {
        seen.connectors = self.connectors(work).await?;
        if work.only.is_none() {
            self.look_for_orphans(seen).await?;
        }
        Ok(())
    }

    /// The root of the organization, without which stacks of members cannot be made again.
    pub(super) async fn root(&self, seen: &Seen) -> Result<RootId, PortError> {
        let mut paths = seen.accounts.iter().flat_map(|account| &account.paths);
        match paths.find_map(|path| path.root()) {
            Some(root) => Ok(root.clone()),
            None => self.cloud.directory(self.deadline).root().await,
        }
    }

    async fn accounts(&self, work: &Work) -> Result<Vec<SeenAccount>, PortError> {
        if let Some(few) = work.only.as_ref().filter(|only| only.len() <= FEW) {
            return self.one_by_one(few).await;
        }
        let mut found = Vec::new();
        let directory = self.cloud.directory(self.deadline);
        directory
            .accounts(&wanted_units(work), &mut |account| found.push(account))
            .await?;
        Ok(found)
    }

    async fn one_by_one(
        &self,
        accounts: &BTreeSet<AccountId>,
    ) -> Result<Vec<SeenAccount>, PortError> {
        let directory = &self.cloud.directory(self.deadline);
        let asked: Vec<_> = accounts
            .iter()
            .map(|account| async move { directory.account(account).await })
            .collect();
        stream::iter(asked)
            .buffer_unordered(AT_ONCE)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await
    }

    async fn connectors(&self, work: &Work) -> Result<Vec<SeenConnector>, PortError> {
        let settings = self.cloud.settings();
        let ours = &settings.deployment;
        // What is taken out need not be compared.
        let compared = !matches!(work.goal, Goal::Offboard);
        let wanted = compared.then(|| WantedConnectors::new(&work.state, settings));
        let connectors = self.cloud.connectors();
        let version = api_version(&work.state.to_value());
        connectors
            .read(version, self.deadline, |seen| {
                SeenConnector::of(seen, ours, |account| wanted.as_ref()?.of(account))
            })
            .await
    }

    /// A list that is read page by page while accounts move may miss one, whose connector must not
    /// go for that.
    async fn look_for_orphans(&self, seen: &mut Seen) -> Result<(), PortError> {
        let mut all = orphans(&seen.accounts, &seen.connectors);
        if let Some(rest) = all.iter().nth(MOST_ORPHANS).cloned() {
            let rest = all.split_off(&rest);
            warn!(
                accounts = rest.len(),
                "{} accounts with a connector are in no list; the next run looks for them",
                rest.len()
            );
            seen.connectors.retain(|one| !rest.contains(&one.account));
        }
        let found = self.one_by_one(&all).await?;
        seen.accounts.extend(found);
        Ok(())
    }
}

/// The units below which the accounts have to be known; none stands for the root.
fn wanted_units(work: &Work) -> BTreeSet<TargetId> {
    let Goal::Narrow(lost) = &work.goal else {
        return work.scope.wanted().clone();
    };
    let scopes = [&lost.narrowing.before, &lost.narrowing.after];
    let scopes = scopes.into_iter().flatten();
    scopes.flat_map(|scope| scope.wanted().clone()).collect()
}
