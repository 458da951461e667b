//! What Microsoft leaves open of the connectors that Defender makes for members of an organization.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How Defender goes about the members of an organization.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Discovery {
    /// How long after the organization's connector is written Defender first looks at the
    /// organization, and how often from then on. "Within 24 hours" is all that is documented.
    pub look_seconds: f64,
    /// How long after the organization's connector is edited or deleted its members follow.
    pub carry_over_seconds: f64,
    /// An account that has a connector of its own when Defender comes across it.
    pub meets_standalone: MeetsStandalone,
    /// Whether anybody else may edit or delete a member's connector.
    pub direct_writes: DirectWrites,
    /// What a member's connector names as its parent.
    pub parent_hierarchy_id: ParentHierarchyId,
    /// The name of a member's connector; `${AccountId}` stands for itself.
    pub member_names: String,
    /// Whether members get the tags of the organization's connector.
    pub copies_tags: bool,
}

/// What becomes of an account with a connector of its own.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MeetsStandalone {
    /// It is left as it is.
    Skip,
    /// It gets a second one, as a member.
    Duplicate,
}

/// Whether a member's connector can be written past the organization's.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DirectWrites {
    /// What is written holds until the organization's connector is edited; what is deleted comes
    /// back when Defender looks again.
    Accept,
    /// A 400.
    Refuse,
}

/// The parent that a member's connector names.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ParentHierarchyId {
    /// The account that manages the organization.
    ManagementAccount,
    /// The root or unit that the account is in.
    Unit,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            look_seconds: 86_400.0,
            carry_over_seconds: 0.0,
            meets_standalone: MeetsStandalone::Skip,
            direct_writes: DirectWrites::Refuse,
            parent_hierarchy_id: ParentHierarchyId::ManagementAccount,
            member_names: "${AccountId}".to_owned(),
            copies_tags: false,
        }
    }
}

impl Discovery {
    pub(super) fn check(&self) -> Result<(), String> {
        // Without a pause Defender would do nothing else.
        if self.look_seconds < 0.01 {
            return Err("discovery.lookSeconds is at least 0.01".to_owned());
        }
        seconds("discovery.lookSeconds", self.look_seconds)?;
        seconds("discovery.carryOverSeconds", self.carry_over_seconds)?;
        Ok(())
    }

    pub(crate) fn look_pause(&self) -> Duration {
        seconds("", self.look_seconds).unwrap_or(Duration::MAX)
    }

    pub(crate) fn carry_over_pause(&self) -> Duration {
        seconds("", self.carry_over_seconds).unwrap_or_default()
    }
}

/// A number of seconds, which may be a fraction.
pub(super) fn seconds(name: &str, value: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| format!("{name} is a number of seconds from 0 upwards"))
}
