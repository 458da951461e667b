//! Accounts as Organizations shows them.

use serde::{Deserialize, Serialize};

use super::{RootId, Shown, TargetId};
use crate::{AccountId, InvalidValue};

/// Where an account is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountState {
    /// It can be used.
    Active,
    /// It was made and nobody has activated it yet.
    PendingActivation,
    /// AWS has suspended it.
    Suspended,
    /// Its closure is under way.
    PendingClosure,
    /// It is closed, and kept for a while.
    Closed,
    /// Something that did not exist when this was written, or nothing at all.
    Unknown(Shown),
}

impl AccountState {
    /// Reads `State`, and where there is none the older `Status`, which says less: AWS retired it
    /// on 2026-09-09.
    pub fn read(state: Option<&str>, retired_status: Option<&str>) -> Self {
        match state.or(retired_status).unwrap_or_default() {
            "ACTIVE" => Self::Active,
            "PENDING_ACTIVATION" => Self::PendingActivation,
            "SUSPENDED" => Self::Suspended,
            "PENDING_CLOSURE" => Self::PendingClosure,
            "CLOSED" => Self::Closed,
            other => Self::Unknown(Shown::name(other)),
        }
    }
}

/// The way to an account: the root or a wanted unit first, the account's own parent last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuPath(Vec<TargetId>);

impl OuPath {
    /// The way through these, from above.
    pub fn new(from_above: Vec<TargetId>) -> Self {
        Self(from_above)
    }

    /// Whether the account is below this root or unit.
    pub fn passes(&self, target: &TargetId) -> bool {
        self.0.contains(target)
    }

    /// The root, if the way is known from there.
    pub fn root(&self) -> Option<&RootId> {
        self.0.iter().find_map(|target| match target {
            TargetId::Root(root) => Some(root),
            TargetId::Ou(_) => None,
        })
    }
}

impl std::str::FromStr for OuPath {
    type Err = InvalidValue;

    /// Reads an entity path, such as
    /// `o-a1b2c3d4e5/r-a1b2/ou-a1b2-11112222/111122223333/`, with or without the account.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || InvalidValue {
            expected: "expected the path of an account such as \
                       o-a1b2c3d4e5/r-a1b2/ou-a1b2-11112222/111122223333/",
        };
        let mut parts = text.trim_end_matches('/').split('/');
        let organization = parts.next().unwrap_or_default();
        organization
            .parse::<super::OrganizationId>()
            .map_err(|_| invalid())?;
        let mut parts: Vec<&str> = parts.collect();
        if parts
            .last()
            .is_some_and(|last| last.parse::<AccountId>().is_ok())
        {
            parts.pop();
        }
        let targets: Result<Vec<TargetId>, _> = parts.iter().map(|part| part.parse()).collect();
        let targets = targets.map_err(|_| invalid())?;
        let is_root = |target: &TargetId| matches!(target, TargetId::Root(_));
        match targets.split_first() {
            Some((first, below)) if is_root(first) && !below.iter().any(is_root) => {
                Ok(Self(targets))
            }
            _ => Err(invalid()),
        }
    }
}

/// An account of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name, which its owner chose.
    pub name: Shown,
    /// Where it is in its life.
    pub state: AccountState,
    /// Where it is in the organization: enough to tell which of the wanted units it is below.
    pub paths: Vec<OuPath>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_state_counts_and_the_retired_status_only_without_it() {
        for (state, status, read) in [
            (Some("ACTIVE"), Some("SUSPENDED"), AccountState::Active),
            (Some("CLOSED"), Some("SUSPENDED"), AccountState::Closed),
            (
                Some("PENDING_ACTIVATION"),
                None,
                AccountState::PendingActivation,
            ),
            (None, Some("PENDING_CLOSURE"), AccountState::PendingClosure),
            (None, Some("SUSPENDED"), AccountState::Suspended),
            (
                Some("ON_\u{1b}HOLD"),
                Some("ACTIVE"),
                AccountState::Unknown(Shown::name("ON_\u{1b}HOLD")),
            ),
            (None, None, AccountState::Unknown(Shown::name(""))),
        ] {
            assert_eq!(AccountState::read(state, status), read);
        }
    }

    #[test]
    fn a_path_passes_the_root_and_every_unit_on_the_way() {
        let path: OuPath = "o-a1b2c3d4e5/r-a1b2/ou-a1b2-11112222/ou-a1b2-33334444/111122223333/"
            .parse()
            .unwrap();
        let passes = |id: &str| path.passes(&id.parse().unwrap());
        assert!(passes("r-a1b2") && passes("ou-a1b2-11112222") && passes("ou-a1b2-33334444"));
        assert!(!passes("ou-a1b2-111122223") && !passes("ou-a1b2-55556666") && !passes("r-a1b3"));
        assert_eq!(path.root().unwrap().as_str(), "r-a1b2");
    }

    #[test]
    fn a_path_may_end_at_the_parent() {
        let with = |text: &str| text.parse::<OuPath>();
        assert_eq!(
            with("o-a1b2c3d4e5/r-a1b2/111122223333/"),
            with("o-a1b2c3d4e5/r-a1b2")
        );
        for bad in [
            "",
            "o-a1b2c3d4e5",
            "o-a1b2c3d4e5/111122223333/",
            "r-a1b2/ou-a1b2-11112222/",
            "o-a1b2c3d4e5/ou-a1b2-11112222/",
            "o-a1b2c3d4e5/r-a1b2/r-a1b3/",
            "o-a1b2c3d4e5/r-a1b2//ou-a1b2-11112222/",
            "o-a1b2c3d4e5/r-a1b2/1111/",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_path_of_the_apis_own_form_is_read(
            text in "o-[a-z0-9]{10,32}/r-[0-9a-z]{4,32}(/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}){0,5}(/[0-9]{12})?/",
        ) {
            let path: OuPath = text.parse().unwrap();
            for part in text.split('/').filter(|part| part.starts_with("ou-") || part.starts_with("r-")) {
                prop_assert!(path.passes(&part.parse().unwrap()));
            }
        }

        #[test]
        fn nothing_makes_the_reading_of_a_path_panic(text in "[o/r\\-u0-9a-z ]{0,60}") {
            let _ = text.parse::<OuPath>();
        }
    }
}
