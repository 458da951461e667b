//! `Plans.Cspm`.

use custom_resource::{Failure, scalars};
use onboarding::ExclusionTags;
use onboarding::plans::{Ciem, CiemApplicationName, CiemSubject, Cspm, DefenderCspm};
use serde::Deserialize;

use super::{only_with, scanning, unless_off};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
pub(super) struct CspmProperties {
    tier: Tier,
    #[serde(default, deserialize_with = "scalars::boolean")]
    agentless_scanning: bool,
    exclusion_tags: Option<ExclusionTags>,
    #[serde(default, deserialize_with = "scalars::boolean")]
    sensitive_data_discovery: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    databases_dspm: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    containers_image_assessment: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    containers_agentless_discovery: bool,
    #[serde(default, deserialize_with = "unless_off")]
    ciem: Option<CiemProperties>,
    #[serde(default, deserialize_with = "scalars::optional_boolean")]
    serverless_containers: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Tier {
    Foundational,
    Defender,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CiemProperties {
    subject: CiemSubject,
    #[serde(default)]
    application_name: CiemApplicationName,
}

impl CspmProperties {
    pub(super) fn plan(&self) -> Result<Cspm, Failure> {
        if matches!(self.tier, Tier::Foundational) {
            self.must_be_bare()?;
            return Ok(Cspm::Foundational);
        }
        let tags = self.exclusion_tags.as_ref();
        Ok(Cspm::Defender(DefenderCspm {
            agentless_scanning: scanning(self.agentless_scanning, tags, "Cspm")?,
            sensitive_data_discovery: self.sensitive_data_discovery,
            databases_dspm: self.databases_dspm,
            containers_image_assessment: self.containers_image_assessment,
            containers_agentless_discovery: self.containers_agentless_discovery,
            ciem: self.ciem.as_ref().map(|ciem| Ciem {
                subject: ciem.subject.clone(),
                application_name: ciem.application_name.clone(),
            }),
            serverless_containers: self.serverless_containers,
        }))
    }

    /// Foundational CSPM has no features to choose.
    fn must_be_bare(&self) -> Result<(), Failure> {
        let set = [
            ("AgentlessScanning", self.agentless_scanning),
            ("ExclusionTags", self.exclusion_tags.is_some()),
            ("SensitiveDataDiscovery", self.sensitive_data_discovery),
            ("DatabasesDspm", self.databases_dspm),
            (
                "ContainersImageAssessment",
                self.containers_image_assessment,
            ),
            (
                "ContainersAgentlessDiscovery",
                self.containers_agentless_discovery,
            ),
            ("Ciem", self.ciem.is_some()),
            ("ServerlessContainers", self.serverless_containers.is_some()),
        ];
        set.into_iter().try_for_each(|(name, set)| {
            only_with(false, set, &format!("Cspm.{name}"), "Tier=Defender")
        })
    }
}
