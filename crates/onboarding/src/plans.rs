//! Defender's plans, and the offerings that they put into a connector.

use crate::{AccountId, Offering, Partition, RoleArn, RoleKey, RoleNames};

/// The tier of cloud security posture management. Every connector has at least the free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CspmTier {
    /// Foundational CSPM, free of charge.
    #[default]
    Foundational,
}

/// The plans that are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plans {
    /// Cloud security posture management.
    pub cspm: CspmTier,
}

impl Plans {
    /// The offerings that these plans put into the connector of an account.
    pub fn offerings(
        self,
        partition: &Partition,
        account: &AccountId,
        names: &RoleNames,
    ) -> Vec<Offering> {
        let role = |key: RoleKey| RoleArn::new(partition, account, &names.get(key));
        match self.cspm {
            CspmTier::Foundational => vec![Offering::CspmMonitorAws {
                cloud_role_arn: Some(role(RoleKey::CspmMonitor)),
            }],
        }
    }

    /// The roles that these plans need in the account.
    pub fn roles(self) -> &'static [RoleKey] {
        match self.cspm {
            CspmTier::Foundational => &[RoleKey::CspmMonitor],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foundational_cspm_is_one_offering_with_one_role() {
        let account = "123456789012".parse().unwrap();
        let plans = Plans::default();
        let offerings = plans.offerings(&"aws".parse().unwrap(), &account, &RoleNames::default());
        let roles: Vec<&str> = offerings
            .iter()
            .flat_map(Offering::roles)
            .map(RoleArn::as_str)
            .collect();
        assert_eq!(roles, ["arn:aws:iam::123456789012:role/CspmMonitorAws"]);
        assert_eq!(plans.roles(), [RoleKey::CspmMonitor]);
    }
}
