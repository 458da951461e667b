//! `DefenderForContainersAws`: Defender for Containers.

use onboarding::RoleArn;
use onboarding::offering::{self as domain, Reading};
use onboarding::plans::InstallationMethod;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Model;
use super::feature::{CloudRole, Feature};
use super::vm_scanners::VmScanners;
use crate::security_connectors::dialect::SubPlanForm;

/// The offering `DefenderForContainersAws`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefenderForContainersAws {
    /// The plan's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_service: Option<CloudRole>,
    /// What fetches the collected audit logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_data_collection: Option<CloudRole>,
    /// What `CloudWatch` Logs writes to Firehose with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_to_kinesis: Option<CloudRole>,
    /// What Firehose writes to S3 with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinesis_to_s3: Option<CloudRole>,
    /// Collection of audit logs; absent is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_audit_logs_auto_provisioning: Option<bool>,
    /// Defender's sensor on every cluster; absent is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_defender_agent_auto_provisioning: Option<bool>,
    /// The Azure Policy agent on every cluster; absent is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_policy_agent_auto_provisioning: Option<bool>,
    /// Days for which audit logs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kube_audit_retention_time: Option<i64>,
    /// The external id of the data collection role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_collection_external_id: Option<String>,
    /// Vulnerability assessment of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mdc_containers_image_assessment: Option<Feature>,
    /// Agentless discovery of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mdc_containers_agentless_discovery_k8s: Option<Feature>,
    /// Agentless scanning of the clusters' machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_scanners: Option<VmScanners>,
    /// `Arc` or `Helm`, since 2026-08-01-preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation_method: Option<String>,
    /// Whether images with findings are kept out, since 2026-08-01-preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_gating_enabled: Option<bool>,
    /// Whether containers are searched for malware, since 2026-08-01-preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_anti_malware_enabled: Option<bool>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Model for DefenderForContainersAws {
    const TYPE: &'static str = "DefenderForContainersAws";
    type Compared = domain::DefenderForContainersAws;

    fn seen(&self) -> domain::DefenderForContainersAws {
        let role = |part: &Option<CloudRole>| CloudRole::seen(part.as_ref());
        let feature = |part: &Option<Feature>| Feature::seen(part.as_ref());
        let on = |switch: Option<bool>| switch.unwrap_or(false);
        let method = self.installation_method.as_deref();
        domain::DefenderForContainersAws {
            kubernetes_service: role(&self.kubernetes_service),
            kubernetes_data_collection: role(&self.kubernetes_data_collection),
            cloud_watch_to_kinesis: role(&self.cloud_watch_to_kinesis),
            kinesis_to_s3: role(&self.kinesis_to_s3),
            audit_logs: on(self.enable_audit_logs_auto_provisioning),
            defender_agent: on(self.enable_defender_agent_auto_provisioning),
            policy_agent: on(self.enable_policy_agent_auto_provisioning),
            retention_days: self.kube_audit_retention_time,
            data_collection_external_id: self.data_collection_external_id.clone(),
            image_assessment: feature(&self.mdc_containers_image_assessment),
            agentless_discovery: feature(&self.mdc_containers_agentless_discovery_k8s),
            vm_scanners: VmScanners::seen(self.vm_scanners.as_ref()),
            installation_method: method.map(method_seen),
            security_gating: self.security_gating_enabled,
            anti_malware: self.container_anti_malware_enabled,
        }
    }

    fn misfit() -> domain::DefenderForContainersAws {
        domain::DefenderForContainersAws {
            kubernetes_service: Some(RoleArn::seen("")),
            ..domain::DefenderForContainersAws::default()
        }
    }

    fn over(self, wanted: &domain::DefenderForContainersAws, _: SubPlanForm) -> Self {
        let role = |seen, wanted: &Option<RoleArn>| CloudRole::over(seen, wanted.as_ref());
        let feature = |seen, wanted: &Option<RoleArn>| Feature::over(seen, wanted.as_ref());
        // Without collection there is no role that the id could belong to.
        let seen_id = self.data_collection_external_id;
        let kept_id = seen_id.filter(|_| wanted.audit_logs);
        let method = match wanted.installation_method {
            Some(Reading::Known(method)) => Some(method.as_str().to_owned()),
            _ => self.installation_method,
        };
        Self {
            kubernetes_service: role(self.kubernetes_service, &wanted.kubernetes_service),
            kubernetes_data_collection: role(
                self.kubernetes_data_collection,
                &wanted.kubernetes_data_collection,
            ),
            cloud_watch_to_kinesis: role(
                self.cloud_watch_to_kinesis,
                &wanted.cloud_watch_to_kinesis,
            ),
            kinesis_to_s3: role(self.kinesis_to_s3, &wanted.kinesis_to_s3),
            enable_audit_logs_auto_provisioning: Some(wanted.audit_logs),
            enable_defender_agent_auto_provisioning: Some(wanted.defender_agent),
            enable_policy_agent_auto_provisioning: Some(wanted.policy_agent),
            kube_audit_retention_time: wanted.retention_days,
            data_collection_external_id: wanted.data_collection_external_id.clone().or(kept_id),
            mdc_containers_image_assessment: feature(
                self.mdc_containers_image_assessment,
                &wanted.image_assessment,
            ),
            mdc_containers_agentless_discovery_k8s: feature(
                self.mdc_containers_agentless_discovery_k8s,
                &wanted.agentless_discovery,
            ),
            vm_scanners: VmScanners::over(self.vm_scanners, wanted.vm_scanners.as_ref()),
            installation_method: method,
            security_gating_enabled: wanted.security_gating.or(self.security_gating_enabled),
            container_anti_malware_enabled: wanted
                .anti_malware
                .or(self.container_anti_malware_enabled),
            other: self.other,
        }
    }
}

fn method_seen(name: &str) -> Reading<InstallationMethod> {
    let known = [InstallationMethod::Arc, InstallationMethod::Helm];
    let method = known
        .into_iter()
        .find(|method| method.as_str().eq_ignore_ascii_case(name));
    method.map_or(Reading::Unknown, Reading::Known)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn over(seen: Value, wanted: &domain::DefenderForContainersAws) -> Value {
        let seen: DefenderForContainersAws = from_value(seen).unwrap();
        to_value(seen.over(wanted, SubPlanForm::Object)).unwrap()
    }

    #[test]
    fn the_pipeline_goes_with_the_collection_of_audit_logs() {
        let seen = json!({"kinesisToS3": {"cloudRoleArn": "arn:k"}, "x": 1,
            "enableAuditLogsAutoProvisioning": true, "kubeAuditRetentionTime": 30,
            "dataCollectionExternalId": "id", "installationMethod": "Arc"});
        let off = domain::DefenderForContainersAws::default();
        assert_eq!(
            over(seen.clone(), &off),
            json!({"x": 1, "installationMethod": "Arc",
                "enableAuditLogsAutoProvisioning": false,
                "enableDefenderAgentAutoProvisioning": false,
                "enablePolicyAgentAutoProvisioning": false})
        );
        let on = domain::DefenderForContainersAws {
            audit_logs: true,
            retention_days: Some(7),
            ..off
        };
        let written = over(seen, &on);
        assert_eq!(written["dataCollectionExternalId"], "id");
        assert_eq!(written["kubeAuditRetentionTime"], 7);
    }

    #[test]
    fn fields_of_the_newer_version_stay_unless_they_are_wanted() {
        let seen = json!({"installationMethod": "Other", "securityGatingEnabled": true,
            "containerAntiMalwareEnabled": false});
        let left = over(seen.clone(), &domain::DefenderForContainersAws::default());
        for field in [
            "installationMethod",
            "securityGatingEnabled",
            "containerAntiMalwareEnabled",
        ] {
            assert_eq!(left[field], seen[field], "{field}");
        }
        let wanted = domain::DefenderForContainersAws {
            installation_method: Some(Reading::Known(InstallationMethod::Helm)),
            security_gating: Some(false),
            anti_malware: Some(true),
            ..domain::DefenderForContainersAws::default()
        };
        let written = over(seen, &wanted);
        assert_eq!(written["installationMethod"], "Helm");
        assert_eq!(written["securityGatingEnabled"], false);
        assert_eq!(written["containerAntiMalwareEnabled"], true);
    }

    #[test]
    fn an_installation_method_is_read_in_any_case() {
        let helm = Reading::Known(InstallationMethod::Helm);
        assert_eq!(method_seen("helm"), helm);
        assert_eq!(method_seen("Operator"), Reading::Unknown);
    }
}
