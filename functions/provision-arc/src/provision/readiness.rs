//! What is read to tell whether instances are ready.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::arc::ports::{Profiles, Records, RegionError, RegionPorts, Regions};
use onboarding::arc::readiness::ProfilePolicies;
use onboarding::arc::{InstanceId, ManagedNode, ProfileName};
use tokio::sync::Mutex;
use tracing::warn;

use super::Provision;
use super::machines::MachinesUntil;
use super::outcome::Readiness;
use super::region::{Fleet, Place};

/// What the profiles of the account allow, as far as it was read: Regions share them.
pub(super) type KnownProfiles = BTreeMap<ProfileName, ProfilePolicies>;

impl<X: RegionPorts, R: Records> Place<'_, X, R> {
    pub(super) async fn nodes(&self) -> Result<BTreeMap<InstanceId, ManagedNode>, RegionError> {
        let mut nodes = BTreeMap::new();
        let mut each = |id, node| drop(nodes.insert(id, node));
        self.ports.nodes(&mut each).await?;
        Ok(nodes)
    }
}

impl<A: Regions, P: Profiles, R: Records, M: MachinesUntil> Provision<A, P, R, M> {
    /// Reads what the instances' profiles allow, each once for the account. One that cannot be read
    /// is not known, and nothing more comes of it.
    pub(super) async fn readiness(
        &self,
        nodes: BTreeMap<InstanceId, ManagedNode>,
        fleet: &Fleet,
        known: &Mutex<KnownProfiles>,
    ) -> Readiness {
        let instances = fleet.seen.values();
        let used: BTreeSet<&ProfileName> =
            instances.filter_map(|one| one.profile.as_ref()).collect();
        let mut known = known.lock().await;
        for name in used {
            if known.contains_key(name) {
                continue;
            }
            let policies = self.profiles.policies(name).await.unwrap_or_else(|error| {
                warn!("what an instance profile allows is not known: {error}");
                ProfilePolicies::Unknown
            });
            known.insert(name.clone(), policies);
        }
        Readiness {
            nodes,
            profiles: known.clone(),
        }
    }
}
