//! `Custom::ArcRegions`: the Regions that the runbooks are laid into, which a stack set wants by
//! name. Tags are taken off before a Region loses its runbooks, since nothing else takes them off.

use std::collections::BTreeSet;

use custom_resource::{
    Asked, Context, DeferringHandler, Done, Failure, KeptRequest, PhysicalId, Request, RequestIds,
    Served, parse_properties,
};
use deferral::Ended;
use onboarding::arc::ports::Regions;
use onboarding::{AccountId, EnabledRegion, RegionName};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::error::ProvisionError;
use crate::hand_over::hand_over;
use crate::properties::{ArcProperties, ArcRegionsProperties};
use crate::provision::Errand;
use crate::result::Outcome;

mod found;

use found::Found;

/// The resource, in the cloud that the function was started for.
#[derive(Debug)]
pub struct ArcRegions<'a>(pub &'a Cloud);

impl DeferringHandler for ArcRegions<'_> {
    type Properties = ArcRegionsProperties;

    async fn start(
        &self,
        asked: Asked<ArcRegionsProperties>,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<Served, Failure> {
        let done = match asked {
            Asked::Create { wanted } => {
                let id = id(context.ids(), &wanted.account_id)?;
                self.found(&wanted, context).await?.0.done(id)?
            }
            Asked::Update { wanted, old, id } => {
                let (found, enabled) = self.found(&wanted, context).await?;
                // Where none is left the update fails, and then nothing may have been taken off.
                let done = found.done(id)?;
                if let Some(dropped) = dropped(&wanted, &old, &found, &enabled) {
                    let run = hand_over(self.0, Errand::Narrow, &dropped, request, context);
                    run.await?;
                    return Ok(Served::Later);
                }
                done
            }
            // It was only looked.
            Asked::Delete { id, .. } => Done::new(id),
        };
        Ok(Served::Done(done))
    }
}

impl ArcRegions<'_> {
    async fn found(
        &self,
        wanted: &ArcRegionsProperties,
        context: &Context,
    ) -> Result<(Found, BTreeSet<EnabledRegion>), Failure> {
        let request = &context.ids().request_id;
        let enabled = self.enabled(&wanted.account_id, request, context.work_until());
        let enabled = enabled.await?;
        Ok((self.among(&wanted.regions, &enabled), enabled))
    }

    fn among(&self, wanted: &[RegionName], enabled: &BTreeSet<EnabledRegion>) -> Found {
        Found::of(wanted, enabled, self.0.own_region().as_ref())
    }

    async fn enabled(
        &self,
        account: &AccountId,
        request: &str,
        until: Instant,
    ) -> Result<BTreeSet<EnabledRegion>, Failure> {
        let regions = self.0.regions(account, request, until);
        regions.enabled().await.map_err(|error| {
            let error = ProvisionError::port(account)(error);
            Failure::new(format!("{error} [{}]", error.name())).caused_by(error)
        })
    }

    /// What to answer to a request whose run has ended. An answer that it is done has the stack
    /// set take the runbooks away, which a run that is not done still needs.
    pub async fn narrowed(
        &self,
        request: &Request,
        id: PhysicalId,
        ended: Ended<Outcome>,
        until: Instant,
    ) -> Result<Done, Failure> {
        let left = |what: String| {
            Failure::new(format!(
                "the tags are not all taken off where Regions were taken out: {what}. Update the \
                 stack again; until then a sweep puts back what was taken off"
            ))
        };
        match ended {
            Ended::Error(error) => Err(left(error.told())),
            Ended::Outcome(outcome) if !outcome.done => {
                let count = outcome.counts.instances_pending;
                Err(left(format!("{count} instances are left")))
            }
            Ended::Outcome(_) => {
                let wanted: ArcRegionsProperties = parse_properties(&request.properties)?;
                let request = &request.ids.request_id;
                let enabled = self.enabled(&wanted.account_id, request, until).await?;
                self.among(&wanted.regions, &enabled).done(id)
            }
        }
    }
}

/// What an update takes out: the Regions, with the values that the tags have there. `None` where
/// it takes out nothing, or where what was wanted before was never good.
fn dropped(
    wanted: &ArcRegionsProperties,
    old: &Value,
    found: &Found,
    enabled: &BTreeSet<EnabledRegion>,
) -> Option<ArcProperties> {
    let former = json!({"AccountId": old["AccountId"], "Regions": old["Regions"]});
    let former: ArcRegionsProperties = parse_properties(&former).ok()?;
    if former.account_id != wanted.account_id {
        return None;
    }
    let former = Found::of(&former.regions, enabled, None).regions;
    let regions: Vec<RegionName> = former.difference(&found.regions).cloned().collect();
    (!regions.is_empty()).then(|| ArcProperties {
        regions,
        max_concurrent_automations: wanted.max_concurrent_automations,
        state_machine_arn: wanted.state_machine_arn.clone(),
        ..ArcProperties::lenient(old, &wanted.account_id)
    })
}

fn id(ids: &RequestIds, account: &AccountId) -> Result<PhysicalId, Failure> {
    let stack = &ids.stack_id;
    let stack = stack
        .split_once(":stack/")
        .map_or(stack.as_str(), |(_, name)| name);
    format!("arc-regions:{stack}:{account}")
        .parse()
        .map_err(|_| Failure::new("StackId: too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled() -> BTreeSet<EnabledRegion> {
        let names = ["eu-west-1", "us-east-1", "ap-east-1"];
        let enabled = names.map(|name| EnabledRegion {
            name: name.parse().unwrap(),
            is_opt_in: false,
        });
        enabled.into()
    }

    fn properties(regions: &str, value: &str) -> Value {
        json!({
            "AccountId": "111122223333",
            "Regions": regions,
            "ConnectorTagValue": value,
            "MaxConcurrentAutomations": "7",
            "StateMachineArn": "arn:aws:states:eu-west-1:111122223333:stateMachine:Onboard",
        })
    }

    fn between(old: &Value, new: &str) -> Option<ArcProperties> {
        let wanted: ArcRegionsProperties = parse_properties(&properties(new, "new")).unwrap();
        let found = Found::of(&wanted.regions, &enabled(), None);
        dropped(&wanted, old, &found, &enabled())
    }

    fn names(old: &str, new: &str) -> Vec<String> {
        let dropped = between(&properties(old, "old"), new);
        let regions = dropped.into_iter().flat_map(|dropped| dropped.regions);
        regions.map(|one| one.to_string()).collect()
    }

    #[test]
    fn what_is_dropped_is_what_was_in_and_is_not_any_more() {
        assert_eq!(names("eu-west-1,us-east-1", "eu-west-1"), ["us-east-1"]);
        assert_eq!(names("", "eu-west-1"), ["ap-east-1", "us-east-1"]);
        assert_eq!(names("us-east-1", "eu-west-1"), ["us-east-1"]);
        // Not enabled, so that there is nothing to take off.
        assert!(names("eu-west-1,me-south-1", "eu-west-1").is_empty());
    }

    #[test]
    fn what_widens_or_stays_drops_nothing() {
        for (old, new) in [
            ("eu-west-1", "eu-west-1,us-east-1"),
            ("eu-west-1", ""),
            ("", ""),
            ("", "eu-west-1,us-east-1,ap-east-1"),
            ("us-east-1,eu-west-1", "eu-west-1,us-east-1"),
        ] {
            assert!(names(old, new).is_empty(), "{old} to {new}");
        }
    }

    #[test]
    fn what_is_taken_off_are_the_values_that_were_put_on() {
        let dropped = between(&properties("", "old"), "eu-west-1").unwrap();
        assert_eq!(dropped.connector_tag_value.as_str(), "old");
        assert_eq!(dropped.cloud_tag_value.as_str(), "AWS");
        assert!(dropped.state_machine().is_ok());
    }

    #[test]
    fn what_was_never_good_drops_nothing() {
        // A rollback names it as what was wanted before. Read as every Region, tags of others
        // would go.
        let mut other = properties("", "old");
        other["AccountId"] = json!("444455556666");
        for old in [json!({}), properties("Ireland", "old"), other] {
            assert_eq!(between(&old, "eu-west-1"), None, "{old}");
        }
    }
}
