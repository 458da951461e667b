//! `CspmMonitorAws`: foundational CSPM.

use onboarding::RoleArn;
use onboarding::offering as domain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Model;
use super::feature::CloudRole;
use crate::security_connectors::dialect::SubPlanForm;

/// The offering `CspmMonitorAws`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CspmMonitorAws {
    /// The role that Defender reads the account's configuration with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_cloud_connection: Option<CloudRole>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Model for CspmMonitorAws {
    const TYPE: &'static str = "CspmMonitorAws";
    type Compared = domain::CspmMonitorAws;

    fn seen(&self) -> domain::CspmMonitorAws {
        domain::CspmMonitorAws {
            native_cloud_connection: CloudRole::seen(self.native_cloud_connection.as_ref()),
        }
    }

    fn misfit() -> domain::CspmMonitorAws {
        domain::CspmMonitorAws {
            native_cloud_connection: Some(RoleArn::seen("")),
        }
    }

    fn over(self, wanted: &domain::CspmMonitorAws, _: SubPlanForm) -> Self {
        let role = wanted.native_cloud_connection.as_ref();
        Self {
            native_cloud_connection: CloudRole::over(self.native_cloud_connection, role),
            other: self.other,
        }
    }
}
