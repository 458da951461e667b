//! Which accounts are to be onboarded, and which are not and why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{AccountState, OrganizationSettings, RootId, SeenAccount, TargetId};
use crate::AccountId;

/// Why an account is not worked on. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SkipReason {
    /// AWS has suspended it.
    Suspended,
    /// Its closure is under way.
    PendingClosure,
    /// It is closed.
    Closed,
    /// Nobody has activated it yet.
    PendingActivation,
    /// Organizations says something of it that is not known here.
    UnknownState,
    /// The stack's parameters leave it out.
    Excluded,
    /// It is below none of the wanted units.
    OutOfScope,
    /// It manages the organization: the stack's own resources look after it.
    ManagementAccount,
    /// The update takes nothing from it.
    NotNarrowed,
}

impl SkipReason {
    /// Whether the account cannot be worked in, wherever it is in the organization.
    pub fn is_of_state(self) -> bool {
        matches!(
            self,
            Self::Suspended
                | Self::PendingClosure
                | Self::Closed
                | Self::PendingActivation
                | Self::UnknownState
        )
    }
}

/// How an account stands to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It manages the organization.
    Management,
    /// It is to be onboarded.
    InScope,
    /// It would be, but cannot be worked in as it is.
    Unusable(SkipReason),
    /// It is not to be onboarded. The reason is why; the second one, why it cannot be worked in.
    Outside(SkipReason, Option<SkipReason>),
}

/// Which accounts are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    targets: BTreeSet<TargetId>,
    excluded: BTreeSet<AccountId>,
    management: AccountId,
}

impl Scope {
    /// The accounts that the settings ask for.
    pub fn of(settings: &OrganizationSettings) -> Self {
        Self {
            targets: settings.organizational_unit_ids.clone(),
            excluded: settings.excluded_account_ids.clone(),
            management: settings.management_account_id.clone(),
        }
    }

    /// The account that manages the organization.
    pub fn management(&self) -> &AccountId {
        &self.management
    }

    /// The wanted roots or units; none stands for the root.
    pub fn wanted(&self) -> &BTreeSet<TargetId> {
        &self.targets
    }

    /// What `StackSets` aim at: the wanted units, or the root.
    pub fn targets(&self, root: &RootId) -> BTreeSet<TargetId> {
        if self.targets.is_empty() {
            BTreeSet::from([TargetId::Root(root.clone())])
        } else {
            self.targets.clone()
        }
    }

    /// How an account stands to what is wanted.
    pub fn standing(&self, account: &SeenAccount) -> Standing {
        if account.id == self.management {
            return Standing::Management;
        }
        let unusable = account.unusable();
        if self.excluded.contains(&account.id) {
            return Standing::Outside(SkipReason::Excluded, unusable);
        }
        if !self.is_above(account) {
            return Standing::Outside(SkipReason::OutOfScope, unusable);
        }
        unusable.map_or(Standing::InScope, Standing::Unusable)
    }

    /// Whether an account is to be onboarded, could it be worked in.
    pub fn includes(&self, account: &SeenAccount) -> bool {
        matches!(
            self.standing(account),
            Standing::InScope | Standing::Unusable(_)
        )
    }

    fn is_above(&self, account: &SeenAccount) -> bool {
        let passes = |target| account.paths.iter().any(|path| path.passes(target));
        self.targets.is_empty() || self.targets.iter().any(passes)
    }
}

impl SeenAccount {
    /// Why it cannot be worked in; `None` where it can.
    pub fn unusable(&self) -> Option<SkipReason> {
        match self.state {
            AccountState::Active => None,
            AccountState::PendingActivation => Some(SkipReason::PendingActivation),
            AccountState::Suspended => Some(SkipReason::Suspended),
            AccountState::PendingClosure => Some(SkipReason::PendingClosure),
            AccountState::Closed => Some(SkipReason::Closed),
            AccountState::Unknown(_) => Some(SkipReason::UnknownState),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::organization::Shown;

    fn scope(targets: &[&str], excluded: &[&str]) -> Scope {
        Scope {
            targets: targets.iter().map(|id| id.parse().unwrap()).collect(),
            excluded: excluded.iter().map(|id| id.parse().unwrap()).collect(),
            management: "000000000000".parse().unwrap(),
        }
    }

    fn account(id: &str, state: AccountState, path: &str) -> SeenAccount {
        SeenAccount {
            id: id.parse().unwrap(),
            name: Shown::name("one"),
            state,
            paths: vec![path.parse().unwrap()],
        }
    }

    const ONE: &str = "111122223333";
    const DEEP: &str = "o-a1b2c3d4e5/r-a1b2/ou-a1b2-11112222/ou-a1b2-33334444/111122223333/";

    #[test]
    fn an_account_is_in_scope_below_any_wanted_unit_or_the_root() {
        let account = account(ONE, AccountState::Active, DEEP);
        for targets in [
            &[][..],
            &["r-a1b2"],
            &["ou-a1b2-11112222"],
            &["ou-a1b2-33334444"],
            &["ou-a1b2-55556666", "ou-a1b2-33334444"],
        ] {
            let standing = scope(targets, &[]).standing(&account);
            assert_eq!(standing, Standing::InScope, "{targets:?}");
        }
        let elsewhere = scope(&["ou-a1b2-55556666", "r-a1b3"], &[]).standing(&account);
        assert_eq!(elsewhere, Standing::Outside(SkipReason::OutOfScope, None));
    }

    #[test]
    fn an_excluded_account_is_outside_wherever_it_is() {
        let one = account(ONE, AccountState::Closed, DEEP);
        let standing = scope(&[], &[ONE]).standing(&one);
        let closed = Some(SkipReason::Closed);
        assert_eq!(standing, Standing::Outside(SkipReason::Excluded, closed));
        assert!(!scope(&[], &[ONE]).includes(&one));
    }

    #[test]
    fn the_management_account_is_neither() {
        let own = account("000000000000", AccountState::Active, DEEP);
        for scope in [
            scope(&[], &["000000000000"]),
            scope(&["ou-a1b2-55556666"], &[]),
        ] {
            assert_eq!(scope.standing(&own), Standing::Management);
        }
    }

    #[test]
    fn only_an_active_account_can_be_worked_in() {
        for (state, reason) in [
            (
                AccountState::PendingActivation,
                SkipReason::PendingActivation,
            ),
            (AccountState::Suspended, SkipReason::Suspended),
            (AccountState::PendingClosure, SkipReason::PendingClosure),
            (AccountState::Closed, SkipReason::Closed),
            (
                AccountState::Unknown(Shown::name("NEW")),
                SkipReason::UnknownState,
            ),
        ] {
            let account = account(ONE, state, DEEP);
            assert_eq!(
                scope(&[], &[]).standing(&account),
                Standing::Unusable(reason)
            );
            assert!(scope(&[], &[]).includes(&account) && reason.is_of_state());
        }
        assert!(!SkipReason::OutOfScope.is_of_state() && !SkipReason::Excluded.is_of_state());
    }

    #[test]
    fn an_account_of_which_no_path_is_known_is_below_the_root_alone() {
        let mut lost = account(ONE, AccountState::Active, DEEP);
        lost.paths.clear();
        assert_eq!(scope(&[], &[]).standing(&lost), Standing::InScope);
        let standing = scope(&["ou-a1b2-11112222"], &[]).standing(&lost);
        assert_eq!(standing, Standing::Outside(SkipReason::OutOfScope, None));
    }

    #[test]
    fn stack_sets_aim_at_the_wanted_units_or_the_root() {
        let root = "r-a1b2".parse().unwrap();
        let shown = |scope: Scope| {
            scope
                .targets(&root)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(scope(&[], &[])), ["r-a1b2"]);
        assert_eq!(
            shown(scope(&["ou-a1b2-11112222"], &[])),
            ["ou-a1b2-11112222"]
        );
    }

    proptest! {
        #[test]
        fn a_parent_in_scope_takes_its_children_with_it(
            way in prop::collection::vec("[0-9a-z]{8}", 1..5), chosen: prop::sample::Index,
        ) {
            let units: Vec<String> = way.iter().map(|label| format!("ou-a1b2-{label}")).collect();
            let path = format!("o-a1b2c3d4e5/r-a1b2/{}/{ONE}/", units.join("/"));
            let below = account(ONE, AccountState::Active, &path);
            let wanted = chosen.get(&units).as_str();
            prop_assert_eq!(scope(&[wanted], &[]).standing(&below), Standing::InScope);
            let above = account(ONE, AccountState::Active, "o-a1b2c3d4e5/r-a1b2/");
            let standing = scope(&[wanted], &[]).standing(&above);
            prop_assert_eq!(standing, Standing::Outside(SkipReason::OutOfScope, None));
        }
    }
}
