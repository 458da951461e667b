//! `StackSets` by their names, and operations on them by their ids.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::arc::RunId;
use crate::{AccountId, InvalidValue, string_id};

/// The longest name of a stack set.
const LONGEST: usize = 128;
/// The longest suffix that a prefix gets, with its dash.
const LONGEST_SUFFIX: usize = "-Account".len();

/// The stack sets that reach member accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackSetKind {
    /// Our own access.
    Access,
    /// Defender's roles.
    Account,
    /// Runbooks and rules.
    Region,
}

impl StackSetKind {
    /// All, in the order in which they are laid.
    pub const ALL: [Self; 3] = [Self::Access, Self::Account, Self::Region];

    fn suffix(self) -> &'static str {
        match self {
            Self::Access => "-Access",
            Self::Account => "-Account",
            Self::Region => "-Region",
        }
    }
}

/// How the names of the stack sets begin: a letter, then letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StackSetNamePrefix(String);

string_id!(StackSetNamePrefix);

impl StackSetNamePrefix {
    /// What they begin with unless something else is chosen.
    pub fn default_prefix() -> Self {
        Self("DefenderConnector-Members".to_owned())
    }

    /// The name of a stack set.
    pub fn stack_set(&self, kind: StackSetKind) -> StackSetName {
        StackSetName(format!("{}{}", self.0, kind.suffix()))
    }
}

impl TryFrom<String> for StackSetNamePrefix {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic());
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if begins && text.len() <= LONGEST - LONGEST_SUFFIX && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected a letter, then up to 119 letters, digits or '-'",
            })
        }
    }
}

/// The name of a stack set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackSetName(String);

impl StackSetName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StackSetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of an operation on a stack set. Whoever starts one may choose it, and the same id again
/// starts nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationId(String);

string_id!(OperationId);

impl OperationId {
    /// The id of a run's attempt at an account, the same one each time it is asked for.
    pub fn of_attempt(
        run: &RunId,
        account: &AccountId,
        stack_set: &StackSetName,
        attempt: u32,
    ) -> Self {
        Self::of(&format!("{run}/{account}/{stack_set}/{attempt}"))
    }

    /// The id of a run's attempt to remove what a stack set has in an account.
    pub fn of_removal(
        run: &RunId,
        account: &AccountId,
        stack_set: &StackSetName,
        attempt: u32,
    ) -> Self {
        Self::of(&format!("{run}/{account}/{stack_set}/removal/{attempt}"))
    }

    fn of(name: &str) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string())
    }
}

impl TryFrom<String> for OperationId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if begins && text.len() <= LONGEST && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected the id of a StackSet operation: a letter or digit, then up to \
                           127 letters, digits or '-'",
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_sets_are_named_after_the_prefix() {
        let prefix: StackSetNamePrefix = "Mine".parse().unwrap();
        let names = StackSetKind::ALL.map(|kind| prefix.stack_set(kind).to_string());
        assert_eq!(names, ["Mine-Access", "Mine-Account", "Mine-Region"]);
        let default = StackSetNamePrefix::default_prefix();
        assert_eq!(String::from(default.clone()).parse(), Ok(default));
    }

    #[test]
    fn with_every_suffix_a_name_is_one_that_aws_takes() {
        let longest = "x".repeat(120);
        let prefix: StackSetNamePrefix = longest.parse().unwrap();
        assert!(
            StackSetKind::ALL
                .iter()
                .all(|kind| prefix.stack_set(*kind).as_str().len() <= 128)
        );
        for bad in ["", "1x", "-x", "a_b", "a b", &"x".repeat(121)] {
            assert!(bad.parse::<StackSetNamePrefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_attempt_has_one_id_and_another_attempt_another_one() {
        let id = |run: &str, account: &str, kind, attempt| {
            let stack_set = StackSetNamePrefix::default_prefix().stack_set(kind);
            OperationId::of_attempt(
                &run.parse().unwrap(),
                &account.parse().unwrap(),
                &stack_set,
                attempt,
            )
        };
        let first = id("run", "111122223333", StackSetKind::Account, 1);
        assert_eq!(first, id("run", "111122223333", StackSetKind::Account, 1));
        assert_eq!(String::from(first.clone()).parse(), Ok(first.clone()));
        for other in [
            id("run", "111122223333", StackSetKind::Account, 2),
            id("run", "111122223333", StackSetKind::Access, 1),
            id("run", "111122223334", StackSetKind::Account, 1),
            id("other", "111122223333", StackSetKind::Account, 1),
            OperationId::of_removal(
                &"run".parse().unwrap(),
                &"111122223333".parse().unwrap(),
                &StackSetNamePrefix::default_prefix().stack_set(StackSetKind::Account),
                1,
            ),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn operation_ids_are_what_aws_takes_for_one() {
        for bad in ["", "-x", "a_b", "a/b", &"x".repeat(129)] {
            assert!(bad.parse::<OperationId>().is_err(), "{bad}");
        }
    }
}
