//! The roles that a connector names, as data: whom each must let in, and what it must be allowed.
//!
//! `data/roles.json` lists, by role, the actions that its plan cannot do without: only such as
//! Microsoft grants under default and under least privilege access alike, each on an example of
//! the resources it is meant for.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::permissions::Use;
use super::policy::Brought;

/// What Defender wants of a role.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    /// Its name in Microsoft's own onboarding.
    pub name: String,
    pub trust: Trust,
    /// Someone who must be let in as well.
    #[serde(default)]
    pub user: Option<ExternalUser>,
    pub needs: Vec<Need>,
}

/// Whom a role must let in.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Trust {
    /// Defender, by a token of Microsoft's own tenant for this audience.
    Defender(String),
    /// By a token of the customer's tenant for this audience, for one subject.
    CustomerTenant(String),
    /// An AWS service; some bring the account's id as external id.
    Service {
        principal: String,
        brings_external_id: bool,
    },
    /// The role that the connector names in `ciem.ciemOidc`.
    CiemOidcRole,
}

/// An IAM user of Microsoft's, which presents an external id.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalUser {
    pub arn: String,
    /// The field of the offering that holds it. Without one the user does not come.
    pub external_id_in: String,
}

/// Actions on one resource.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Need {
    pub actions: Vec<String>,
    /// An example; `*` for actions without resources of their own.
    #[serde(default = "no_resource")]
    pub resource: String,
    /// Condition keys that the request brings.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
    /// A switch of the offering, without which nobody does it.
    #[serde(default)]
    pub switched_on_by: Option<String>,
}

/// What stands for the placeholders of a need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub partition: &'a str,
    pub account: &'a str,
    /// Absent where the connector names no discovery role: what needs it is left out.
    pub ciem_discovery_role: Option<&'a str>,
    /// The connector's offerings; absent where everything is switched on.
    pub offerings: Option<&'a [Value]>,
}

const CIEM_DISCOVERY_ROLE: &str = "${CiemDiscoveryRole}";

static ROLES: LazyLock<BTreeMap<String, Role>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/roles.json"))
        .unwrap_or_else(|error| panic!("data/roles.json is not a table of roles: {error}"))
});

pub(crate) fn all() -> impl Iterator<Item = &'static Role> {
    ROLES.values()
}

pub(crate) fn get(key: &str) -> &'static Role {
    ROLES
        .get(key)
        .unwrap_or_else(|| panic!("data/roles.json has no role {key}"))
}

/// Every audience that some role asks of Defender's own provider.
pub(crate) fn defender_audiences() -> Vec<String> {
    let mut found = Vec::new();
    for role in all() {
        if let Trust::Defender(audience) = &role.trust
            && !found.contains(audience)
        {
            found.push(audience.clone());
        }
    }
    found
}

impl Role {
    /// Everything the role must be allowed to do in a place.
    pub(crate) fn uses(&self, place: Place<'_>) -> impl Iterator<Item = Use> {
        self.needs.iter().flat_map(move |need| need.uses(place))
    }
}

impl Need {
    /// `None` where the place has no such resource.
    pub(crate) fn resource_in(&self, place: Place<'_>) -> Option<String> {
        if self.resource == CIEM_DISCOVERY_ROLE {
            return place.ciem_discovery_role.map(str::to_owned);
        }
        Some(place.filled(&self.resource))
    }

    fn uses(&self, place: Place<'_>) -> Vec<Use> {
        let switched_on = |switch: &String| place.is_on(switch);
        if !self.switched_on_by.as_ref().is_none_or(switched_on) {
            return Vec::new();
        }
        let Some(resource) = self.resource_in(place) else {
            return Vec::new();
        };
        let context: Vec<_> = self
            .context
            .iter()
            .map(|(key, value)| (key.clone(), Brought::Value(place.filled(value))))
            .collect();
        let of = |action: &String| Use {
            action: action.clone(),
            resource: resource.clone(),
            context: context.clone(),
        };
        self.actions.iter().map(of).collect()
    }
}

impl Place<'_> {
    fn is_on(self, switch: &str) -> bool {
        let on = |offering: &Value| offering[switch] == true;
        self.offerings
            .is_none_or(|offerings| offerings.iter().any(on))
    }

    fn filled(self, text: &str) -> String {
        text.replace("${Partition}", self.partition)
            .replace("${AccountId}", self.account)
    }
}

fn no_resource() -> String {
    "*".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_roles_ask_for_the_seven_audiences() {
        assert_eq!(defender_audiences().len(), 7);
    }

    #[test]
    fn every_placeholder_is_filled() {
        let place = Place {
            partition: "aws-x",
            account: "111122223333",
            ciem_discovery_role: Some("arn:aws-x:iam::111122223333:role/Discovery"),
            offerings: None,
        };
        for role in all() {
            let uses: Vec<Use> = role.uses(place).collect();
            assert!(!uses.is_empty(), "{}", role.name);
            for one in uses {
                assert!(one.action.contains(':'), "{one:?}");
                assert!(!format!("{one:?}").contains("${"), "{one:?}");
            }
        }
    }

    #[test]
    fn without_a_discovery_role_nobody_needs_to_assume_it() {
        let place = Place {
            partition: "aws",
            account: "111122223333",
            ciem_discovery_role: None,
            offerings: None,
        };
        assert_eq!(get("ciemOidc").uses(place).count(), 0);
    }

    #[test]
    fn what_a_switch_asks_for_is_needed_only_with_it() {
        let count = |offerings: &[Value]| {
            let place = Place {
                partition: "aws",
                account: "111122223333",
                ciem_discovery_role: None,
                offerings: Some(offerings),
            };
            get("containersK8s").uses(place).count()
        };
        let (on, off) = (
            json!({"enableAuditLogsAutoProvisioning": true}),
            json!({"enableAuditLogsAutoProvisioning": false}),
        );
        assert_eq!(count(std::slice::from_ref(&off)), 2);
        assert!(count(&[off, on]) > 2);
    }
}
