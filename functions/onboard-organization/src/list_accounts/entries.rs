//! The list that the state machine works through.

use std::collections::BTreeSet;

use onboarding::AccountId;
use onboarding::organization::{
    Action, Item, LastRun, Plan, Scope, SeenAccount, SkipReason, Skipped, max_concurrency,
};

use super::task::{Goal, Work};
use crate::run::{Arc, Entry};

/// How many writes a second Azure Resource Manager takes, and how many at once.
const WRITES_PER_SECOND: u32 = 10;
const WRITES_AT_ONCE: usize = 200;
/// How many of them a run takes. The others are for what is tried again, and for other work in the
/// subscription.
const TAKEN_AT_ONCE: usize = WRITES_AT_ONCE / 2;
/// How many accounts are worked on at once where Azure is hardly written to: one of a hundred,
/// between these.
const ONE_OF: usize = 100;
const FEWEST_AT_ONCE: usize = 10;
const MOST_AT_ONCE: usize = 100;

/// Leaves the account that manages the organization to the stack's own resources.
pub(super) fn without_management(plan: &mut Plan, scope: &Scope) {
    let is_management = |item: &mut Item| item.account_id == *scope.management();
    let left = plan.items.extract_if(.., is_management);
    plan.skipped.extend(left.map(|item| Skipped {
        account_id: item.account_id,
        name: item.name,
        reason: SkipReason::ManagementAccount,
        state: None,
    }));
}

/// Adds the accounts that an update takes nothing from but the tags of their instances. Azure is
/// not asked for them.
pub(super) fn add_lost_tags(plan: &mut Plan, work: &Work, accounts: &[SeenAccount]) {
    let Goal::Narrow(lost) = &work.goal else {
        return;
    };
    let narrowing = &lost.narrowing;
    if !narrowing.loses_arc {
        return;
    }
    let includes = |scope: &Option<Scope>, account| {
        let scope = scope.as_ref();
        scope.is_some_and(|scope| scope.includes(account))
    };
    let stays: BTreeSet<&AccountId> = accounts
        .iter()
        .filter(|one| one.unusable().is_none())
        .filter(|one| includes(&narrowing.before, one) && includes(&narrowing.after, one))
        .map(|account| &account.id)
        .collect();
    let has_tags = |skipped: &mut Skipped| {
        skipped.reason == SkipReason::NotNarrowed && stays.contains(&skipped.account_id)
    };
    let kept = plan.skipped.extract_if(.., has_tags);
    plan.items.extend(kept.map(|skipped| Item {
        account_id: skipped.account_id,
        action: Action::Onboard,
        connectors: Vec::new(),
        as_wanted: true,
        name: skipped.name,
    }));
}

/// The list, and how many of it are worked on at once. `now` is in seconds since 1970.
pub(super) fn of(
    items: Vec<Item>,
    work: &Work,
    last: Option<&LastRun>,
    now: u64,
) -> (Vec<Entry>, u16) {
    let writes = items.iter().filter(|item| !item.as_wanted).count();
    let chosen = work.settings.max_concurrent_accounts;
    let has_tags = work.state.arc().is_some();
    let paced = max_concurrency(chosen, last, WRITES_PER_SECOND, has_tags).get();
    let is_bound = chosen.is_some() || writes > WRITES_AT_ONCE;
    let wide = (items.len() / ONE_OF).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE);
    let wide = u16::try_from(wide).unwrap_or(u16::MAX);
    let at_once = match last {
        _ if is_bound => paced,
        Some(_) => paced.max(wide),
        // A guess is for many, who have their turns.
        None => wide,
    };
    let mut turns = Turns::beginning(now);
    let entries = items.into_iter().map(|item| Entry {
        arc: arc(item.action, work),
        not_before_epoch_seconds: (writes > WRITES_AT_ONCE && !item.as_wanted)
            .then(|| turns.next())
            .flatten(),
        item,
    });
    (entries.collect(), at_once)
}

/// When those begin that write to Azure: as it takes writes, however long each of them works.
struct Turns {
    now: u64,
    given: usize,
}

impl Turns {
    fn beginning(now: u64) -> Self {
        Self { now, given: 0 }
    }

    fn next(&mut self) -> Option<u64> {
        let waiting = self.given.checked_sub(TAKEN_AT_ONCE);
        self.given += 1;
        let waiting = u64::try_from(waiting?).unwrap_or(u64::MAX);
        Some(
            self.now
                .saturating_add(1 + waiting / u64::from(WRITES_PER_SECOND)),
        )
    }
}

fn arc(action: Action, work: &Work) -> Arc {
    let has_tags = match (&work.goal, action) {
        (_, Action::RemoveConnector) => false,
        (Goal::Narrow(lost), Action::Offboard) => lost.had_tags,
        (Goal::Narrow(lost), Action::Onboard) => lost.narrowing.loses_arc,
        (Goal::Onboard | Goal::Offboard, _) => work.state.arc().is_some(),
    };
    match (&work.goal, action) {
        _ if !has_tags => Arc::None,
        (Goal::Onboard, Action::Onboard) => Arc::Onboard,
        _ => Arc::Offboard,
    }
}
