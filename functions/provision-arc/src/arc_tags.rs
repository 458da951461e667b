//! `Custom::ArcAutoProvisioning`: hands each request over to the state machine.

use custom_resource::{Asked, Context, DeferringHandler, Failure, KeptRequest, Served};
use onboarding::physical_id::arc_account;

use crate::cloud::Cloud;
use crate::hand_over::hand_over;
use crate::properties::{ArcProperties, account_in};
use crate::provision::Errand;

/// The resource, in the cloud that the function was started for.
#[derive(Debug)]
pub struct ArcTags<'a>(pub &'a Cloud);

impl DeferringHandler for ArcTags<'_> {
    type Properties = ArcProperties;

    async fn start(
        &self,
        asked: Asked<ArcProperties>,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<Served, Failure> {
        let (errand, wanted) = match asked {
            Asked::Create { wanted } | Asked::Update { wanted, .. } => (Errand::Onboard, wanted),
            Asked::Delete { raw, id } => {
                let named = arc_account(id.as_str()).or_else(|| account_in(&raw));
                let account = named.unwrap_or_else(|| self.0.own_account());
                (Errand::Offboard, ArcProperties::lenient(&raw, &account))
            }
        };
        hand_over(self.0, errand, &wanted, request, context).await?;
        Ok(Served::Later)
    }
}
