//! Discovery, which whoever makes a connector for a management account asks for: Defender makes
//! connectors for the members of the organization, and follows the accounts that come and go.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use serde::Serialize;
use serde_json::Value;

use super::super::aws_organization::{AwsMember, AwsOrganization, STACK_SETS};
use super::super::aws_view::AwsView;
use super::super::resources::membership;
use super::super::state::{Shared, World};
use super::super::switches::MeetsStandalone;
use super::inspect;

mod carry_over;
mod members;

pub(crate) use carry_over::carry_over;
use members::Organization;

/// What came of one look at the organizations of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryStep {
    /// Ids of the connectors that were made.
    pub made: Vec<String>,
    /// Ids of the connectors that follow an edit of their organization's.
    pub changed: Vec<String>,
    /// Ids of the connectors that were removed.
    pub removed: Vec<String>,
    /// Members without a connector of Defender's, and why.
    pub left_out: BTreeMap<String, String>,
    /// What kept Defender from looking at all.
    pub problems: Vec<String>,
}

/// A connector that Defender made for a member.
#[derive(Debug)]
pub(crate) struct Discovered {
    /// The path of the organization's connector.
    pub organization: String,
    pub account: String,
    pub member: AwsMember,
    /// As it was carried over last. What others make of it afterwards stays until there is
    /// something new to carry over.
    pub carried: Value,
}

/// Looks at every organization of a subscription once. `None` where there is no such subscription.
pub(crate) async fn look(shared: &Shared, subscription: &str) -> Option<DiscoveryStep> {
    let paths: Vec<String> = {
        let mut world = shared.world();
        let there = world.subscription(subscription)?;
        there.resources.organizations().cloned().collect()
    };
    let mut step = DiscoveryStep::default();
    carry_over(&mut shared.world(), subscription, &mut step);
    for path in paths {
        look_at(shared, subscription, &path, &mut step).await;
    }
    Some(step)
}

/// What follows when a connector was written or deleted: at once, or after a while.
pub(crate) fn follow(shared: &Arc<Shared>, subscription: &str) {
    let (new, pause) = {
        let mut world = shared.world();
        let pause = world.switches_of(subscription).discovery.carry_over_pause();
        let Some(there) = world.subscription(subscription) else {
            return;
        };
        let paths: Vec<String> = there.resources.organizations().cloned().collect();
        let new = paths.into_iter();
        let new: Vec<String> = new
            .filter(|path| there.watched.insert(path.clone()))
            .collect();
        (new, pause)
    };
    for path in new {
        let (shared, subscription) = (Arc::downgrade(shared), subscription.to_owned());
        tokio::spawn(watch(shared, subscription, path));
    }
    if pause.is_zero() {
        let _nobody_asked = carry_over_now(shared, subscription);
        return;
    }
    let (shared, subscription) = (Arc::downgrade(shared), subscription.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        if let Some(shared) = shared.upgrade() {
            let _nobody_asked = carry_over_now(&shared, &subscription);
        }
    });
}

fn carry_over_now(shared: &Shared, subscription: &str) -> DiscoveryStep {
    let mut step = DiscoveryStep::default();
    carry_over(&mut shared.world(), subscription, &mut step);
    step
}

/// Looks at an organization from time to time, as long as it has a connector.
async fn watch(shared: Weak<Shared>, subscription: String, path: String) {
    loop {
        let pause = {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            let switches = shared.world().switches_of(&subscription);
            switches.discovery.look_pause()
        };
        tokio::time::sleep(pause).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if !is_watched_on(&mut shared.world(), &subscription, &path) {
            return;
        }
        let mut step = DiscoveryStep::default();
        look_at(&shared, &subscription, &path, &mut step).await;
    }
}

fn is_watched_on(world: &mut World, subscription: &str, path: &str) -> bool {
    let Some(there) = world.subscription(subscription) else {
        return false;
    };
    let goes_on = there.resources.organizations().any(|one| one == path);
    if !goes_on {
        there.watched.remove(path);
    }
    goes_on
}

/// Looks at the organization that one connector stands for.
async fn look_at(shared: &Shared, subscription: &str, path: &str, step: &mut DiscoveryStep) {
    let (organization, aws) = {
        let mut world = shared.world();
        let aws = world.aws.clone();
        match Organization::read(&mut world, subscription, path) {
            Some(organization) => (organization, aws),
            None => return,
        }
    };
    let seen = match aws.organization(&shared.http, &organization.account).await {
        Ok(seen) => seen,
        Err(problem) => return step.problems.push(problem),
    };
    let seen = match usable(seen, &organization.account) {
        Ok(seen) => seen,
        Err(problem) => return step.problems.push(problem),
    };
    {
        let mut world = shared.world();
        organization.refresh(&mut world, &seen, step);
        carry_over(&mut world, subscription, step);
    }
    for (account, member) in &seen.accounts {
        if account == &organization.account {
            continue;
        }
        match take_in(shared, &aws, &organization, account, member).await {
            Ok(made) => step.made.extend(made),
            Err(reason) => drop(step.left_out.insert(account.clone(), reason)),
        }
    }
}

/// Only the management account will do, and only where `StackSets` have trusted access.
fn usable(seen: Option<AwsOrganization>, account: &str) -> Result<AwsOrganization, String> {
    let seen = seen.ok_or_else(|| format!("account {account} is in no organization"))?;
    if seen.management_account != account {
        return Err(format!(
            "account {account} does not manage its organization"
        ));
    }
    if !seen.services.contains(STACK_SETS) {
        return Err(format!(
            "the organization of {account} does not trust {STACK_SETS}"
        ));
    }
    Ok(seen)
}

/// Makes the connector of a member that has none: its id, or why it gets none. Nothing where it
/// was there before.
async fn take_in(
    shared: &Shared,
    aws: &AwsView,
    organization: &Organization,
    account: &str,
    member: &AwsMember,
) -> Result<Option<String>, String> {
    if organization.excludes(account) {
        return Err("it is excluded".to_owned());
    }
    if member.state != "ACTIVE" {
        return Err(format!("it is {}", member.state));
    }
    let (carried, look) = {
        let mut world = shared.world();
        if organization.has(&mut world, account) {
            return Ok(None);
        }
        let switches = world.switches_of(&organization.subscription);
        (
            organization.member_of(account, member, &switches.discovery),
            switches.look_into_aws,
        )
    };
    if look {
        inspect(&shared.http, aws, &organization.tenant_id, &carried)
            .await
            .map_err(|finding| finding.reason)?;
    }
    let mut world = shared.world();
    let switches = world.switches_of(&organization.subscription);
    organization.check_room(&mut world, account, switches.discovery.meets_standalone)?;
    organization.make(&mut world, account, member, carried)
}
