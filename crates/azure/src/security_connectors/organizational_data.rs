//! `organizationalData`: what a connector has to do with an organization.

use std::collections::BTreeSet;

use onboarding::connector::{OrganizationalData as Domain, WantedOrganization};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model::{is_of_type, to_value};

const DISCRIMINATOR: &str = "organizationMembershipType";

/// By the kind of membership.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum OrganizationalData {
    /// `Organization`: the management account's.
    Organization(Organization),
    /// Any other kind, `Member` among them, as it came: never written.
    Other(Value),
}

/// That of the management account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// `Organization`.
    pub organization_membership_type: String,
    /// The stack set that lays Defender's roles in the members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stackset_name: Option<String>,
    /// Accounts that are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_account_ids: Option<Vec<String>>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Organization {
    const TYPE: &str = "Organization";
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            organization_membership_type: Self::TYPE.to_owned(),
            stackset_name: None,
            excluded_account_ids: None,
            other: Map::new(),
        }
    }
}

impl TryFrom<Value> for OrganizationalData {
    type Error = serde_json::Error;

    fn try_from(body: Value) -> Result<Self, serde_json::Error> {
        if is_of_type(&body, DISCRIMINATOR, Organization::TYPE) {
            serde_json::from_value(body).map(Self::Organization)
        } else {
            Ok(Self::Other(body))
        }
    }
}

impl From<OrganizationalData> for Value {
    fn from(data: OrganizationalData) -> Self {
        match data {
            OrganizationalData::Organization(organization) => to_value(&organization),
            OrganizationalData::Other(body) => body,
        }
    }
}

impl OrganizationalData {
    /// What is wanted, over what is there: what the model does not name stays.
    pub(super) fn over(seen: Option<Self>, wanted: &WantedOrganization) -> Self {
        let mut organization = match seen {
            Some(Self::Organization(organization)) => organization,
            _ => Organization::default(),
        };
        let there = organization.excluded_account_ids.take();
        organization.excluded_account_ids = Some(excluded(wanted, there));
        organization.stackset_name = Some(wanted.stack_set_name.clone());
        Self::Organization(organization)
    }
}

/// The order that is there stays where the set is the same.
fn excluded(wanted: &WantedOrganization, seen: Option<Vec<String>>) -> Vec<String> {
    let wanted = wanted.excluded_account_ids.iter().map(ToString::to_string);
    let set: BTreeSet<String> = wanted.collect();
    match seen {
        Some(seen) if seen.iter().cloned().collect::<BTreeSet<_>>() == set => seen,
        _ => set.into_iter().collect(),
    }
}

/// As the domain compares it. Read from the body itself, so that a member's connector is known for
/// one even where its body is otherwise not as the API describes it.
pub(super) fn read(body: &Value) -> Option<Domain> {
    let data = body.pointer("/properties/environmentData/organizationalData")?;
    let fields = data.as_object()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    if !is_of_type(data, DISCRIMINATOR, Organization::TYPE) {
        let parent = text("parentHierarchyId").map(str::to_owned);
        return Some(Domain::Member { parent });
    }
    let excluded = fields.get("excludedAccountIds").and_then(Value::as_array);
    let excluded = excluded.into_iter().flatten().filter_map(Value::as_str);
    Some(Domain::Organization {
        stack_set_name: text("stacksetName").unwrap_or_default().to_owned(),
        excluded_account_ids: excluded.map(str::to_owned).collect(),
    })
}
