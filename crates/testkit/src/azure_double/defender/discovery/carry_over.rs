//! Edits and deletes of an organization's connector reach the connectors of its members.

use std::collections::BTreeMap;

use super::super::super::state::World;
use super::DiscoveryStep;
use super::members::{self, Organization};

/// Brings the connectors of all members to what those of their organizations say.
pub(crate) fn carry_over(world: &mut World, subscription: &str, step: &mut DiscoveryStep) {
    let how = world.switches_of(subscription).discovery;
    let Some(there) = world.subscription(subscription) else {
        return;
    };
    let mut organizations: BTreeMap<String, Option<Organization>> = BTreeMap::new();
    let paths: Vec<String> = there.discovered.keys().cloned().collect();
    for path in paths {
        let Some(one) = there.discovered.get(&path) else {
            continue;
        };
        if !there.resources.contains(&path) {
            // Somebody deleted it; the account counts as one without a connector again.
            there.discovered.remove(&path);
            continue;
        }
        let organization = organizations
            .entry(one.organization.clone())
            .or_insert_with_key(|path| Organization::of(there, path));
        let Some(organization) = organization
            .as_ref()
            .filter(|it| !it.excludes(&one.account))
        else {
            step.removed.extend(members::remove(there, &path));
            continue;
        };
        let carried = organization.member_of(&one.account, &one.member, &how);
        if carried == one.carried {
            continue;
        }
        step.changed.extend(members::change(there, &path, &carried));
        if let Some(one) = there.discovered.get_mut(&path) {
            one.carried = carried;
        }
    }
}
