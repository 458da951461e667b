//! Arc auto-provisioning: what Defender does in the background while a connector has it on.
//!
//! Documented is that it installs Arc's agent on every managed node that Arc supports, and that it
//! removes machines whose instance is gone. The days that it takes are left out here: every step
//! is done at once.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::super::aws_instances::AwsInstance;
use super::super::aws_view::AwsView;
use super::super::clock::now_rfc3339;
use super::super::paths::{ArmPath, Target};
use super::super::state::{Provisioned, Shared, World};
use super::super::switches::ArcProvisioning;
use super::super::traverse::named_roles;
use super::super::{arc_platforms, schema};
use super::{Looking, arc_machine};

/// What came of one look at all connectors of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArcStep {
    /// Ids of the machines that were made.
    pub made: Vec<String>,
    /// Ids of the machines that were removed, since their instance is gone.
    pub removed: Vec<String>,
    /// Instances without a machine, and why.
    pub left_out: BTreeMap<String, String>,
    /// What kept Defender from looking at all.
    pub problems: Vec<String>,
}

/// A connector that has auto-provisioning on.
pub(super) struct Due {
    pub subscription: String,
    pub group: String,
    pub connector_id: String,
    pub tenant_id: String,
    pub account: String,
    pub location: String,
    document: Value,
}

/// Looks at every connector of a subscription once. `None` where there is no such subscription.
pub(crate) async fn step(shared: &Shared, subscription: &str) -> Option<ArcStep> {
    let (due, aws) = {
        let mut world = shared.world();
        (due(&mut world, subscription)?, world.aws.clone())
    };
    let mut report = ArcStep::default();
    for connector in due {
        connector.provision(shared, &aws, &mut report).await;
    }
    Some(report)
}

fn due(world: &mut World, id: &str) -> Option<Vec<Due>> {
    let subscription = world.subscription(id)?;
    let connectors = subscription.resources.iter().filter_map(|(path, bytes)| {
        let path = ArmPath::parse(path)?;
        let Target::Connector { group, .. } = path.target else {
            return None;
        };
        let document: Value = serde_json::from_slice(bytes).ok()?;
        let text = |pointer: &str| document.pointer(pointer)?.as_str().map(str::to_owned);
        Some(Due {
            subscription: subscription.setup.subscription_id.clone(),
            group: subscription.group(&group).unwrap_or(&group).to_owned(),
            connector_id: text("/id")?,
            tenant_id: subscription.setup.tenant_id.clone(),
            account: text("/properties/hierarchyIdentifier")?,
            location: text("/location")?,
            document,
        })
    });
    Some(connectors.filter(|one| !one.roles().is_empty()).collect())
}

impl Due {
    /// The roles of the offerings that have it on.
    fn roles(&self) -> Vec<&str> {
        let offerings = self.document["properties"]["offerings"].as_array();
        let on = |arc: &&Value| arc["enabled"] == true;
        offerings
            .into_iter()
            .flatten()
            .map(|offering| &offering["arcAutoProvisioning"])
            .filter(on)
            .map(|arc| arc["cloudRoleArn"].as_str().unwrap_or_default())
            .collect()
    }

    async fn provision(&self, shared: &Shared, aws: &AwsView, report: &mut ArcStep) {
        if let Err(problem) = self.check_role(shared, aws).await {
            report.problems.push(problem);
            return;
        }
        let regions = match self.regions(shared, aws).await {
            Ok(regions) => regions,
            Err(problem) => {
                report.problems.push(problem);
                return;
            }
        };
        for region in regions {
            match aws.instances(&shared.http, &self.account, &region).await {
                Ok(instances) => self.apply(shared, &region, &instances, report),
                Err(problem) => report.problems.push(format!("{region}: {problem}")),
            }
        }
    }

    /// One role that Defender can assume and act in is enough.
    async fn check_role(&self, shared: &Shared, aws: &AwsView) -> Result<(), String> {
        if matches!(aws, AwsView::NotLookedAt) {
            return Ok(());
        }
        let named = named_roles(schema::connector(), &self.document, "");
        let looking = Looking {
            http: &shared.http,
            aws,
            account: &self.account,
            tenant_id: &self.tenant_id,
            document: &self.document,
            named: &named,
        };
        let roles = self.roles();
        let mut problem = format!("{} names no role for Arc", self.connector_id);
        for role in &named {
            let is_arcs = role.path.ends_with(".arcAutoProvisioning.cloudRoleArn");
            if !is_arcs || !roles.contains(&role.arn.as_str()) {
                continue;
            }
            match looking.check(role).await {
                Ok(()) => return Ok(()),
                Err(finding) => problem = finding.reason,
            }
        }
        Err(problem)
    }

    /// No Region in a connector stands for all.
    async fn regions(&self, shared: &Shared, aws: &AwsView) -> Result<Vec<String>, String> {
        let named = &self.document["properties"]["environmentData"]["regions"];
        let named: Vec<String> = serde_json::from_value(named.clone()).unwrap_or_default();
        if named.is_empty() {
            return aws.regions(&shared.http, &self.account).await;
        }
        Ok(named)
    }

    fn apply(
        &self,
        shared: &Shared,
        region: &str,
        instances: &[AwsInstance],
        report: &mut ArcStep,
    ) {
        let mut world = shared.world();
        let arc = world.switches_of(&self.subscription).arc;
        let registered = self.is_registered(&mut world);
        for instance in instances.iter().filter(|one| !one.is_gone()) {
            if self.refresh(&mut world, instance) {
                continue;
            }
            let made = registered.and_then(|()| self.make(&mut world, region, instance, &arc));
            match made {
                Ok(id) => report.made.push(id),
                Err(reason) => drop(
                    report
                        .left_out
                        .insert(instance.id.clone(), reason.to_owned()),
                ),
            }
        }
        report
            .removed
            .extend(self.remove_gone(&mut world, region, instances));
    }

    fn is_registered(&self, world: &mut World) -> Result<(), &'static str> {
        let state = world
            .subscription(&self.subscription)
            .map(|one| one.setup.hybrid_compute_registration_state.clone());
        if state.as_deref() == Some("Registered") {
            Ok(())
        } else {
            Err("Microsoft.HybridCompute is not registered")
        }
    }

    /// Follows the state of a machine that is there, whoever made it, and touches nothing else of
    /// it. Whether there is one.
    fn refresh(&self, world: &mut World, instance: &AwsInstance) -> bool {
        let path = arc_machine::id(self, instance).to_ascii_lowercase();
        let Some(subscription) = world
            .subscription(&self.subscription)
            .filter(|one| one.resources.contains(&path))
        else {
            return false;
        };
        let status = arc_machine::status(instance.node.as_ref());
        if let Some(mut document) = subscription.resources.json(&path)
            && document["properties"]["status"] != status
        {
            document["properties"]["status"] = status.into();
            document["properties"]["lastStatusChange"] = now_rfc3339().into();
            let document = document.to_string().into_bytes();
            subscription.resources.insert(path, document);
        }
        true
    }

    fn make(
        &self,
        world: &mut World,
        region: &str,
        instance: &AwsInstance,
        arc: &ArcProvisioning,
    ) -> Result<String, &'static str> {
        let node = instance.node.as_ref().ok_or("it is no managed node")?;
        if instance.state != "running" || node.ping != "Online" {
            return Err("its SSM agent is not online");
        }
        if !arc_platforms::supports(node, &instance.architecture) {
            return Err("Arc does not support its platform");
        }
        if !arc.takes_host_management && !instance.has_profile {
            return Err("it has no instance profile");
        }
        if arc.needs_ec2_tags && !self.carries_tags(instance) {
            return Err("its EC2 tags are not right");
        }
        let id = arc_machine::id(self, instance);
        let document = arc_machine::document(self, instance, node, arc);
        let path = id.to_ascii_lowercase();
        let provisioned = Provisioned {
            account: self.account.clone(),
            region: region.to_owned(),
            instance: instance.id.clone(),
        };
        let subscription = world
            .subscription(&self.subscription)
            .ok_or("the subscription is gone")?;
        subscription.provisioned.insert(path.clone(), provisioned);
        subscription
            .resources
            .insert(path, document.to_string().into_bytes());
        Ok(id)
    }

    /// The two tags whose value is self-evident, and the two that nobody documents.
    fn carries_tags(&self, instance: &AwsInstance) -> bool {
        let tag = |key: &str| instance.tags.get(key).map(String::as_str);
        tag("AccountId") == Some(self.account.as_str())
            && tag("InstanceId") == Some(instance.id.as_str())
            && tag("Cloud").is_some()
            && tag("MDFCSecurityConnector").is_some()
    }

    /// Only machines that Defender made, and only those of a Region that it has just seen.
    fn remove_gone(
        &self,
        world: &mut World,
        region: &str,
        instances: &[AwsInstance],
    ) -> Vec<String> {
        let Some(subscription) = world.subscription(&self.subscription) else {
            return Vec::new();
        };
        let is_there = |id: &str| instances.iter().any(|one| one.id == id && !one.is_gone());
        let gone: Vec<String> = subscription
            .provisioned
            .iter()
            .filter(|(_, made)| made.account == self.account && made.region == region)
            .filter(|(_, made)| !is_there(&made.instance))
            .map(|(path, _)| path.clone())
            .collect();
        let mut removed = Vec::new();
        for path in gone {
            subscription.provisioned.remove(&path);
            let document = subscription.resources.remove(&path);
            let document: Option<Value> =
                document.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            removed.extend(document.and_then(|one| one["id"].as_str().map(str::to_owned)));
        }
        removed
    }
}
