//! `Custom::OrganizationNarrowing`: what an update loses is let go of before the stack sets take
//! its roles away.

use aws::Leaving;
use custom_resource::{
    Asked, Context, DeferringHandler, Done, Failure, Handler, KeptRequest, PhysicalId, Served,
};
use onboarding::organization::{Intent, MemberRegistration, Narrowing, WantedState};
use onboarding::physical_id::organization_narrowing;
use serde_json::Value;

use crate::cloud::Cloud;
use crate::connectors::SeenConnectors;
use crate::hand_over::{Begun, begin};
use crate::properties::{RunProperties, state_in};
use crate::run::{self, Migrating};
use crate::subscription;

/// An update, in the cloud that the function was started for.
#[derive(Debug)]
pub struct OrganizationNarrowing<'a, C>(pub &'a Cloud<C>);

impl<C: SeenConnectors> DeferringHandler for OrganizationNarrowing<'_, C> {
    type Properties = RunProperties;

    async fn start(
        &self,
        asked: Asked<RunProperties>,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<Served, Failure> {
        let Asked::Update { wanted, old, id } = asked else {
            return Err(Failure::new("RequestType: expected Update"));
        };
        let after = wanted.state(self.0.settings())?;
        self.check_subscription(context).await?;
        let before = state_in(&old);
        let lost = before
            .as_ref()
            .map(|before| Narrowing::between(before, &after));
        let mut marks = Vec::new();
        if lost.is_some_and(|lost| lost.loses_arc) {
            marks.push((Leaving::ArcOfAll, true));
        } else if after.arc().is_some() {
            marks.push((Leaving::ArcOfAll, false));
        }
        if let Some(to) = before.as_ref().and_then(|before| migrates(before, &after)) {
            let bucket = self.0.bucket(context.work_until());
            let kept = bucket.begin_migration(&Migrating::beginning(to)).await;
            kept.map_err(|error| Failure::new(error.to_string()))?;
        }
        let begun = Begun {
            machine: &wanted.state_machine_arn,
            asked: run::Asked {
                intent: Intent::Narrow,
                wanted: after.to_value(),
                before: before.map(|before| before.to_value()),
            },
            id,
            marks: &marks,
        };
        begin(self.0, begun, request, context).await?;
        Ok(Served::Later)
    }
}

impl<C> OrganizationNarrowing<'_, C> {
    async fn check_subscription(&self, context: &Context) -> Result<(), Failure> {
        let bucket = self.0.bucket(context.work_until());
        let this = &self.0.settings().subscription_id;
        match subscription::refusal(&bucket, this).await {
            Ok(None) => Ok(()),
            Ok(Some(refusal)) => Err(Failure::new(refusal)),
            Err(error) => Err(Failure::new(error.to_string())),
        }
    }
}

/// Who registers the members from now on, where somebody else did until now.
fn migrates(before: &WantedState, after: &WantedState) -> Option<MemberRegistration> {
    let of = |state: &WantedState| Some(state.organization()?.member_registration);
    let (before, after) = (of(before)?, of(after)?);
    (before != after).then_some(after)
}

/// A Create or a Delete, which take nothing away: the one finds nothing, and before the other
/// everything was taken out already.
#[derive(Debug)]
pub struct Nothing<'a, C>(pub &'a Cloud<C>);

impl<C: SeenConnectors> Handler for Nothing<'_, C> {
    type Properties = RunProperties;

    async fn create(&self, wanted: RunProperties, context: &Context) -> Result<Done, Failure> {
        wanted.state(self.0.settings())?;
        let id = organization_narrowing(&context.ids().stack_id);
        let id: PhysicalId = id.parse().map_err(|_| Failure::new("StackId: too long"))?;
        Ok(Done::new(id))
    }

    async fn update(
        &self,
        _: RunProperties,
        _: &Value,
        id: &PhysicalId,
        _: &Context,
    ) -> Result<Done, Failure> {
        Ok(Done::new(id.clone()))
    }

    async fn delete(&self, _: &Value, _: &PhysicalId, _: &Context) -> Result<(), Failure> {
        Ok(())
    }
}
