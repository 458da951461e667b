//! Defender for Containers.

use serde::Deserialize;
use uuid::{Uuid, uuid};

use super::AgentlessScanning;
use crate::offering::{DefenderForContainersAws, Reading, VmScanners};
use crate::{InvalidValue, Offering, RoleArn, RoleKey, string_id};

/// The plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as the API has them"
)]
pub struct Containers {
    /// Collection of Kubernetes audit logs, by way of `CloudWatch`, Firehose and S3.
    pub audit_logs: Option<AuditLogs>,
    /// Defender's sensor on every cluster.
    pub defender_agent: bool,
    /// The Azure Policy agent on every cluster.
    pub policy_agent: bool,
    /// Vulnerability assessment of images.
    pub image_assessment: bool,
    /// Agentless discovery of Kubernetes.
    pub agentless_discovery: bool,
    /// Agentless scanning of the clusters' machines.
    pub agentless_scanning: Option<AgentlessScanning>,
    /// `installationMethod`, of API 2026-08-01-preview; `None` leaves it as it is.
    pub installation_method: Option<InstallationMethod>,
    /// `securityGatingEnabled`, of API 2026-08-01-preview; `None` leaves it as it is.
    pub security_gating: Option<bool>,
    /// `containerAntiMalwareEnabled`, of API 2026-08-01-preview; `None` leaves it as it is.
    pub anti_malware: Option<bool>,
}

/// How audit logs are collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLogs {
    /// How long `CloudWatch` keeps them, in days.
    pub retention_days: i64,
    /// What Defender shows when it assumes the data collection role; `None` is the one that the
    /// role's trust policy names.
    pub external_id: Option<ExternalId>,
}

/// How Defender's components get onto a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum InstallationMethod {
    /// As extensions of Azure Arc.
    Arc,
    /// By Helm.
    Helm,
}

impl InstallationMethod {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arc => "Arc",
            Self::Helm => "Helm",
        }
    }
}

/// The external id of the data collection role: a GUID of the customer's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ExternalId(String);

string_id!(ExternalId);

/// Those in Microsoft's public samples: known to everyone, so they protect nobody.
const PUBLIC_SAMPLES: [Uuid; 2] = [
    uuid!("a47ae0a2-7bf7-482a-897a-7a139d30736c"),
    uuid!("b6d36db8-eda7-4617-9d4f-41149b899dc7"),
];

impl TryFrom<String> for ExternalId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        match Uuid::try_parse(&text) {
            Ok(id) if PUBLIC_SAMPLES.contains(&id) => Err(InvalidValue {
                expected: "expected a GUID of your own: this one is in Microsoft's public samples",
            }),
            Ok(id) if text.len() == 36 => Ok(Self(id.hyphenated().to_string())),
            _ => Err(InvalidValue {
                expected: "expected a GUID such as 00000000-0000-0000-0000-000000000000",
            }),
        }
    }
}

impl Containers {
    pub(super) fn offering(&self, role: &impl Fn(RoleKey) -> RoleArn) -> Offering {
        let on = |switch: bool, key: RoleKey| switch.then(|| role(key));
        let collects = self.audit_logs.is_some();
        let logs = self.audit_logs.as_ref();
        Offering::DefenderForContainersAws(DefenderForContainersAws {
            kubernetes_service: Some(role(RoleKey::ContainersK8s)),
            kubernetes_data_collection: on(collects, RoleKey::ContainersDataCollection),
            cloud_watch_to_kinesis: on(collects, RoleKey::ContainersCloudWatchToKinesis),
            kinesis_to_s3: on(collects, RoleKey::ContainersKinesisToS3),
            audit_logs: collects,
            defender_agent: self.defender_agent,
            policy_agent: self.policy_agent,
            retention_days: logs.map(|logs| logs.retention_days),
            data_collection_external_id: logs
                .and_then(|logs| logs.external_id.as_ref())
                .map(ToString::to_string),
            image_assessment: on(self.image_assessment, RoleKey::ContainersImageAssessment),
            agentless_discovery: on(
                self.agentless_discovery,
                RoleKey::ContainersAgentlessDiscovery,
            ),
            vm_scanners: VmScanners::wanted(self.agentless_scanning.as_ref(), role),
            installation_method: self.installation_method.map(Reading::Known),
            security_gating: self.security_gating,
            anti_malware: self.anti_malware,
        })
    }
}
