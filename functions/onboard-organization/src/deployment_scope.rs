//! `Custom::DeploymentScope`: what the stack sets have to be told, looked up, and whether they may
//! be laid at all.

use std::collections::BTreeSet;

use custom_resource::{Context, Done, Failure, Handler, PhysicalId};
use onboarding::organization::{Directory as _, OrganizationId, StackInstances as _, TargetId};
use onboarding::physical_id::deployment_scope;
use onboarding::{PortError, RegionName};
use serde_json::Value;
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::connectors::SeenConnectors;
use crate::properties::DeploymentScopeProperties;

mod owners;

/// The resource, in the cloud that the function was started for.
#[derive(Debug)]
pub struct DeploymentScope<'a, C>(pub &'a Cloud<C>);

impl<C: SeenConnectors> Handler for DeploymentScope<'_, C> {
    type Properties = DeploymentScopeProperties;

    async fn create(&self, wanted: Self::Properties, context: &Context) -> Result<Done, Failure> {
        let id = deployment_scope(&context.ids().stack_id);
        let id = id.parse().map_err(|_| Failure::new("StackId: too long"))?;
        self.look(&wanted, id, context).await
    }

    async fn update(
        &self,
        wanted: Self::Properties,
        _: &Value,
        id: &PhysicalId,
        context: &Context,
    ) -> Result<Done, Failure> {
        self.look(&wanted, id.clone(), context).await
    }

    async fn delete(&self, _: &Value, _: &PhysicalId, _: &Context) -> Result<(), Failure> {
        // It was only looked.
        Ok(())
    }
}

impl<C: SeenConnectors> DeploymentScope<'_, C> {
    async fn look(
        &self,
        wanted: &DeploymentScopeProperties,
        id: PhysicalId,
        context: &Context,
    ) -> Result<Done, Failure> {
        let until = context.work_until();
        let organization = self.organization(until).await?;
        let targets = self.targets(wanted, until).await?;
        let regions = self.regions(&wanted.regions, until).await?;
        self.check_stack_sets(&wanted.stack_set_name_prefix, until)
            .await?;
        self.check_connectors(until).await?;
        Ok(Done::new(id)
            .with("RootOrOuIds", joined(&targets))
            .with("OrganizationId", organization)
            .with("EnabledRegions", joined(&regions)))
    }

    /// The organization, which this account manages, and in which stack sets may act.
    async fn organization(&self, until: Instant) -> Result<OrganizationId, Failure> {
        let own = &self.0.settings().account;
        let found = self.0.directory(until).organization().await;
        let found = found.map_err(failed)?;
        let id = &found.id;
        if found.management_account != *own {
            let manages = &found.management_account;
            return Err(Failure::new(format!(
                "account {own} does not manage the organization {id}: account {manages} does. Run \
                 'sam deploy' with credentials of account {manages}, or set Scope=Account"
            )));
        }
        if !found.has_all_features {
            return Err(Failure::new(format!(
                "the organization {id} only bills together, and StackSets need all of its \
                 features. Run 'aws organizations enable-all-features'; members that were invited \
                 have to agree"
            )));
        }
        let trusted = self.0.stack_sets(until).is_trusted().await;
        if !trusted.map_err(failed)? {
            return Err(Failure::new(format!(
                "StackSets may not act in accounts of the organization {id}. Run 'aws \
                 cloudformation activate-organizations-access'"
            )));
        }
        Ok(found.id)
    }

    /// The wanted units, or the root. A unit that is not there would have all accounts taken out.
    async fn targets(
        &self,
        wanted: &DeploymentScopeProperties,
        until: Instant,
    ) -> Result<BTreeSet<TargetId>, Failure> {
        let directory = self.0.directory(until);
        let targets = wanted.targets();
        let has_units = targets.iter().all(|one| matches!(one, TargetId::Ou(_)));
        if has_units && !targets.is_empty() {
            for target in &targets {
                let TargetId::Ou(unit) = target else { continue };
                if !directory.has_unit(unit).await.map_err(failed)? {
                    return Err(unknown(target, "list-roots"));
                }
            }
            return Ok(targets);
        }
        let root = TargetId::Root(directory.root().await.map_err(failed)?);
        match targets.iter().find(|target| **target != root) {
            Some(TargetId::Ou(_)) => Err(Failure::new(format!(
                "ResourceProperties.OrganizationalUnitIds: the root {root} has every unit below \
                 it; leave it out, or name it alone"
            ))),
            Some(other) => Err(unknown(other, "list-roots")),
            None => Ok(BTreeSet::from([root])),
        }
    }

    /// Those that are chosen and enabled; without a choice, those that are enabled.
    async fn regions(
        &self,
        chosen: &[RegionName],
        until: Instant,
    ) -> Result<BTreeSet<RegionName>, Failure> {
        let enabled = self.0.enabled_regions(until).await.map_err(failed)?;
        if chosen.is_empty() {
            return Ok(enabled);
        }
        let chosen: BTreeSet<RegionName> = chosen.iter().cloned().collect();
        let regions: BTreeSet<RegionName> = chosen.intersection(&enabled).cloned().collect();
        if regions.is_empty() {
            return Err(Failure::new(format!(
                "ResourceProperties.Regions: none of {} is enabled for the account; enable one \
                 with 'aws account enable-region' or name others",
                joined(&chosen)
            )));
        }
        Ok(regions)
    }
}

fn unknown(target: &TargetId, list: &str) -> Failure {
    Failure::new(format!(
        "ResourceProperties.OrganizationalUnitIds: {target} is not in this organization. 'aws \
         organizations {list}' and 'aws organizations list-organizational-units-for-parent \
         --parent-id <root or unit>' show what is"
    ))
}

fn failed(error: PortError) -> Failure {
    Failure::new(format!("{error} [{}]", error.kind.name())).caused_by(error)
}

fn joined<T: ToString>(all: &BTreeSet<T>) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(",")
}

#[cfg(test)]
mod tests;
