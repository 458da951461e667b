//! Defender's plans: what a user may ask for, and nothing that cannot be had together.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Offering, RoleArn, RoleKey};

mod containers;
mod cspm;
mod databases;
mod servers;

pub use containers::{AuditLogs, Containers, ExternalId, InstallationMethod};
pub use cspm::{Ciem, CiemApplicationName, CiemSubject, Cspm, DefenderCspm};
pub use databases::Databases;
pub use servers::{ArcAutoProvisioning, ArcProxy, PrivateLinkScope};
pub use servers::{Servers, ServersSubPlan, VulnerabilityAssessment};

/// The plans that are on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plans {
    /// Cloud security posture management. Every connector has at least the free tier.
    pub cspm: Cspm,
    /// Defender for Servers.
    pub servers: Option<Servers>,
    /// Defender for Containers.
    pub containers: Option<Containers>,
    /// Defender for Databases.
    pub databases: Option<Databases>,
}

/// Agentless scanning of machines, wherever a plan has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentlessScanning {
    /// Instances with one of these tags are left out.
    pub exclusion_tags: BTreeMap<String, String>,
}

impl Plans {
    /// The offerings that these plans put into a connector. `role` gives a role's ARN.
    pub fn offerings(&self, role: impl Fn(RoleKey) -> RoleArn) -> Vec<Offering> {
        let role = &role;
        let mut offerings = self.cspm.offerings(role);
        offerings.extend(self.servers.as_ref().map(|plan| plan.offering(role)));
        offerings.extend(self.containers.as_ref().map(|plan| plan.offering(role)));
        offerings.extend(self.databases.as_ref().map(|plan| plan.offering(role)));
        offerings
    }

    /// The roles that these plans need in the account.
    pub fn roles(&self) -> BTreeSet<RoleKey> {
        let needed = std::cell::RefCell::new(BTreeSet::new());
        // An offering names a role by asking for its ARN, so the two cannot disagree.
        self.offerings(|key| {
            needed.borrow_mut().insert(key);
            RoleArn::seen(String::new())
        });
        needed.into_inner()
    }

    /// Properties that only API version 2026-08-01-preview knows, by their paths.
    pub fn newer_properties(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        if let Cspm::Defender(plan) = &self.cspm
            && plan.serverless_containers.is_some()
        {
            found.push("Plans.Cspm.ServerlessContainers");
        }
        if let Some(plan) = &self.containers {
            let fields = [
                (
                    plan.installation_method.is_some(),
                    "Plans.Containers.InstallationMethod",
                ),
                (
                    plan.security_gating.is_some(),
                    "Plans.Containers.SecurityGating",
                ),
                (plan.anti_malware.is_some(), "Plans.Containers.AntiMalware"),
            ];
            found.extend(fields.iter().filter(|(set, _)| *set).map(|(_, path)| *path));
        }
        found
    }

    /// The CIEM feature, where it is on.
    pub fn ciem(&self) -> Option<&Ciem> {
        match &self.cspm {
            Cspm::Defender(plan) => plan.ciem.as_ref(),
            Cspm::Foundational => None,
        }
    }
}

#[cfg(test)]
mod tests;
