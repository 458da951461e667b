//! Defender for Databases.

use super::ArcAutoProvisioning;
use crate::offering::{Arc, DefenderForDatabasesAws};
use crate::{Offering, RoleArn, RoleKey};

/// The plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Databases {
    /// Azure Arc on every instance, for SQL servers on machines.
    pub arc_auto_provisioning: Option<ArcAutoProvisioning>,
    /// Threat protection of open-source databases in RDS.
    pub rds: bool,
    /// Data security posture of databases.
    pub dspm: bool,
}

impl Databases {
    pub(super) fn offering(&self, role: &impl Fn(RoleKey) -> RoleArn) -> Offering {
        let on = |switch: bool, key: RoleKey| switch.then(|| role(key));
        Offering::DefenderForDatabasesAws(DefenderForDatabasesAws {
            arc_auto_provisioning: Arc::wanted(self.arc_auto_provisioning.as_ref(), role),
            rds: on(self.rds, RoleKey::DataThreatProtectionDb),
            databases_dspm: on(self.dspm, RoleKey::DataSecurityPostureDb),
        })
    }
}
