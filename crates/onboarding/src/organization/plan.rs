//! What a run does with every account: what is seen, compared with what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AccountState, Action, Intent, Item, MemberRegistration, Membership, Narrowing, Scope,
    SeenAccount, SeenConnector, Shown, SkipReason, Skipped, Standing,
};
use crate::AccountId;

/// What a run is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// To bring everything to what is wanted.
    Onboard,
    /// To take everything out.
    Offboard,
    /// To take out what an update loses.
    Narrow(&'a Narrowing),
}

impl Purpose<'_> {
    /// The same by name.
    pub fn intent(self) -> Intent {
        match self {
            Self::Onboard => Intent::Onboard,
            Self::Offboard => Intent::Offboard,
            Self::Narrow(_) => Intent::Narrow,
        }
    }
}

/// Everything that was seen.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Which accounts are wanted.
    pub scope: &'a Scope,
    /// Who makes the members' connectors.
    pub registration: MemberRegistration,
    /// Every account of the organization, or every one of `only` that is in it.
    pub accounts: &'a [SeenAccount],
    /// Every connector of the subscription.
    pub connectors: &'a [SeenConnector],
    /// Accounts that runs began to take out and were not seen to finish.
    pub unfinished: &'a BTreeSet<AccountId>,
    /// The accounts that are asked for, where it is not all.
    pub only: Option<&'a BTreeSet<AccountId>>,
}

/// What a run does: every account is in one of the two, once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Accounts that are worked on.
    pub items: Vec<Item>,
    /// Accounts that are not.
    pub skipped: Vec<Skipped>,
}

/// What is done with one account.
enum Verdict {
    /// It is worked on; whether its connector is as wanted.
    Act(Action, bool),
    /// It is not.
    Skip(SkipReason),
}

/// The connectors of one account.
struct Connectors<'a> {
    all: Vec<&'a SeenConnector>,
}

impl<'a> Connectors<'a> {
    fn own(&self) -> impl Iterator<Item = &'a SeenConnector> {
        self.all.iter().copied().filter(|one| one.is_ours)
    }

    fn has_own(&self) -> bool {
        self.own().next().is_some()
    }

    fn ids(&self) -> Vec<String> {
        self.all.iter().map(|one| one.id.to_string()).collect()
    }
}

/// Decides for every account.
///
/// An account that is suspended, closing or closed is skipped and keeps its connector, unless
/// everything is taken out or it is not wanted: then the connector goes, and nothing else can be
/// done. One that left the organization loses its connector alike.
pub fn plan(purpose: Purpose<'_>, look: &Look<'_>) -> Plan {
    let mut by_account: BTreeMap<&AccountId, Vec<&SeenConnector>> = BTreeMap::new();
    for connector in look.connectors {
        let same = by_account.entry(&connector.account).or_default();
        same.push(connector);
    }
    let is_asked_for = |id: &AccountId| look.only.is_none_or(|only| only.contains(id));
    let mut plan = Plan::default();
    let mut known = BTreeSet::new();
    for account in look.accounts {
        if !known.insert(&account.id) || !is_asked_for(&account.id) {
            continue;
        }
        let connectors = Connectors {
            all: by_account.get(&account.id).cloned().unwrap_or_default(),
        };
        match verdict(purpose, look, account, &connectors) {
            Verdict::Act(action, as_wanted) => plan.items.push(Item {
                account_id: account.id.clone(),
                action,
                connectors: connectors.ids(),
                as_wanted,
                name: account.name.clone(),
            }),
            Verdict::Skip(reason) => plan.skipped.push(skipped(account, reason)),
        }
    }
    if purpose.intent() != Intent::Narrow {
        let departed = by_account.into_iter().filter(|(id, _)| {
            !known.contains(id) && is_asked_for(id) && *id != look.scope.management()
        });
        plan.items.extend(departed.filter_map(departure));
    }
    plan
}

/// The accounts of our connectors that are not among those of the organization. A list that is
/// read page by page while accounts move may miss one, so each of these is to be asked for by its
/// id before it counts as gone.
pub fn orphans(accounts: &[SeenAccount], connectors: &[SeenConnector]) -> BTreeSet<AccountId> {
    let known: BTreeSet<&AccountId> = accounts.iter().map(|account| &account.id).collect();
    let own = connectors.iter().filter(|one| one.is_ours);
    own.map(|one| &one.account)
        .filter(|account| !known.contains(account))
        .cloned()
        .collect()
}

fn skipped(account: &SeenAccount, reason: SkipReason) -> Skipped {
    Skipped {
        account_id: account.id.clone(),
        name: account.name.clone(),
        reason,
        state: match &account.state {
            AccountState::Unknown(state) => Some(state.clone()),
            _ => None,
        },
    }
}

/// An account that is not in the organization any more.
fn departure((account, all): (&AccountId, Vec<&SeenConnector>)) -> Option<Item> {
    let connectors = Connectors { all };
    connectors.has_own().then(|| Item {
        account_id: account.clone(),
        action: Action::RemoveConnector,
        connectors: connectors.ids(),
        as_wanted: false,
        name: Shown::default(),
    })
}

fn verdict(
    purpose: Purpose<'_>,
    look: &Look<'_>,
    account: &SeenAccount,
    connectors: &Connectors<'_>,
) -> Verdict {
    match (purpose, look.scope.standing(account)) {
        (Purpose::Narrow(narrowing), _) => narrow(narrowing, look, account, connectors),
        (Purpose::Onboard, Standing::Management) => {
            Verdict::Act(Action::Onboard, is_registered(connectors))
        }
        (Purpose::Offboard, Standing::Management) => Verdict::Skip(SkipReason::ManagementAccount),
        (Purpose::Onboard, Standing::InScope) => {
            Verdict::Act(Action::Onboard, is_member_registered(look, connectors))
        }
        (Purpose::Offboard, Standing::InScope) => {
            Verdict::Act(Action::Offboard, !connectors.has_own())
        }
        (Purpose::Onboard, Standing::Unusable(reason)) => Verdict::Skip(reason),
        // What is not known of it may as well be that it is back.
        (Purpose::Onboard, Standing::Outside(_, Some(SkipReason::UnknownState))) => {
            Verdict::Skip(SkipReason::UnknownState)
        }
        (Purpose::Offboard, Standing::Unusable(reason))
        | (_, Standing::Outside(reason, Some(_))) => remove(connectors, reason),
        (_, Standing::Outside(reason, None)) => {
            if connectors.has_own() || look.unfinished.contains(&account.id) {
                Verdict::Act(Action::Offboard, !connectors.has_own())
            } else {
                Verdict::Skip(reason)
            }
        }
    }
}

/// Nothing can be done in the account itself.
fn remove(connectors: &Connectors<'_>, reason: SkipReason) -> Verdict {
    if connectors.has_own() {
        Verdict::Act(Action::RemoveConnector, false)
    } else {
        Verdict::Skip(reason)
    }
}

fn narrow(
    narrowing: &Narrowing,
    look: &Look<'_>,
    account: &SeenAccount,
    connectors: &Connectors<'_>,
) -> Verdict {
    let includes = |scope: &Option<Scope>| {
        let scope = scope.as_ref();
        scope.is_some_and(|scope| scope.includes(account))
    };
    let is_management = |scope: &Option<Scope>| {
        let scope = scope.as_ref();
        scope.is_some_and(|scope| *scope.management() == account.id)
    };
    if is_management(&narrowing.before) || is_management(&narrowing.after) {
        return Verdict::Skip(SkipReason::ManagementAccount);
    }
    if !includes(&narrowing.before) {
        return Verdict::Skip(SkipReason::NotNarrowed);
    }
    let is_lost = !includes(&narrowing.after);
    match account.unusable() {
        Some(reason) if is_lost => remove(connectors, reason),
        Some(reason) => Verdict::Skip(reason),
        None if is_lost => Verdict::Act(Action::Offboard, !connectors.has_own()),
        None if narrowing.leaves_direct => remove(connectors, SkipReason::NotNarrowed),
        None if narrowing.loses_plans
            && look.registration == MemberRegistration::Direct
            && connectors.has_own() =>
        {
            Verdict::Act(Action::Onboard, is_registered(connectors))
        }
        None => Verdict::Skip(SkipReason::NotNarrowed),
    }
}

/// Whether the one connector that we have for the account is as wanted, and Defender has made none
/// beside it.
fn is_registered(connectors: &Connectors<'_>) -> bool {
    let mut own = connectors.own();
    let is_met = matches!((own.next(), own.next()), (Some(only), None) if only.is_as_wanted);
    let mut all = connectors.all.iter();
    is_met && !all.any(|one| one.membership == Membership::Member)
}

fn is_member_registered(look: &Look<'_>, connectors: &Connectors<'_>) -> bool {
    match look.registration {
        MemberRegistration::Direct => is_registered(connectors),
        MemberRegistration::Discovery => !connectors.has_own(),
    }
}

#[cfg(test)]
mod tests;
