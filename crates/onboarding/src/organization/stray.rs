//! Stacks in accounts that are excluded: automatic deployments put them there, which look at units
//! and not at account filters.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    AccountOutcome, AccountResult, Intent, OperationId, OrganizationSettings, Shown, SkipReason,
    Skipped, StackInstance, TargetId,
};
use crate::{AccountId, RegionName};

/// Stacks that a stack set has in an account that is excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StrayStacks {
    /// The account.
    pub account_id: AccountId,
    /// The stack set.
    pub stack_set: String,
    /// Where they are.
    pub regions: BTreeSet<RegionName>,
    /// What removes them; `None` where it was tried often enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// What the service says of them.
    #[serde(skip_serializing_if = "Shown::is_empty")]
    pub reason: Shown,
}

/// Finds the accounts that may have stray stacks and that nothing else is done in.
#[derive(Debug)]
pub struct StrayAccounts {
    intent: Intent,
    excluded: BTreeSet<AccountId>,
    free: BTreeSet<AccountId>,
    busy: BTreeSet<AccountId>,
}

impl StrayAccounts {
    /// Those that the settings exclude; none where there are no settings.
    pub fn of(intent: Intent, settings: Option<&OrganizationSettings>) -> Self {
        let excluded = settings.map(|settings| {
            let mut excluded = settings.excluded_account_ids.clone();
            excluded.remove(&settings.management_account_id);
            excluded
        });
        Self {
            intent,
            excluded: excluded.unwrap_or_default(),
            free: BTreeSet::new(),
            busy: BTreeSet::new(),
        }
    }

    /// What the run is for.
    pub fn intent(&self) -> Intent {
        self.intent
    }

    /// Notes an account that the run works on.
    pub fn expect(&mut self, account: &AccountId) {
        self.busy.insert(account.clone());
    }

    /// Notes an account that the run does not work on.
    pub fn skip(&mut self, skipped: &Skipped) {
        if skipped.reason == SkipReason::Excluded {
            self.free.insert(skipped.account_id.clone());
        }
    }

    /// Notes what came of an account. `for_good`: this run found nothing in it any more.
    pub fn add(&mut self, result: &AccountResult, for_good: bool) {
        let is_out = matches!(
            result.outcome,
            AccountOutcome::Offboarded | AccountOutcome::Removed
        );
        if is_out && (for_good || self.intent == Intent::Offboard) {
            self.busy.remove(&result.account_id);
            self.free.insert(result.account_id.clone());
        }
    }

    /// The accounts. On the way out it is every one that is excluded and in which nothing has
    /// failed, since the stack sets cannot go while any has a stack; before that, only those that
    /// the run has seen. The roles that still take an account out are left to it.
    pub fn found(self) -> BTreeSet<AccountId> {
        let (intent, free, busy) = (self.intent, self.free, self.busy);
        let is_meant = |account: &AccountId| match intent {
            Intent::Offboard => !busy.contains(account),
            Intent::Onboard => free.contains(account),
            Intent::Narrow => false,
        };
        let excluded = self.excluded.into_iter();
        excluded.filter(|account| is_meant(account)).collect()
    }
}

/// By which roots or units a stack set reached the stacks of an account: what it aims at may have
/// changed since. Where it does not say, what it aims at.
pub fn reached_by(seen: &[StackInstance], aims: &BTreeSet<TargetId>) -> BTreeSet<TargetId> {
    let known: Option<BTreeSet<TargetId>> = seen.iter().map(|one| one.target.clone()).collect();
    known
        .filter(|known| !known.is_empty())
        .unwrap_or_else(|| aims.clone())
}

#[cfg(test)]
mod tests;
