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

/// The list, and how many of it are worked on at once.
pub(super) fn of(items: Vec<Item>, work: &Work, last: Option<&LastRun>) -> (Vec<Entry>, u16) {
    let writes = items.iter().filter(|item| !item.as_wanted).count();
    let chosen = work.settings.max_concurrent_accounts;
    let paced = max_concurrency(chosen, last, WRITES_PER_SECOND).get();
    let is_bound = chosen.is_some() || writes > WRITES_AT_ONCE;
    let wide = (items.len() / ONE_OF).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE);
    let at_once = if is_bound {
        paced
    } else {
        paced.max(u16::try_from(wide).unwrap_or(u16::MAX))
    };
    let entries = items.into_iter().enumerate().map(|(place, item)| Entry {
        arc: arc(item.action, work),
        delay_seconds: if writes > WRITES_AT_ONCE && place < usize::from(at_once) {
            // The first ones begin one after another, and are from then on as they are.
            u32::try_from(place).unwrap_or(u32::MAX) / WRITES_PER_SECOND
        } else {
            0
        },
        item,
    });
    (entries.collect(), at_once)
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
