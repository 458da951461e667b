//! Defender for Servers, and Azure Arc, which it shares with Defender for Databases.

use serde::Deserialize;

use super::AgentlessScanning;
use crate::arm::resource;
use crate::offering::{Arc, DefenderForServersAws, Reading, SubPlan, VmScanners};
use crate::{InvalidValue, Offering, ResourceGroup, RoleArn, RoleKey, SubscriptionId, string_id};

/// The plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    /// The sub-plan.
    pub sub_plan: ServersSubPlan,
    /// Azure Arc on every instance.
    pub arc_auto_provisioning: Option<ArcAutoProvisioning>,
    /// Which solution assesses vulnerabilities.
    pub vulnerability_assessment: Option<VulnerabilityAssessment>,
    /// Microsoft Defender for Endpoint on every instance.
    pub endpoint_protection: bool,
}

/// The sub-plan. Agentless scanning is part of P2 only: the service refuses it with P1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServersSubPlan {
    /// Plan 1.
    P1,
    /// Plan 2.
    P2 {
        /// Agentless scanning of machines.
        agentless_scanning: Option<AgentlessScanning>,
    },
}

/// A solution that assesses vulnerabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VulnerabilityAssessment {
    /// Microsoft Defender Vulnerability Management (`TVM`).
    Tvm,
    /// Qualys, which Microsoft retires.
    Qualys,
}

impl VulnerabilityAssessment {
    /// As `vaAutoProvisioning.configuration.type` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tvm => "TVM",
            Self::Qualys => "Qualys",
        }
    }
}

/// How Defender connects instances to Azure Arc.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArcAutoProvisioning {
    /// The proxy that the agent uses.
    pub proxy: Option<ArcProxy>,
    /// The private link scope that the agent uses.
    pub private_link_scope: Option<PrivateLinkScope>,
}

/// The URL of a proxy. User and password have no place in it: the connector shows it to everyone
/// who may read it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ArcProxy(String);

string_id!(ArcProxy);

impl TryFrom<String> for ArcProxy {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let host = ["http://", "https://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._:[]-/".contains(&byte);
        if text.len() <= 512 && host.is_some_and(|host| !host.is_empty() && host.bytes().all(fits))
        {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected the URL of a proxy such as http://proxy.example.com:3128, \
                           without user or password",
            })
        }
    }
}

/// The ARM id of an Azure Arc private link scope. Azure compares ids without case.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct PrivateLinkScope(String);

string_id!(PrivateLinkScope);

impl PartialEq for PrivateLinkScope {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for PrivateLinkScope {}

impl TryFrom<String> for PrivateLinkScope {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        if is_private_link_scope(&text) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected the ARM id of a private link scope: /subscriptions/<id>/\
                           resourceGroups/<name>/providers/Microsoft.HybridCompute/privateLinkScopes/<name>",
            })
        }
    }
}

fn is_private_link_scope(text: &str) -> bool {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    resource(text, "Microsoft.HybridCompute", "privateLinkScopes").is_some_and(
        |(subscription, group, name)| {
            subscription.parse::<SubscriptionId>().is_ok()
                && group.parse::<ResourceGroup>().is_ok()
                && (1..=255).contains(&name.len())
                && name.bytes().all(named)
        },
    )
}

impl Servers {
    pub(super) fn offering(&self, role: &impl Fn(RoleKey) -> RoleArn) -> Offering {
        let (sub_plan, scanning) = match &self.sub_plan {
            ServersSubPlan::P1 => (SubPlan::P1, None),
            ServersSubPlan::P2 { agentless_scanning } => (SubPlan::P2, agentless_scanning.as_ref()),
        };
        Offering::DefenderForServersAws(DefenderForServersAws {
            defender_for_servers: Some(role(RoleKey::DefenderForServers)),
            arc_auto_provisioning: Arc::wanted(self.arc_auto_provisioning.as_ref(), role),
            vulnerability_assessment: self.vulnerability_assessment.map(Reading::Known),
            endpoint_protection: self.endpoint_protection,
            sub_plan: Some(Reading::Known(sub_plan)),
            vm_scanners: VmScanners::wanted(scanning, role),
        })
    }
}
