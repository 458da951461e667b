//! Removes the stacks that automatic deployments put into accounts that are excluded: they look at
//! units, and not at account filters. The stack sets could not be deleted while these are there.
//!
//! As with repairs, what was begun is found again by the ids of the operations.

use std::collections::BTreeSet;
use std::time::Duration;

use aws::StackSetInstances;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use onboarding::arc::RunId;
use onboarding::organization::{
    Intent, OrganizationSettings, StackInstances, StrayAccounts, StrayStacks, WantedState,
};
use onboarding::{AccountId, FailureKind, PortError, RegionName};
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::cloud::Cloud;
use crate::error::OrganizationError;

mod account;

/// How many accounts are looked at at once. Each is three requests.
const AT_ONCE: usize = 4;
/// How long a delete waits between two looks, and before what is left of an invocation is too
/// little for another one.
const PAUSE: Duration = Duration::from_secs(10);
const WAY_OUT: Duration = Duration::from_secs(30);

/// What one run does about stray stacks.
#[derive(Debug)]
pub(super) struct Removal<'a> {
    strays: Option<Strays<'a, StackSetInstances>>,
    intent: Intent,
    accounts: BTreeSet<AccountId>,
    found: Result<Vec<StrayStacks>, PortError>,
}

impl<'a> Removal<'a> {
    /// Has what is found removed, and does not wait for it.
    pub(super) async fn begin<C>(
        cloud: &Cloud<C>,
        run: &'a RunId,
        settings: Option<&'a OrganizationSettings>,
        excluded: StrayAccounts,
        deadline: Instant,
    ) -> Self {
        let intent = excluded.intent();
        let mut accounts = excluded.found();
        let strays = settings.map(|settings| Strays {
            stack_sets: cloud.stack_sets(deadline),
            run,
            settings,
            deadline,
        });
        let found = async {
            let Some(strays) = strays.as_ref().filter(|_| !accounts.is_empty()) else {
                return Ok(Vec::new());
            };
            if intent == Intent::Onboard {
                keep_excluded(cloud, &mut accounts, deadline).await?;
            }
            strays.remove(&accounts).await
        };
        let found = found.await;
        Self {
            strays,
            intent,
            accounts,
            found,
        }
    }

    /// What was found.
    pub(super) fn stacks(&self) -> &[StrayStacks] {
        self.found.as_deref().unwrap_or_default()
    }

    /// Waits until nothing is left, on the way out. Until then the next run sees what is left.
    pub(super) async fn end(self) -> Result<(), OrganizationError> {
        match (self.strays, self.found) {
            (Some(strays), found) if self.intent == Intent::Offboard => {
                strays.wait(self.accounts, found).await
            }
            (_, Err(error)) => {
                warn!(
                    failure = error.kind.name(),
                    "stacks stay in accounts that are excluded until the next run: {error}"
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Keeps whoever is still excluded by now. A run that goes by what was wanted before must not take
/// stacks out of an account that an update has taken in meanwhile.
async fn keep_excluded<C>(
    cloud: &Cloud<C>,
    accounts: &mut BTreeSet<AccountId>,
    deadline: Instant,
) -> Result<(), PortError> {
    let stored = match cloud.wanted_state(deadline).await {
        Err(error) if error.kind == FailureKind::NotFound => None,
        stored => Some(stored?),
    };
    let state = stored.and_then(|stored| WantedState::read(&stored).ok());
    let settings = state.as_ref().and_then(WantedState::organization);
    let excluded = settings.map(|settings| &settings.excluded_account_ids);
    accounts.retain(|account| excluded.is_some_and(|excluded| excluded.contains(account)));
    Ok(())
}

/// The stray stacks of some accounts, for one run.
#[derive(Debug)]
struct Strays<'a, S> {
    stack_sets: S,
    run: &'a RunId,
    settings: &'a OrganizationSettings,
    deadline: Instant,
}

impl<S: StackInstances> Strays<'_, S> {
    async fn remove(&self, accounts: &BTreeSet<AccountId>) -> Result<Vec<StrayStacks>, PortError> {
        let looks: Vec<_> = accounts
            .iter()
            .map(|account| self.remove_from(account))
            .collect();
        let found = stream::iter(looks).buffer_unordered(AT_ONCE);
        found.try_concat().await
    }

    /// Waits until nothing is left of what was found in accounts. What stands in the way may pass.
    async fn wait(
        &self,
        mut accounts: BTreeSet<AccountId>,
        mut found: Result<Vec<StrayStacks>, PortError>,
    ) -> Result<(), OrganizationError> {
        loop {
            let why = match found {
                Ok(left) if left.is_empty() => return Ok(()),
                Ok(left) => {
                    check_goes_on(&left)?;
                    let why = told(&left[0]);
                    accounts = left.into_iter().map(|stacks| stacks.account_id).collect();
                    why
                }
                Err(error) if passes(error.kind) => error.reason,
                Err(error) => return Err(error.into()),
            };
            if Instant::now() + PAUSE + WAY_OUT > self.deadline {
                let why = format!("the stacks are not removed yet: {why}");
                return Err(PortError::new(FailureKind::Transient, why).into());
            }
            sleep(PAUSE).await;
            found = self.remove(&accounts).await;
        }
    }
}

fn passes(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Throttled { .. } | FailureKind::Transient)
}

/// What was tried often enough needs a person.
fn check_goes_on(left: &[StrayStacks]) -> Result<(), OrganizationError> {
    match left.iter().find(|stacks| stacks.operation.is_none()) {
        None => Ok(()),
        Some(stuck) => Err(OrganizationError::Conflict(format!(
            "{}, which two operations did not remove: {}",
            told(stuck),
            stuck.reason.as_str()
        ))),
    }
}

fn told(stacks: &StrayStacks) -> String {
    let regions: Vec<&str> = stacks.regions.iter().map(RegionName::as_str).collect();
    format!(
        "AWS account {} is excluded and still has stacks of the stack set {} in {}",
        stacks.account_id,
        stacks.stack_set,
        regions.join(", ")
    )
}

#[cfg(test)]
mod tests;
