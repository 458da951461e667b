//! The IAM roles that Defender for Cloud assumes, as a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::provider::AUDIENCE_CSPM;
use crate::{AccountId, InvalidValue, Partition, string_id};

/// Which of Defender's roles is meant, whatever it is named in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RoleKey {
    /// Foundational CSPM: reads the account's configuration.
    CspmMonitor,
}

/// What is fixed about a role.
#[derive(Debug)]
pub struct RoleFacts {
    /// The role.
    pub key: RoleKey,
    /// The name Microsoft's own template gives it.
    pub default_name: &'static str,
    /// The stack parameter that renames it.
    pub parameter: &'static str,
    /// The one audience its trust policy admits.
    pub audience: &'static str,
}

/// Every role that the plans can need.
pub const ROLES: &[RoleFacts] = &[RoleFacts {
    key: RoleKey::CspmMonitor,
    default_name: "CspmMonitorAws",
    parameter: "CspmMonitorRoleName",
    audience: AUDIENCE_CSPM,
}];

impl RoleKey {
    /// The table's row for this role.
    pub fn facts(self) -> &'static RoleFacts {
        match self {
            Self::CspmMonitor => &ROLES[0],
        }
    }
}

/// The name of an IAM role, without path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

string_id!(RoleName);

impl TryFrom<String> for RoleName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected an IAM role name as Defender accepts it: 1 to 64 letters, \
                           digits, '-' or '_'",
            })
        }
    }
}

/// The ARN of a role, as a connector names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleArn(String);

impl RoleArn {
    /// The ARN of a role without path.
    pub fn new(partition: &Partition, account: &AccountId, name: &RoleName) -> Self {
        Self(format!("arn:{partition}:iam::{account}:role/{name}"))
    }

    /// An ARN as the service answered it; nothing is assumed of its form.
    pub fn seen(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RoleArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The names chosen for the roles; what is not chosen has Microsoft's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleNames(BTreeMap<RoleKey, RoleName>);

impl RoleNames {
    /// Chooses a name for a role.
    pub fn set(&mut self, key: RoleKey, name: RoleName) {
        self.0.insert(key, name);
    }

    /// The role's name in the account.
    pub fn get(&self, key: RoleKey) -> RoleName {
        let default = || RoleName(key.facts().default_name.to_owned());
        self.0.get(&key).cloned().unwrap_or_else(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_found_by_its_key_and_has_a_valid_default() {
        for row in ROLES {
            assert_eq!(row.key.facts().parameter, row.parameter);
            assert!(row.default_name.parse::<RoleName>().is_ok());
            assert!(row.parameter.ends_with("RoleName"));
        }
    }

    #[test]
    fn a_chosen_name_replaces_the_default() {
        let mut names = RoleNames::default();
        assert_eq!(names.get(RoleKey::CspmMonitor).as_str(), "CspmMonitorAws");
        names.set(RoleKey::CspmMonitor, "Ours".parse().unwrap());
        assert_eq!(names.get(RoleKey::CspmMonitor).as_str(), "Ours");
    }

    #[test]
    fn role_names_hold_no_path_and_no_wildcard() {
        for bad in ["", "a/b", "a*", "a b", "ä", &"x".repeat(65)] {
            assert!(bad.parse::<RoleName>().is_err(), "{bad}");
        }
    }
}
