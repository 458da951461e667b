//! Security connectors: the one that is wanted, and those that are seen.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::deployment::{ADOPTED, tag};
use crate::{AccountId, ConnectorId, ConnectorName, Deployment, Location, Offering};

mod organizational_data;

pub use organizational_data::{OrganizationalData, WantedOrganization};

/// How often Defender reads the account, in whole hours: 4, 6, 12 or 24 (what the portal offers).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanInterval(i64);

impl ScanInterval {
    /// The shortest, which is the portal's own default.
    pub const DEFAULT: Self = Self(4);

    /// Refuses what the portal does not offer.
    pub fn from_hours(hours: i64) -> Option<Self> {
        [4, 6, 12, 24].contains(&hours).then_some(Self(hours))
    }

    /// The interval in hours.
    pub fn hours(self) -> i64 {
        self.0
    }
}

/// The connector that the stack's parameters ask for.
#[derive(Debug, Clone)]
pub struct WantedConnector {
    /// Where it goes.
    pub id: ConnectorId,
    /// The AWS account (`hierarchyIdentifier`).
    pub account: AccountId,
    /// Its Azure location.
    pub location: Location,
    /// How often Defender scans.
    pub scan_interval: ScanInterval,
    /// AWS Regions to protect; empty means all.
    pub regions: BTreeSet<String>,
    /// Where Defender is to register the members of the account's organization itself.
    pub organization: Option<WantedOrganization>,
    /// One per plan that is on.
    pub offerings: Vec<Offering>,
    /// Tags that the connector must have, ours and the user's.
    pub tags: BTreeMap<String, String>,
    /// Tags that an update took out of the stack's properties.
    pub withdrawn_tags: BTreeSet<String>,
}

impl WantedConnector {
    /// Whether a plan that is on writes an offering of this type.
    pub fn wants(&self, offering_type: &str) -> bool {
        let mut offerings = self.offerings.iter();
        offerings.any(|wanted| wanted.offering_type().eq_ignore_ascii_case(offering_type))
    }
}

/// A connector as ARM shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Connector {
    /// Its id.
    pub id: ConnectorId,
    /// `environmentName`: AWS, GCP, Github, ….
    pub environment: String,
    /// `hierarchyIdentifier`: for AWS the account id.
    pub hierarchy_identifier: String,
    /// Its location, as spelled by the service.
    pub location: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `environmentData.scanInterval` in hours, if it has one.
    pub scan_interval_hours: Option<i64>,
    /// `environmentData.regions`; empty means all.
    pub regions: BTreeSet<String>,
    /// `environmentData.organizationalData`, if it has one.
    pub organizational_data: Option<OrganizationalData>,
    /// Its offerings.
    pub offerings: Vec<Offering>,
    /// The whole body as read, so that what this crate does not know survives a write.
    pub body: Value,
}

impl Connector {
    /// Whether it connects this AWS account.
    pub fn connects(&self, account: &AccountId) -> bool {
        self.environment.eq_ignore_ascii_case("AWS")
            && self.hierarchy_identifier.trim() == account.as_str()
    }

    /// Whether it is the deployment's. One that Defender made for a member never is, whatever
    /// tags it was given: it may have those of the connector that it goes with.
    pub fn is_owned_by(&self, deployment: &Deployment) -> bool {
        deployment.owns(&self.tags) && !self.is_member()
    }

    /// Whether it stands for an organization, whose members Defender registers itself.
    pub fn is_organization(&self) -> bool {
        let data = &self.organizational_data;
        matches!(data, Some(OrganizationalData::Organization { .. }))
    }

    /// Whether Defender made it, for a member of an organization.
    pub fn is_member(&self) -> bool {
        matches!(
            self.organizational_data,
            Some(OrganizationalData::Member { .. })
        )
    }

    /// What it names as its parent, where Defender made it for a member of an organization.
    pub fn member_of(&self) -> Option<&str> {
        match &self.organizational_data {
            Some(OrganizationalData::Member { parent }) => parent.as_deref(),
            _ => None,
        }
    }

    /// Whether it existed before us and is to be restored instead of deleted.
    pub fn is_adopted(&self) -> bool {
        tag(&self.tags, ADOPTED).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Its name, for a reason or a log line.
    pub fn name(&self) -> &ConnectorName {
        &self.id.name
    }
}

/// A connector of the retired classic kind (`Microsoft.Security/connectors`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicConnector {
    /// Its name, as the service gave it.
    pub name: String,
    /// The AWS account in its role ARN, if it has one.
    pub account: Option<String>,
}
