//! What a connector has to do with an organization.

use std::collections::BTreeSet;

use crate::AccountId;

/// The part of a management account's connector by which Defender registers the members of its
/// organization itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedOrganization {
    /// The stack set that lays Defender's roles in the members.
    pub stack_set_name: String,
    /// Accounts that are left out.
    pub excluded_account_ids: BTreeSet<AccountId>,
}

/// What a connector says of an organization. One that says nothing is for its account alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationalData {
    /// It is the management account's, and stands for the organization.
    Organization {
        /// The stack set that lays Defender's roles in the members.
        stack_set_name: String,
        /// Accounts that are left out, as the service spells them.
        excluded_account_ids: BTreeSet<String>,
    },
    /// It is a member's, and Defender made it; so is anything of a kind that is not known here.
    Member {
        /// `parentHierarchyId`. For AWS nobody documents whether that is the management account,
        /// or the root or unit that the account is in.
        parent: Option<String>,
    },
}

impl WantedOrganization {
    /// Whether this is what is wanted. The order of accounts never counts.
    pub fn is_met_by(&self, seen: &OrganizationalData) -> bool {
        match seen {
            OrganizationalData::Organization {
                stack_set_name,
                excluded_account_ids,
            } => {
                let wanted = self.excluded_account_ids.iter().map(AccountId::as_str);
                *stack_set_name == self.stack_set_name
                    && wanted.eq(excluded_account_ids.iter().map(String::as_str))
            }
            OrganizationalData::Member { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_set_and_excluded_accounts_count_and_members_never_do() {
        let excluded = ["333333333333", "222222222222"];
        let wanted = WantedOrganization {
            stack_set_name: "Mine-Account".into(),
            excluded_account_ids: excluded.map(|id| id.parse().unwrap()).into(),
        };
        let seen = |name: &str, excluded: &[&str]| OrganizationalData::Organization {
            stack_set_name: name.into(),
            excluded_account_ids: excluded.iter().map(|id| (*id).to_owned()).collect(),
        };
        assert!(wanted.is_met_by(&seen("Mine-Account", &["222222222222", "333333333333"])));
        for other in [
            seen("mine-account", &excluded),
            seen("Mine-Account", &["222222222222"]),
            seen(
                "Mine-Account",
                &["222222222222", "333333333333", "444444444444"],
            ),
            OrganizationalData::Member {
                parent: Some("111111111111".into()),
            },
        ] {
            assert!(!wanted.is_met_by(&other), "{other:?}");
        }
    }
}
