//! A plan's part of a connector, as it is compared: a feature that is off is `None`, whether the
//! service shows it as absent or as `enabled: false`.

use std::collections::BTreeMap;

use crate::plans::{
    AgentlessScanning, ArcAutoProvisioning, InstallationMethod, PrivateLinkScope,
    VulnerabilityAssessment,
};
use crate::{RoleArn, RoleKey};

mod compare;

/// An offering by its `offeringType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offering {
    /// Foundational CSPM.
    CspmMonitorAws(CspmMonitorAws),
    /// Defender CSPM.
    DefenderCspmAws(DefenderCspmAws),
    /// Defender for Servers.
    DefenderForServersAws(DefenderForServersAws),
    /// Defender for Containers.
    DefenderForContainersAws(DefenderForContainersAws),
    /// Defender for Databases.
    DefenderForDatabasesAws(DefenderForDatabasesAws),
    /// An offering that no plan of ours writes: left exactly as it is.
    Unmanaged {
        /// Its `offeringType`.
        offering_type: String,
    },
}

/// `CspmMonitorAws`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CspmMonitorAws {
    /// `nativeCloudConnection`.
    pub native_cloud_connection: Option<RoleArn>,
}

/// `DefenderCspmAws`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DefenderCspmAws {
    /// `vmScanners`.
    pub vm_scanners: Option<VmScanners>,
    /// `dataSensitivityDiscovery`.
    pub data_sensitivity_discovery: Option<RoleArn>,
    /// `databasesDspm`.
    pub databases_dspm: Option<RoleArn>,
    /// `mdcContainersImageAssessment`.
    pub containers_image_assessment: Option<RoleArn>,
    /// `mdcContainersAgentlessDiscoveryK8s`.
    pub containers_agentless_discovery: Option<RoleArn>,
    /// `ciem`.
    pub ciem: Option<CiemRoles>,
    /// `serverlessContainers`; wanted as `None`, it is not compared.
    pub serverless_containers: Option<bool>,
}

/// `DefenderForServersAws`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DefenderForServersAws {
    /// `defenderForServers`.
    pub defender_for_servers: Option<RoleArn>,
    /// `arcAutoProvisioning`.
    pub arc_auto_provisioning: Option<Arc>,
    /// `vaAutoProvisioning`.
    pub vulnerability_assessment: Option<Reading<VulnerabilityAssessment>>,
    /// `mdeAutoProvisioning`.
    pub endpoint_protection: bool,
    /// `subPlan`.
    pub sub_plan: Option<Reading<SubPlan>>,
    /// `vmScanners`.
    pub vm_scanners: Option<VmScanners>,
}

/// `DefenderForContainersAws`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DefenderForContainersAws {
    /// `kubernetesService`.
    pub kubernetes_service: Option<RoleArn>,
    /// `kubernetesDataCollection`.
    pub kubernetes_data_collection: Option<RoleArn>,
    /// `cloudWatchToKinesis`.
    pub cloud_watch_to_kinesis: Option<RoleArn>,
    /// `kinesisToS3`.
    pub kinesis_to_s3: Option<RoleArn>,
    /// `enableAuditLogsAutoProvisioning`.
    pub audit_logs: bool,
    /// `enableDefenderAgentAutoProvisioning`.
    pub defender_agent: bool,
    /// `enablePolicyAgentAutoProvisioning`.
    pub policy_agent: bool,
    /// `kubeAuditRetentionTime` in days; wanted as `None`, it is not compared.
    pub retention_days: Option<i64>,
    /// `dataCollectionExternalId`; wanted as `None`, it is not compared.
    pub data_collection_external_id: Option<String>,
    /// `mdcContainersImageAssessment`.
    pub image_assessment: Option<RoleArn>,
    /// `mdcContainersAgentlessDiscoveryK8s`.
    pub agentless_discovery: Option<RoleArn>,
    /// `vmScanners`.
    pub vm_scanners: Option<VmScanners>,
    /// `installationMethod`; wanted as `None`, it is not compared.
    pub installation_method: Option<Reading<InstallationMethod>>,
    /// `securityGatingEnabled`; wanted as `None`, it is not compared.
    pub security_gating: Option<bool>,
    /// `containerAntiMalwareEnabled`; wanted as `None`, it is not compared.
    pub anti_malware: Option<bool>,
}

/// `DefenderForDatabasesAws`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DefenderForDatabasesAws {
    /// `arcAutoProvisioning`.
    pub arc_auto_provisioning: Option<Arc>,
    /// `rds`.
    pub rds: Option<RoleArn>,
    /// `databasesDspm`.
    pub databases_dspm: Option<RoleArn>,
}

/// `vmScanners`, switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmScanners {
    /// The scanner's role.
    pub role: RoleArn,
    /// `configuration.exclusionTags`.
    pub exclusion_tags: BTreeMap<String, String>,
}

/// `arcAutoProvisioning`, switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arc {
    /// The role that runs the installation.
    pub role: RoleArn,
    /// `configuration.proxy`.
    pub proxy: Option<String>,
    /// `configuration.privateLinkScope`.
    pub private_link_scope: Option<ArmId>,
}

/// `ciem`, switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiemRoles {
    /// `ciemDiscovery`.
    pub discovery: RoleArn,
    /// `ciemOidc`.
    pub oidc: RoleArn,
    /// `ciemOidc.azureActiveDirectoryAppName`.
    pub application_name: String,
}

/// A sub-plan of Defender for Servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubPlan {
    /// Plan 1.
    P1,
    /// Plan 2.
    P2,
}

/// A choice as the service shows it, which may be one that this project does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading<T> {
    /// This one.
    Known(T),
    /// Something else; only ever seen, never wanted.
    Unknown,
}

/// An ARM id of anything, compared without case as Azure does.
#[derive(Debug, Clone)]
pub struct ArmId(pub String);

impl PartialEq for ArmId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ArmId {}

impl From<&PrivateLinkScope> for ArmId {
    fn from(scope: &PrivateLinkScope) -> Self {
        Self(scope.to_string())
    }
}

impl VmScanners {
    pub(crate) fn wanted(
        scanning: Option<&AgentlessScanning>,
        role: &impl Fn(RoleKey) -> RoleArn,
    ) -> Option<Self> {
        scanning.map(|scanning| Self {
            role: role(RoleKey::AgentlessScanner),
            exclusion_tags: scanning.exclusion_tags.clone(),
        })
    }
}

impl Arc {
    pub(crate) fn wanted(
        provisioning: Option<&ArcAutoProvisioning>,
        role: &impl Fn(RoleKey) -> RoleArn,
    ) -> Option<Self> {
        provisioning.map(|provisioning| Self {
            role: role(RoleKey::ArcAutoProvisioning),
            proxy: provisioning.proxy.as_ref().map(ToString::to_string),
            private_link_scope: provisioning.private_link_scope.as_ref().map(ArmId::from),
        })
    }
}

/// The types of offering that the plans write. One that is seen and not wanted is taken out.
pub const MANAGED: [&str; 5] = [
    "CspmMonitorAws",
    "DefenderCspmAws",
    "DefenderForServersAws",
    "DefenderForContainersAws",
    "DefenderForDatabasesAws",
];

impl Offering {
    /// The `offeringType` on the wire.
    pub fn offering_type(&self) -> &str {
        match self {
            Self::CspmMonitorAws(_) => MANAGED[0],
            Self::DefenderCspmAws(_) => MANAGED[1],
            Self::DefenderForServersAws(_) => MANAGED[2],
            Self::DefenderForContainersAws(_) => MANAGED[3],
            Self::DefenderForDatabasesAws(_) => MANAGED[4],
            Self::Unmanaged { offering_type } => offering_type,
        }
    }

    /// Whether a plan of ours writes it.
    pub fn is_managed(&self) -> bool {
        !matches!(self, Self::Unmanaged { .. })
    }
}
