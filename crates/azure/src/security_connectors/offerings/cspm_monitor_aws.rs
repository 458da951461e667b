//! `CspmMonitorAws`: foundational CSPM.

use onboarding::RoleArn;
use onboarding::connector::Offering as Domain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The offering `CspmMonitorAws`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CspmMonitorAws {
    /// `CspmMonitorAws`.
    pub offering_type: String,
    /// The role that Defender reads the account's configuration with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_cloud_connection: Option<CloudRole>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A part of an offering that has a role and nothing else of ours.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudRole {
    /// The ARN of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_role_arn: Option<String>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for CspmMonitorAws {
    fn default() -> Self {
        Self {
            offering_type: Self::TYPE.to_owned(),
            native_cloud_connection: None,
            other: Map::new(),
        }
    }
}

impl CspmMonitorAws {
    pub(super) const TYPE: &str = "CspmMonitorAws";

    pub(super) fn seen(&self) -> Domain {
        let role = self
            .native_cloud_connection
            .as_ref()
            .and_then(|c| c.cloud_role_arn.as_ref());
        Domain::CspmMonitorAws {
            cloud_role_arn: role.map(RoleArn::seen),
        }
    }

    pub(super) fn with_role(mut self, role: Option<&RoleArn>) -> Self {
        if let Some(role) = role {
            let connection = self.native_cloud_connection.get_or_insert_default();
            connection.cloud_role_arn = Some(role.to_string());
        }
        self
    }
}
