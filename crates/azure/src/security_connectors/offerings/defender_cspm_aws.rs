//! `DefenderCspmAws`: Defender CSPM.

use onboarding::RoleArn;
use onboarding::offering as domain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Model;
use super::ciem::Ciem;
use super::feature::{Feature, Switch};
use super::vm_scanners::VmScanners;
use crate::security_connectors::dialect::SubPlanForm;

/// The offering `DefenderCspmAws`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefenderCspmAws {
    /// Agentless scanning of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_scanners: Option<VmScanners>,
    /// Sensitive data discovery in S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_sensitivity_discovery: Option<Feature>,
    /// Data security posture of databases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub databases_dspm: Option<Feature>,
    /// Entitlement management.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciem: Option<Ciem>,
    /// Vulnerability assessment of container images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mdc_containers_image_assessment: Option<Feature>,
    /// Agentless discovery of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mdc_containers_agentless_discovery_k8s: Option<Feature>,
    /// Serverless containers, since 2026-08-01-preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serverless_containers: Option<Switch>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Model for DefenderCspmAws {
    const TYPE: &'static str = "DefenderCspmAws";
    type Compared = domain::DefenderCspmAws;

    fn seen(&self) -> domain::DefenderCspmAws {
        let feature = |part: &Option<Feature>| Feature::seen(part.as_ref());
        let serverless = self.serverless_containers.as_ref();
        domain::DefenderCspmAws {
            vm_scanners: VmScanners::seen(self.vm_scanners.as_ref()),
            data_sensitivity_discovery: feature(&self.data_sensitivity_discovery),
            databases_dspm: feature(&self.databases_dspm),
            containers_image_assessment: feature(&self.mdc_containers_image_assessment),
            containers_agentless_discovery: feature(&self.mdc_containers_agentless_discovery_k8s),
            ciem: Ciem::seen(self.ciem.as_ref()),
            serverless_containers: serverless.and_then(|switch| switch.enabled),
        }
    }

    fn misfit() -> domain::DefenderCspmAws {
        domain::DefenderCspmAws {
            databases_dspm: Some(RoleArn::seen("")),
            ..domain::DefenderCspmAws::default()
        }
    }

    fn over(self, wanted: &domain::DefenderCspmAws, _: SubPlanForm) -> Self {
        let feature = |seen, wanted: &Option<RoleArn>| Feature::over(seen, wanted.as_ref());
        let serverless = match wanted.serverless_containers {
            Some(on) => Some(self.serverless_containers.unwrap_or_default().turned(on)),
            None => self.serverless_containers,
        };
        Self {
            vm_scanners: VmScanners::over(self.vm_scanners, wanted.vm_scanners.as_ref()),
            data_sensitivity_discovery: feature(
                self.data_sensitivity_discovery,
                &wanted.data_sensitivity_discovery,
            ),
            databases_dspm: feature(self.databases_dspm, &wanted.databases_dspm),
            ciem: Ciem::over(self.ciem, wanted.ciem.as_ref()),
            mdc_containers_image_assessment: feature(
                self.mdc_containers_image_assessment,
                &wanted.containers_image_assessment,
            ),
            mdc_containers_agentless_discovery_k8s: feature(
                self.mdc_containers_agentless_discovery_k8s,
                &wanted.containers_agentless_discovery,
            ),
            serverless_containers: serverless,
            other: self.other,
        }
    }
}
