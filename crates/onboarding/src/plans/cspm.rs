//! Cloud security posture management.

use serde::Deserialize;
use uuid::Uuid;

use super::AgentlessScanning;
use crate::offering::{CiemRoles, CspmMonitorAws, DefenderCspmAws, VmScanners};
use crate::{InvalidValue, Offering, RoleArn, RoleKey, string_id};

/// The tier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cspm {
    /// Foundational CSPM, free of charge.
    #[default]
    Foundational,
    /// Defender CSPM, beside foundational CSPM.
    Defender(DefenderCspm),
}

/// The features of Defender CSPM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as the API has them"
)]
pub struct DefenderCspm {
    /// Agentless scanning of machines.
    pub agentless_scanning: Option<AgentlessScanning>,
    /// Sensitive data discovery in S3.
    pub sensitive_data_discovery: bool,
    /// Data security posture of databases.
    pub databases_dspm: bool,
    /// Vulnerability assessment of container images.
    pub containers_image_assessment: bool,
    /// Agentless discovery of Kubernetes.
    pub containers_agentless_discovery: bool,
    /// Cloud infrastructure entitlement management.
    pub ciem: Option<Ciem>,
    /// `serverlessContainers`, of API 2026-08-01-preview; `None` leaves it as it is.
    pub serverless_containers: Option<bool>,
}

/// Cloud infrastructure entitlement management: it cannot be had without its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ciem {
    /// Who may assume the OIDC role.
    pub subject: CiemSubject,
    /// The application in the customer's tenant.
    pub application_name: CiemApplicationName,
}

/// The object id of the service principal of the CIEM application: the claim `sub` of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CiemSubject(String);

string_id!(CiemSubject);

impl TryFrom<String> for CiemSubject {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        match Uuid::try_parse(&text) {
            Ok(id) if text.len() == 36 => Ok(Self(id.hyphenated().to_string())),
            _ => Err(InvalidValue {
                expected: "expected the object id of the CIEM application's service principal, a \
                           GUID (azure/ciem-application.sh prints it)",
            }),
        }
    }
}

/// The display name of the CIEM application: 1 to 120 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CiemApplicationName(String);

string_id!(CiemApplicationName);

impl Default for CiemApplicationName {
    /// The name that Microsoft documents.
    fn default() -> Self {
        Self("mciem-aws-oidc-connector".to_owned())
    }
}

impl TryFrom<String> for CiemApplicationName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let length = text.chars().count();
        if (1..=120).contains(&length) && !text.contains(char::is_control) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected the display name of the CIEM application, 1 to 120 characters",
            })
        }
    }
}

impl Cspm {
    pub(super) fn offerings(&self, role: &impl Fn(RoleKey) -> RoleArn) -> Vec<Offering> {
        let foundational = Offering::CspmMonitorAws(CspmMonitorAws {
            native_cloud_connection: Some(role(RoleKey::CspmMonitor)),
        });
        match self {
            Self::Foundational => vec![foundational],
            Self::Defender(plan) => vec![foundational, plan.offering(role)],
        }
    }
}

impl DefenderCspm {
    fn offering(&self, role: &impl Fn(RoleKey) -> RoleArn) -> Offering {
        let on = |switch: bool, key: RoleKey| switch.then(|| role(key));
        Offering::DefenderCspmAws(DefenderCspmAws {
            vm_scanners: VmScanners::wanted(self.agentless_scanning.as_ref(), role),
            data_sensitivity_discovery: on(
                self.sensitive_data_discovery,
                RoleKey::SensitiveDataDiscovery,
            ),
            databases_dspm: on(self.databases_dspm, RoleKey::DataSecurityPostureDb),
            containers_image_assessment: on(
                self.containers_image_assessment,
                RoleKey::ContainersImageAssessment,
            ),
            containers_agentless_discovery: on(
                self.containers_agentless_discovery,
                RoleKey::ContainersAgentlessDiscovery,
            ),
            ciem: self.ciem.as_ref().map(|ciem| CiemRoles {
                discovery: role(RoleKey::Ciem),
                oidc: role(RoleKey::CiemOidc),
                application_name: ciem.application_name.to_string(),
            }),
            serverless_containers: self.serverless_containers,
        })
    }
}
