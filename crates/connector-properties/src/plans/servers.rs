//! `Plans.Servers`.

use custom_resource::{Failure, scalars};
use onboarding::ExclusionTags;
use onboarding::plans::{
    ArcProxy, PrivateLinkScope, Servers, ServersSubPlan, VulnerabilityAssessment,
};
use serde::Deserialize;
use tracing::warn;

use super::{arc, only_with, scanning};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ServersProperties {
    sub_plan: SubPlan,
    #[serde(default, deserialize_with = "scalars::boolean")]
    arc_auto_provisioning: bool,
    arc_proxy: Option<ArcProxy>,
    arc_private_link_scope: Option<PrivateLinkScope>,
    #[serde(default)]
    vulnerability_assessment: Assessment,
    #[serde(default, deserialize_with = "scalars::boolean")]
    endpoint_protection: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    agentless_scanning: bool,
    exclusion_tags: Option<ExclusionTags>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum SubPlan {
    P1,
    P2,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum Assessment {
    #[serde(rename = "TVM")]
    Tvm,
    Qualys,
    #[default]
    Off,
}

impl ServersProperties {
    pub(super) fn plan(&self) -> Result<Servers, Failure> {
        let tags = self.exclusion_tags.as_ref();
        let sub_plan = match self.sub_plan {
            SubPlan::P1 => {
                let path = "Servers.AgentlessScanning";
                only_with(false, self.agentless_scanning, path, "SubPlan=P2")?;
                scanning(false, tags, "Servers")?;
                ServersSubPlan::P1
            }
            SubPlan::P2 => ServersSubPlan::P2 {
                agentless_scanning: scanning(self.agentless_scanning, tags, "Servers")?,
            },
        };
        let (proxy, scope) = (
            self.arc_proxy.as_ref(),
            self.arc_private_link_scope.as_ref(),
        );
        Ok(Servers {
            sub_plan,
            arc_auto_provisioning: arc(self.arc_auto_provisioning, proxy, scope, "Servers")?,
            vulnerability_assessment: self.assessment(),
            endpoint_protection: self.endpoint_protection,
        })
    }

    fn assessment(&self) -> Option<VulnerabilityAssessment> {
        match self.vulnerability_assessment {
            Assessment::Tvm => Some(VulnerabilityAssessment::Tvm),
            Assessment::Qualys => {
                warn!(
                    "Plans.Servers.VulnerabilityAssessment: Microsoft retires Qualys; TVM takes its place"
                );
                Some(VulnerabilityAssessment::Qualys)
            }
            Assessment::Off => None,
        }
    }
}
