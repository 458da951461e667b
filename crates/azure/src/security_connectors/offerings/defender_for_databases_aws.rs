//! `DefenderForDatabasesAws`: Defender for Databases.

use onboarding::RoleArn;
use onboarding::offering as domain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Model;
use super::arc_auto_provisioning::ArcAutoProvisioning;
use super::feature::Feature;
use crate::security_connectors::dialect::SubPlanForm;

/// The offering `DefenderForDatabasesAws`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefenderForDatabasesAws {
    /// Azure Arc on every instance, for SQL servers on machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arc_auto_provisioning: Option<ArcAutoProvisioning>,
    /// Threat protection of open-source databases in RDS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rds: Option<Feature>,
    /// Data security posture of databases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub databases_dspm: Option<Feature>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Model for DefenderForDatabasesAws {
    const TYPE: &'static str = "DefenderForDatabasesAws";
    type Compared = domain::DefenderForDatabasesAws;

    fn seen(&self) -> domain::DefenderForDatabasesAws {
        domain::DefenderForDatabasesAws {
            arc_auto_provisioning: ArcAutoProvisioning::seen(self.arc_auto_provisioning.as_ref()),
            rds: Feature::seen(self.rds.as_ref()),
            databases_dspm: Feature::seen(self.databases_dspm.as_ref()),
        }
    }

    fn misfit() -> domain::DefenderForDatabasesAws {
        domain::DefenderForDatabasesAws {
            rds: Some(RoleArn::seen("")),
            ..domain::DefenderForDatabasesAws::default()
        }
    }

    fn over(self, wanted: &domain::DefenderForDatabasesAws, _: SubPlanForm) -> Self {
        let arc = wanted.arc_auto_provisioning.as_ref();
        Self {
            arc_auto_provisioning: ArcAutoProvisioning::over(self.arc_auto_provisioning, arc),
            rds: Feature::over(self.rds, wanted.rds.as_ref()),
            databases_dspm: Feature::over(self.databases_dspm, wanted.databases_dspm.as_ref()),
            other: self.other,
        }
    }
}
