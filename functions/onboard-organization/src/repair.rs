//! Has stacks of one account made again that failed or are missing.
//!
//! Nothing is remembered between two calls but the ids of the operations, which follow from the
//! run, the account and the stack set: what was begun is found again.

use std::collections::BTreeSet;

use onboarding::arc::RunId;
use onboarding::organization::{
    InstanceStatus, OperationId, OperationState, Repair, Scope, Shown, StackChoice, StackInstance,
    StackInstances, StackSetKind, StackSetName, TargetId, WantedState, repair,
};
use onboarding::{AccountId, FailureKind, PortError, RegionName};
use serde::Serialize;
use tokio::time::Instant;
use tracing::info;

use crate::cloud::Cloud;
use crate::error::OrganizationError;

/// How often a run has a stack made again. What fails twice needs a person.
const ATTEMPTS: u32 = 2;

/// How it stands with the stacks of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Repaired {
    /// Whether there is nothing to wait for.
    pub done: bool,
    /// The operations that were begun.
    pub operations: Vec<OperationId>,
    /// Where nothing helps but a person.
    pub stuck: Vec<Stuck>,
}

/// A stack that nothing helps but a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stuck {
    /// Of this stack set.
    pub stack_set: String,
    /// In this Region.
    pub region: RegionName,
    /// What the service says of it.
    pub reason: Shown,
}

/// The stacks of one account, for one run.
#[derive(Debug)]
pub struct Repairing<'a, S> {
    /// The stack sets.
    pub stack_sets: S,
    /// The account.
    pub account: &'a AccountId,
    /// The run.
    pub run: &'a RunId,
    /// The roots or units that the stack sets aim at.
    pub within: BTreeSet<TargetId>,
}

/// Looks at every stack set that reaches an account.
pub async fn repair_account<C>(
    cloud: &Cloud<C>,
    account: &AccountId,
    run: &RunId,
    deadline: Instant,
) -> Result<Repaired, OrganizationError> {
    let state = cloud.bucket(deadline).wanted(run).await?;
    let state = state.ok_or_else(|| {
        OrganizationError::Invalid(format!("there is no run {run} over the organization"))
    })?;
    let state = WantedState::of_value(state)?;
    let settings = state.organization().ok_or_else(|| {
        OrganizationError::Invalid("the wanted state is for one account alone".to_owned())
    })?;
    let scope = Scope::of(settings);
    let mut repaired = Repaired {
        done: true,
        ..Repaired::default()
    };
    // Stack sets never reach it.
    if scope.management() == account {
        return Ok(repaired);
    }
    let repairing = Repairing {
        stack_sets: cloud.stack_sets(deadline),
        account,
        run,
        within: scope.wanted().clone(),
    };
    let home: BTreeSet<RegionName> = cloud.own_region().into_iter().collect();
    for kind in StackSetKind::ALL {
        let expected = match kind {
            StackSetKind::Access | StackSetKind::Account => home.clone(),
            StackSetKind::Region if state.arc().is_none() => continue,
            StackSetKind::Region if settings.regions.is_empty() => {
                cloud.known_regions(deadline).await?.clone()
            }
            StackSetKind::Region => settings.regions.clone(),
        };
        let stack_set = settings.stack_set_name_prefix.stack_set(kind);
        repairing.look(&stack_set, &expected, &mut repaired).await?;
    }
    Ok(repaired)
}

impl<S: StackInstances> Repairing<'_, S> {
    /// Looks at one stack set, and has made again what is not current.
    async fn look(
        &self,
        stack_set: &StackSetName,
        expected: &BTreeSet<RegionName>,
        repaired: &mut Repaired,
    ) -> Result<(), PortError> {
        let seen = self.stack_sets.instances(stack_set, self.account).await?;
        let ended = self.ended(stack_set, &seen).await?;
        let Repair {
            make,
            under_way,
            stuck,
        } = repair(expected, &seen, &ended);
        repaired.done &= under_way.is_empty();
        let reason = |region: &RegionName| {
            let instance = seen.iter().find(|instance| instance.region == *region);
            instance
                .map(|instance| instance.reason.clone())
                .unwrap_or_default()
        };
        let mut stuck = stuck;
        if !make.is_empty() {
            match self.attempt(stack_set, &make).await? {
                Some(operation) => {
                    repaired.done = false;
                    repaired.operations.push(operation);
                }
                None => stuck.extend(make.iter().map(|one| (one.clone(), reason(one)))),
            }
        }
        repaired
            .stuck
            .extend(stuck.into_iter().map(|(region, reason)| Stuck {
                stack_set: stack_set.to_string(),
                region,
                reason,
            }));
        Ok(())
    }

    /// Operations that stacks are said to wait for and that have ended.
    async fn ended(
        &self,
        stack_set: &StackSetName,
        seen: &[StackInstance],
    ) -> Result<BTreeSet<OperationId>, PortError> {
        let waits = |instance: &&StackInstance| instance.status == InstanceStatus::Pending;
        let waiting = seen.iter().filter(waits);
        let waited_for: BTreeSet<&OperationId> = waiting
            .filter_map(|instance| instance.last_operation.as_ref())
            .collect();
        let mut ended = BTreeSet::new();
        for operation in waited_for {
            if self.state(stack_set, operation).await? != Some(OperationState::UnderWay) {
                ended.insert(operation.clone());
            }
        }
        Ok(ended)
    }

    /// The operation that makes the stacks: one that is under way, or the next one. `None` where
    /// there were enough.
    async fn attempt(
        &self,
        stack_set: &StackSetName,
        regions: &BTreeSet<RegionName>,
    ) -> Result<Option<OperationId>, PortError> {
        for attempt in 1..=ATTEMPTS {
            let id = OperationId::of_attempt(self.run, self.account, stack_set, attempt);
            match self.state(stack_set, &id).await? {
                Some(OperationState::UnderWay) => return Ok(Some(id)),
                Some(OperationState::Succeeded | OperationState::Failed) => {}
                None => {
                    let choice = StackChoice {
                        stack_set,
                        account: self.account,
                        within: &self.within,
                        regions,
                    };
                    self.stack_sets.make(&choice, &id).await?;
                    info!(
                        account.id = %self.account,
                        "{stack_set} makes its stacks in account {} again", self.account
                    );
                    return Ok(Some(id));
                }
            }
        }
        Ok(None)
    }

    /// How an operation stands; `None` where there is none of this id.
    async fn state(
        &self,
        stack_set: &StackSetName,
        id: &OperationId,
    ) -> Result<Option<OperationState>, PortError> {
        match self.stack_sets.operation(stack_set, id).await {
            Ok(state) => Ok(Some(state)),
            Err(error) if error.kind == FailureKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
