//! The stray stacks of one account.

use onboarding::organization::stray::reached_by;
use onboarding::organization::{
    OperationId, OperationState, StackChoice, StackInstance, StackInstances, StackSetKind,
    StackSetName, StrayStacks,
};
use onboarding::{AccountId, FailureKind, PortError};
use tracing::info;

use super::Strays;

/// How often a run tries to remove stacks. What fails twice needs a person.
const ATTEMPTS: u32 = 2;

impl<S: StackInstances> Strays<'_, S> {
    pub(super) async fn remove_from(
        &self,
        account: &AccountId,
    ) -> Result<Vec<StrayStacks>, PortError> {
        let mut found = Vec::new();
        // The other way round than they are laid.
        for kind in StackSetKind::ALL.into_iter().rev() {
            let stack_set = self.settings.stack_set_name_prefix.stack_set(kind);
            let seen = match self.stack_sets.instances(&stack_set, account).await {
                // Without tags there is none for Regions.
                Err(error) if error.kind == FailureKind::NotFound => continue,
                seen => seen?,
            };
            if !seen.is_empty() {
                found.extend(self.remove_stacks(account, &stack_set, seen).await?);
            }
        }
        Ok(found)
    }

    async fn remove_stacks(
        &self,
        account: &AccountId,
        stack_set: &StackSetName,
        mut seen: Vec<StackInstance>,
    ) -> Result<Option<StrayStacks>, PortError> {
        let attempt = self.last_attempt(account, stack_set).await?;
        if matches!(attempt, Attempt::Ended(_)) {
            // It may have ended since the first look.
            seen = self.stack_sets.instances(stack_set, account).await?;
        }
        if seen.is_empty() {
            return Ok(None);
        }
        let regions = seen.iter().map(|one| one.region.clone()).collect();
        let operation = match attempt {
            Attempt::UnderWay(id) => Some(id),
            Attempt::Ended(ATTEMPTS..) => None,
            Attempt::None | Attempt::Ended(_) => {
                let choice = StackChoice {
                    stack_set,
                    account,
                    within: &reached_by(&seen, &self.settings.organizational_unit_ids),
                    regions: &regions,
                };
                Some(self.begin(&choice, attempt.next()).await?)
            }
        };
        let mut reasons = seen.into_iter().map(|one| one.reason);
        Ok(Some(StrayStacks {
            account_id: account.clone(),
            stack_set: stack_set.to_string(),
            regions,
            operation,
            reason: reasons
                .find(|reason| !reason.is_empty())
                .unwrap_or_default(),
        }))
    }

    async fn last_attempt(
        &self,
        account: &AccountId,
        stack_set: &StackSetName,
    ) -> Result<Attempt, PortError> {
        let mut last = Attempt::None;
        for attempt in 1..=ATTEMPTS {
            let id = OperationId::of_removal(self.run, account, stack_set, attempt);
            match self.stack_sets.operation(stack_set, &id).await {
                Ok(OperationState::UnderWay) => return Ok(Attempt::UnderWay(id)),
                Ok(OperationState::Succeeded | OperationState::Failed) => {
                    last = Attempt::Ended(attempt);
                }
                Err(error) if error.kind == FailureKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(last)
    }

    async fn begin(
        &self,
        choice: &StackChoice<'_>,
        attempt: u32,
    ) -> Result<OperationId, PortError> {
        let StackChoice {
            stack_set, account, ..
        } = choice;
        let id = OperationId::of_removal(self.run, account, stack_set, attempt);
        self.stack_sets.remove(choice, &id).await?;
        info!(
            account.id = %account,
            "{stack_set} removes its stacks from account {account}, which is excluded"
        );
        Ok(id)
    }
}

/// How it stands with the last attempt of a run.
enum Attempt {
    /// There was none.
    None,
    /// It works.
    UnderWay(OperationId),
    /// It has ended, well or not.
    Ended(u32),
}

impl Attempt {
    fn next(&self) -> u32 {
        match self {
            Self::Ended(number) => number + 1,
            Self::None | Self::UnderWay(_) => 1,
        }
    }
}
