//! Connectors as a run over the organization needs to know them. A whole one is kilobytes, and
//! there may be ten thousand.

use crate::diff::differences;
use crate::{AccountId, Connector, ConnectorId, Deployment, WantedConnector};

/// What a connector is to an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Nothing: it is for its account alone.
    Standalone,
    /// It stands for the organization, and Defender makes those of the members.
    Organization,
    /// Defender made it for a member.
    Member,
}

impl Membership {
    fn of(connector: &Connector) -> Self {
        if connector.is_organization() {
            Self::Organization
        } else if connector.is_member() {
            Self::Member
        } else {
            Self::Standalone
        }
    }
}

/// A connector of an AWS account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenConnector {
    /// Its id.
    pub id: ConnectorId,
    /// The account that it connects.
    pub account: AccountId,
    /// Whether it is this deployment's.
    pub is_ours: bool,
    /// Whether it is this deployment's and as wanted.
    pub is_as_wanted: bool,
    /// What it is to an organization.
    pub membership: Membership,
}

impl SeenConnector {
    /// What matters of a connector; `None` where it connects no AWS account. `wanted` is asked for
    /// the account's connector where this one is ours.
    pub fn of(
        seen: &Connector,
        ours: &Deployment,
        wanted: impl FnOnce(&AccountId) -> Option<WantedConnector>,
    ) -> Option<Self> {
        let account: AccountId = seen.hierarchy_identifier.trim().parse().ok()?;
        if !seen.connects(&account) {
            return None;
        }
        let is_ours = seen.is_owned_by(ours);
        let met = |wanted: WantedConnector| is_as_wanted(&wanted, seen, ours);
        Some(Self {
            id: seen.id.clone(),
            is_as_wanted: is_ours && wanted(&account).is_some_and(met),
            account,
            is_ours,
            membership: Membership::of(seen),
        })
    }
}

/// Whether a connector is ours and as wanted, so that [`decide`](crate::decision::decide) would
/// write nothing if it is the account's only one.
pub fn is_as_wanted(wanted: &WantedConnector, seen: &Connector, ours: &Deployment) -> bool {
    // An adopted one stays where it is, whatever name and location are wanted.
    let in_place =
        seen.is_adopted() || (seen.id == wanted.id && wanted.location.is(&seen.location));
    seen.connects(&wanted.account)
        && seen.is_owned_by(ours)
        && in_place
        && differences(wanted, seen).is_empty()
}

#[cfg(test)]
mod tests;
