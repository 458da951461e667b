//! The IAM roles that Defender for Cloud assumes, as a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::provider::{
    AUDIENCE_AGENTLESS_SCANNER, AUDIENCE_CONTAINERS, AUDIENCE_CONTAINERS_DATA, AUDIENCE_CSPM,
    AUDIENCE_DATABASES, AUDIENCE_SENSITIVE_DATA, AUDIENCE_SERVERS,
};
use crate::{AccountId, InvalidValue, Partition, string_id};

/// Which of Defender's roles is meant, whatever it is named in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RoleKey {
    /// Foundational CSPM: reads the account's configuration.
    CspmMonitor,
    /// Agentless scanning of machines: snapshots of their disks.
    AgentlessScanner,
    /// Sensitive data discovery in S3.
    SensitiveDataDiscovery,
    /// Data security posture of databases.
    DataSecurityPostureDb,
    /// CIEM: what its application signs in with.
    CiemOidc,
    /// CIEM: reads entitlements.
    Ciem,
    /// Just-in-time network access to servers.
    DefenderForServers,
    /// Installs the Azure Arc agent through Systems Manager.
    ArcAutoProvisioning,
    /// Kubernetes clusters and their audit log pipeline.
    ContainersK8s,
    /// Fetches the collected audit logs.
    ContainersDataCollection,
    /// `CloudWatch` Logs writes to Firehose with it.
    ContainersCloudWatchToKinesis,
    /// Firehose writes to S3 with it.
    ContainersKinesisToS3,
    /// Agentless discovery of Kubernetes.
    ContainersAgentlessDiscovery,
    /// Vulnerability assessment of container images.
    ContainersImageAssessment,
    /// Threat protection of open-source databases in RDS.
    DataThreatProtectionDb,
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
    /// Who assumes it.
    pub trust: RoleTrust,
}

/// Who assumes a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleTrust {
    /// Defender, by a token for this audience.
    Defender(&'static str),
    /// Defender, by a token for one of its audiences. Which one, Microsoft does not publish.
    DefenderAnyAudience,
    /// An AWS service.
    Service(&'static str),
    /// An AWS service that shows the account's id as external id.
    ServiceForAccount(&'static str),
    /// The CIEM application of the customer's own tenant.
    CiemApplication,
    /// Whoever has the role [`RoleKey::CiemOidc`].
    CiemOidcRole,
}

/// Every role that the plans can need, in the order of [`RoleKey`].
pub const ROLES: &[RoleFacts] = &[
    defender(
        RoleKey::CspmMonitor,
        "CspmMonitorAws",
        "CspmMonitorRoleName",
        AUDIENCE_CSPM,
    ),
    defender(
        RoleKey::AgentlessScanner,
        "DefenderForCloud-AgentlessScanner",
        "AgentlessScannerRoleName",
        AUDIENCE_AGENTLESS_SCANNER,
    ),
    defender(
        RoleKey::SensitiveDataDiscovery,
        "SensitiveDataDiscovery",
        "SensitiveDataDiscoveryRoleName",
        AUDIENCE_SENSITIVE_DATA,
    ),
    defender(
        RoleKey::DataSecurityPostureDb,
        "DefenderForCloud-DataSecurityPostureDB",
        "DataSecurityPostureDbRoleName",
        AUDIENCE_DATABASES,
    ),
    RoleFacts {
        key: RoleKey::CiemOidc,
        default_name: "DefenderForCloud-OidcCiem",
        parameter: "CiemOidcRoleName",
        trust: RoleTrust::CiemApplication,
    },
    RoleFacts {
        key: RoleKey::Ciem,
        default_name: "DefenderForCloud-Ciem",
        parameter: "CiemRoleName",
        trust: RoleTrust::CiemOidcRole,
    },
    defender(
        RoleKey::DefenderForServers,
        "DefenderForCloud-DefenderForServers",
        "DefenderForServersRoleName",
        AUDIENCE_SERVERS,
    ),
    defender(
        RoleKey::ArcAutoProvisioning,
        "DefenderForCloud-ArcAutoProvisioning",
        "ArcAutoProvisioningRoleName",
        AUDIENCE_SERVERS,
    ),
    defender(
        RoleKey::ContainersK8s,
        "MDCContainersK8sRole",
        "ContainersK8sRoleName",
        AUDIENCE_CONTAINERS,
    ),
    defender(
        RoleKey::ContainersDataCollection,
        "MDCContainersK8sDataCollectionRole",
        "ContainersDataCollectionRoleName",
        AUDIENCE_CONTAINERS_DATA,
    ),
    RoleFacts {
        key: RoleKey::ContainersCloudWatchToKinesis,
        default_name: "MDCContainersK8sCloudWatchToKinesisRole",
        parameter: "ContainersCloudWatchToKinesisRoleName",
        trust: RoleTrust::Service("logs.amazonaws.com"),
    },
    RoleFacts {
        key: RoleKey::ContainersKinesisToS3,
        default_name: "MDCContainersK8sKinesisToS3Role",
        parameter: "ContainersKinesisToS3RoleName",
        trust: RoleTrust::ServiceForAccount("firehose.amazonaws.com"),
    },
    defender(
        RoleKey::ContainersAgentlessDiscovery,
        "MDCContainersAgentlessDiscoveryK8sRole",
        "ContainersAgentlessDiscoveryRoleName",
        AUDIENCE_CONTAINERS,
    ),
    defender(
        RoleKey::ContainersImageAssessment,
        "MDCContainersImageAssessmentRole",
        "ContainersImageAssessmentRoleName",
        AUDIENCE_CONTAINERS,
    ),
    RoleFacts {
        key: RoleKey::DataThreatProtectionDb,
        default_name: "DefenderForCloud-DataThreatProtectionDB",
        parameter: "DataThreatProtectionDbRoleName",
        trust: RoleTrust::DefenderAnyAudience,
    },
];

const fn defender(
    key: RoleKey,
    default_name: &'static str,
    parameter: &'static str,
    audience: &'static str,
) -> RoleFacts {
    RoleFacts {
        key,
        default_name,
        parameter,
        trust: RoleTrust::Defender(audience),
    }
}

impl RoleKey {
    /// The table's row for this role.
    pub fn facts(self) -> &'static RoleFacts {
        &ROLES[self as usize]
    }

    /// Whether Defender accepts a name for this role. The two agentless container roles have to
    /// begin with `MDC`.
    pub fn accepts(self, name: &RoleName) -> bool {
        let prefixed = matches!(
            self,
            Self::ContainersAgentlessDiscovery | Self::ContainersImageAssessment
        );
        !prefixed || (name.0.starts_with("MDC") && name.0.len() > 3)
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
            assert_eq!(row.key.facts().key, row.key);
            let name: RoleName = row.default_name.parse().unwrap();
            assert!(row.key.accepts(&name));
            assert_eq!(row.parameter, format!("{:?}RoleName", row.key));
        }
        assert_eq!(ROLES.len(), RoleKey::DataThreatProtectionDb as usize + 1);
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

    #[test]
    fn the_two_agentless_container_roles_begin_with_mdc() {
        let name: RoleName = "Ours".parse().unwrap();
        let refusing: Vec<RoleKey> = ROLES
            .iter()
            .map(|row| row.key)
            .filter(|key| !key.accepts(&name))
            .collect();
        assert_eq!(
            refusing,
            [
                RoleKey::ContainersAgentlessDiscovery,
                RoleKey::ContainersImageAssessment
            ]
        );
    }
}
