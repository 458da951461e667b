//! What a write would change, so that an unchanged connector costs none.

use std::collections::BTreeSet;
use std::fmt;

use crate::deployment::tag;
use crate::{Connector, Offering, WantedConnector};

/// One thing that differs, named for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// `environmentData.scanInterval`.
    ScanInterval,
    /// `environmentData.regions`.
    Regions,
    /// `environmentData.organizationalData`.
    OrganizationalData,
    /// An offering is missing or has other content.
    Offering(String),
    /// An offering of a plan that is off is still there.
    WithdrawnOffering(String),
    /// A tag is missing or has another value.
    Tag(String),
    /// A tag that the stack no longer asks for is still there.
    WithdrawnTag(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScanInterval => f.write_str("scanInterval"),
            Self::Regions => f.write_str("regions"),
            Self::OrganizationalData => f.write_str("organizationalData"),
            Self::Offering(kind) => write!(f, "offering {kind}"),
            Self::WithdrawnOffering(kind) => write!(f, "withdrawn offering {kind}"),
            Self::Tag(key) => write!(f, "tag {key}"),
            Self::WithdrawnTag(key) => write!(f, "withdrawn tag {key}"),
        }
    }
}

/// Compares by meaning: order never counts, tags of others never count, offerings that no plan
/// writes never count. Account and location are not compared: they decide *which* connector, not how it is.
pub fn differences(wanted: &WantedConnector, seen: &Connector) -> Vec<Difference> {
    let mut found = Vec::new();
    if seen.scan_interval_hours != Some(wanted.scan_interval.hours()) {
        found.push(Difference::ScanInterval);
    }
    if lower(&seen.regions) != lower(&wanted.regions) {
        found.push(Difference::Regions);
    }
    let same_organization = match (&wanted.organization, &seen.organizational_data) {
        (Some(wanted), Some(seen)) => wanted.is_met_by(seen),
        (wanted, seen) => wanted.is_none() && seen.is_none(),
    };
    if !same_organization {
        found.push(Difference::OrganizationalData);
    }
    for offering in &wanted.offerings {
        let same_type: Vec<&Offering> = seen
            .offerings
            .iter()
            .filter(|o| o.offering_type() == offering.offering_type())
            .collect();
        let met = matches!(same_type[..], [seen] if offering.is_met_by(seen));
        if !met {
            found.push(Difference::Offering(offering.offering_type().to_owned()));
        }
    }
    for offering in seen.offerings.iter().filter(|o| o.is_managed()) {
        if !wanted.wants(offering.offering_type()) {
            let kind = offering.offering_type().to_owned();
            found.push(Difference::WithdrawnOffering(kind));
        }
    }
    for (key, value) in &wanted.tags {
        if tag(&seen.tags, key) != Some(value) {
            found.push(Difference::Tag(key.clone()));
        }
    }
    for key in &wanted.withdrawn_tags {
        if tag(&wanted.tags, key).is_none() && tag(&seen.tags, key).is_some() {
            found.push(Difference::WithdrawnTag(key.clone()));
        }
    }
    found
}

fn lower(regions: &BTreeSet<String>) -> BTreeSet<String> {
    regions
        .iter()
        .map(|region| region.to_ascii_lowercase())
        .collect()
}
