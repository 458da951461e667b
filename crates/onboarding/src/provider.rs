//! The OIDC identity providers that Defender signs in to an AWS account with, and who owns what of
//! them.
//!
//! A provider is shared: Microsoft Sentinel and Microsoft's own template use the same URL, and IAM
//! allows one provider per URL. So it is adopted or created, audiences are merged into it, and on
//! the way out exactly what was added is given back.

use std::collections::{BTreeMap, BTreeSet};

use crate::{AccountId, Deployment, Partition, TenantId};

/// The issuer: Microsoft's tenant. The trailing slash belongs to the URL, to the provider's ARN
/// and to the prefix of its condition keys.
pub const PROVIDER_URL: &str = "https://sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/";

/// Audience of foundational CSPM.
pub const AUDIENCE_CSPM: &str = "api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479";
/// Audience of Defender for Servers and of Arc auto-provisioning.
pub const AUDIENCE_SERVERS: &str = "api://AzureSecurityCenter.MultiCloud.DefenderForServers";
/// Audience of agentless scanning.
pub const AUDIENCE_AGENTLESS_SCANNER: &str =
    "api://AzureSecurityCenter.MultiCloud.DefenderForServers.VmScanner";
/// Audience of Defender for Databases.
pub const AUDIENCE_DATABASES: &str = "api://AzureSecurityCenter.MultiCloud.DefenderForDatabases";
/// Audience of sensitive data discovery.
pub const AUDIENCE_SENSITIVE_DATA: &str = "api://b2f86835-c959-461c-b08c-2cd5ca382af5";
/// Audience of Defender for Containers.
pub const AUDIENCE_CONTAINERS: &str = "api://6610e979-c931-41ec-adc7-b9920c9d52f1";
/// Audience of Containers data collection. Microsoft Sentinel registers it too; Microsoft's own
/// list of 2024 lacks it.
pub const AUDIENCE_CONTAINERS_DATA: &str = "api://1462b192-27f7-4cb9-8523-0f4ecb54b47e";
/// Audience of the CIEM application.
pub const AUDIENCE_CIEM: &str = "api://mciem-aws-oidc-app";

/// Every audience that one of Defender's services asks for.
pub const AUDIENCES: [&str; 7] = [
    AUDIENCE_CSPM,
    AUDIENCE_SERVERS,
    AUDIENCE_AGENTLESS_SCANNER,
    AUDIENCE_DATABASES,
    AUDIENCE_SENSITIVE_DATA,
    AUDIENCE_CONTAINERS,
    AUDIENCE_CONTAINERS_DATA,
];

/// Which of the two providers is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// The one whose issuer is Microsoft's tenant: all roles but CIEM's trust it.
    Defender,
    /// The one whose issuer is the customer's own tenant, for CIEM.
    Ciem(TenantId),
}

impl Provider {
    /// The issuer.
    pub fn url(&self) -> String {
        match self {
            Self::Defender => PROVIDER_URL.to_owned(),
            Self::Ciem(tenant) => format!("https://sts.windows.net/{tenant}/"),
        }
    }

    /// The URL without its scheme: how ARNs and condition keys name the provider.
    pub fn host_path(&self) -> String {
        self.url().trim_start_matches("https://").to_owned()
    }

    /// Its ARN in an account.
    pub fn arn(&self, partition: &Partition, account: &AccountId) -> String {
        format!(
            "arn:{partition}:iam::{account}:oidc-provider/{}",
            self.host_path()
        )
    }

    /// The audiences that it has to have.
    pub fn audiences(&self) -> &'static [&'static str] {
        match self {
            Self::Defender => &AUDIENCES,
            Self::Ciem(_) => &[AUDIENCE_CIEM],
        }
    }

    /// The one that an ARN names, if it is one of the two.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let (_, host_path) = arn.split_once(":oidc-provider/")?;
        if host_path == provider_host_path() {
            return Some(Self::Defender);
        }
        let tenant = host_path.strip_prefix("sts.windows.net/")?;
        let tenant = tenant.strip_suffix('/')?.parse().ok()?;
        Some(Self::Ciem(tenant))
    }
}

/// Prefix of the tag that records an audience which a deployment added.
const AUDIENCE_TAG_PREFIX: &str = "defender-connector-aws/";

/// `PROVIDER_URL` without its scheme: how ARNs and condition keys name the provider.
pub fn provider_host_path() -> &'static str {
    PROVIDER_URL.trim_start_matches("https://")
}

/// The ARN of Defender's own provider in an account.
pub fn provider_arn(partition: &Partition, account: &AccountId) -> String {
    Provider::Defender.arn(partition, account)
}

/// The tag key that says "this audience was added by the deployment in the value".
pub fn audience_tag(audience: &str) -> String {
    format!("{AUDIENCE_TAG_PREFIX}{audience}")
}

/// The provider as IAM shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenProvider {
    /// Its audiences (IAM: client ids).
    pub audiences: BTreeSet<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What makes the provider fit for Defender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption {
    /// There is none: create it with these audiences and tags, in one call.
    Create {
        /// Every audience.
        audiences: Vec<&'static str>,
        /// Ownership of the provider and of each audience.
        tags: BTreeMap<String, String>,
    },
    /// It is there: first tag, then add, so that an interruption between the two leaves a record
    /// of an audience too many and never an audience without a record.
    Merge {
        /// Audiences that are missing.
        add: Vec<&'static str>,
        /// A tag for each of them.
        tags: BTreeMap<String, String>,
    },
    /// It has all it needs.
    Nothing,
}

/// Compares the provider with what Defender needs.
pub fn adopt(provider: &Provider, seen: Option<&SeenProvider>, ours: &Deployment) -> Adoption {
    let needed = provider.audiences();
    let record = |audience: &&str| (audience_tag(audience), ours.id.to_string());
    let Some(seen) = seen else {
        let tags = ours
            .tags()
            .into_iter()
            .chain(needed.iter().map(record))
            .collect();
        return Adoption::Create {
            audiences: needed.to_vec(),
            tags,
        };
    };
    let missing = |audience: &&&str| !seen.audiences.contains(**audience);
    let add: Vec<&str> = needed.iter().filter(missing).copied().collect();
    if add.is_empty() {
        return Adoption::Nothing;
    }
    Adoption::Merge {
        tags: add.iter().map(record).collect(),
        add,
    }
}

/// What gives the provider back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// We made it and nobody else uses it.
    Delete,
    /// Others use it: take away what we added, then the record of it.
    Withdraw {
        /// Audiences that we added.
        audiences: Vec<String>,
        /// The tags that recorded them, and our ownership of the provider if we had it.
        tags: Vec<String>,
    },
    /// A connector of ours for this account still relies on it.
    Keep,
    /// It is gone, or nothing of it is ours.
    Nothing,
}

/// What to give back when the deployment leaves the account. `in_use`: a connector of ours for
/// this account remains.
pub fn release(seen: Option<&SeenProvider>, ours: &Deployment, in_use: bool) -> Release {
    let Some(seen) = seen else {
        return Release::Nothing;
    };
    if in_use {
        return Release::Keep;
    }
    let added: BTreeMap<&String, &str> = seen
        .tags
        .iter()
        .filter(|(_, owner)| *owner == ours.id.as_str())
        .filter_map(|(key, _)| Some((key, key.strip_prefix(AUDIENCE_TAG_PREFIX)?)))
        .collect();
    let foreign = seen
        .audiences
        .iter()
        .any(|held| !added.values().any(|own| own == held));
    let made_by_us = ours.owns(&seen.tags);
    if made_by_us && !foreign {
        return Release::Delete;
    }
    if added.is_empty() && !made_by_us {
        return Release::Nothing;
    }
    let held = added
        .values()
        .filter(|audience| seen.audiences.contains(**audience));
    let ownership = made_by_us
        .then(|| ours.tags().into_keys())
        .into_iter()
        .flatten();
    Release::Withdraw {
        audiences: held.map(|audience| (*audience).to_owned()).collect(),
        tags: added
            .keys()
            .map(|key| (*key).clone())
            .chain(ownership)
            .collect(),
    }
}

#[cfg(test)]
mod tests;
