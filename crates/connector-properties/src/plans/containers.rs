//! `Plans.Containers`.

use custom_resource::{Failure, scalars};
use onboarding::ExclusionTags;
use onboarding::plans::{AuditLogs, Containers, ExternalId, InstallationMethod};
use serde::Deserialize;

use super::{only_with, scanning};

/// What every sample of Microsoft's has.
const DEFAULT_RETENTION_DAYS: i64 = 30;
/// The longest finite retention that `CloudWatch` Logs has: ten years.
const LONGEST_RETENTION_DAYS: i64 = 3653;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
pub(super) struct ContainersProperties {
    #[serde(default, deserialize_with = "scalars::boolean")]
    audit_logs: bool,
    #[serde(default, deserialize_with = "retention")]
    retention_days: Option<i64>,
    data_collection_external_id: Option<ExternalId>,
    #[serde(default, deserialize_with = "scalars::boolean")]
    defender_agent: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    policy_agent: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    image_assessment: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    agentless_discovery: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    agentless_scanning: bool,
    exclusion_tags: Option<ExclusionTags>,
    installation_method: Option<InstallationMethod>,
    #[serde(default, deserialize_with = "scalars::optional_boolean")]
    security_gating: Option<bool>,
    #[serde(default, deserialize_with = "scalars::optional_boolean")]
    anti_malware: Option<bool>,
}

fn retention<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    let days: i64 = scalars::integer(d)?;
    if (1..=LONGEST_RETENTION_DAYS).contains(&days) {
        return Ok(Some(days));
    }
    let expected = format!("expected 1 to {LONGEST_RETENTION_DAYS} days");
    Err(serde::de::Error::custom(expected))
}

impl ContainersProperties {
    pub(super) fn plan(&self) -> Result<Containers, Failure> {
        Ok(Containers {
            audit_logs: self.audit_logs()?,
            defender_agent: self.defender_agent,
            policy_agent: self.policy_agent,
            image_assessment: self.image_assessment,
            agentless_discovery: self.agentless_discovery,
            agentless_scanning: scanning(
                self.agentless_scanning,
                self.exclusion_tags.as_ref(),
                "Containers",
            )?,
            installation_method: self.installation_method,
            security_gating: self.security_gating,
            anti_malware: self.anti_malware,
        })
    }

    fn audit_logs(&self) -> Result<Option<AuditLogs>, Failure> {
        for (name, set) in [
            ("RetentionDays", self.retention_days.is_some()),
            (
                "DataCollectionExternalId",
                self.data_collection_external_id.is_some(),
            ),
        ] {
            let path = format!("Containers.{name}");
            only_with(self.audit_logs, set, &path, "AuditLogs=true")?;
        }
        Ok(self.audit_logs.then(|| AuditLogs {
            retention_days: self.retention_days.unwrap_or(DEFAULT_RETENTION_DAYS),
            external_id: self.data_collection_external_id.clone(),
        }))
    }
}
