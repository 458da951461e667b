//! `Custom::OrganizationOnboarding`: everything that the stack has in the organization.

use aws::Leaving;
use custom_resource::{Asked, Context, DeferringHandler, Failure, KeptRequest, PhysicalId, Served};
use onboarding::organization::{Intent, WantedState};
use onboarding::physical_id::organization_onboarding;
use serde_json::Value;
use tracing::warn;

use crate::cloud::Cloud;
use crate::connectors::SeenConnectors;
use crate::hand_over::{Begun, begin};
use crate::properties::{RunProperties, everything, machine_in, state_in};
use crate::run;

/// The resource, in the cloud that the function was started for.
#[derive(Debug)]
pub struct OrganizationOnboarding<'a, C>(pub &'a Cloud<C>);

impl<C: SeenConnectors> DeferringHandler for OrganizationOnboarding<'_, C> {
    type Properties = RunProperties;

    async fn start(
        &self,
        asked: Asked<RunProperties>,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<Served, Failure> {
        match asked {
            Asked::Create { wanted } => {
                let id = organization_onboarding(&context.ids().stack_id);
                let id = id.parse().map_err(|_| Failure::new("StackId: too long"))?;
                self.put_in(&wanted, id, request, context).await?;
            }
            Asked::Update { wanted, id, .. } => {
                self.put_in(&wanted, id, request, context).await?;
            }
            Asked::Delete { raw, id } => self.take_out(&raw, id, request, context).await?,
        }
        Ok(Served::Later)
    }
}

impl<C: SeenConnectors> OrganizationOnboarding<'_, C> {
    async fn put_in(
        &self,
        wanted: &RunProperties,
        id: PhysicalId,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<(), Failure> {
        let state = wanted.state(self.0.settings())?;
        let mut marks = vec![(Leaving::All, false)];
        if state.arc().is_some() {
            marks.push((Leaving::ArcOfAll, false));
        }
        let begun = Begun {
            machine: &wanted.state_machine_arn,
            asked: run::Asked {
                intent: Intent::Onboard,
                wanted: state.to_value(),
                before: None,
            },
            id,
            marks: &marks,
        };
        begin(self.0, begun, request, context).await
    }

    /// Whatever its properties are, it must go.
    async fn take_out(
        &self,
        raw: &Value,
        id: PhysicalId,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<(), Failure> {
        let resource = &context.ids().logical_id;
        let own = self.0.machine().cloned();
        let machine = match machine_in(raw) {
            Some(machine) => machine,
            None => own.map_err(|error| Failure::to_delete(error, resource))?,
        };
        let state = state_in(raw).as_ref().map(WantedState::to_value);
        let begun = Begun {
            machine: &machine,
            asked: run::Asked {
                intent: Intent::Offboard,
                wanted: state.unwrap_or_else(|| {
                    warn!("the wanted state of a delete cannot be read, so the whole organization is looked at");
                    everything(&self.0.settings().account)
                }),
                before: None,
            },
            id,
            marks: &[(Leaving::All, true)],
        };
        begin(self.0, begun, request, context)
            .await
            .map_err(|failure| Failure::to_delete(failure.reason(), resource))
    }
}
