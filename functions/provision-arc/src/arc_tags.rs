//! `Custom::ArcAutoProvisioning`: hands each request over to the state machine.

use custom_resource::{Asked, Context, DeferringHandler, Failure, KeptRequest};
use onboarding::PortError;
use onboarding::arc::RunId;
use onboarding::physical_id::{arc_account, arc_tags};
use serde_json::json;
use tracing::warn;

use crate::cloud::Cloud;
use crate::properties::{ArcProperties, account_in};

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
    ) -> Result<(), Failure> {
        match asked {
            Asked::Create { wanted } | Asked::Update { wanted, .. } => {
                self.hand_over(&wanted, true, request, context).await
            }
            Asked::Delete { raw, id } => {
                let named = arc_account(id.as_str()).or_else(|| account_in(&raw));
                let account = named.unwrap_or_else(|| self.0.own_account());
                let wanted = ArcProperties::lenient(&raw, &account);
                self.hand_over(&wanted, false, request, context).await
            }
        }
    }
}

impl ArcTags<'_> {
    async fn hand_over(
        &self,
        wanted: &ArcProperties,
        onboards: bool,
        request: &KeptRequest,
        context: &Context,
    ) -> Result<(), Failure> {
        let ids = context.ids();
        let run: RunId = ids.request_id.parse().map_err(|_| {
            Failure::new("RequestId: expected letters, digits, '.', '_' or '-' only")
        })?;
        let machine = wanted.state_machine()?.as_str();
        let account = &wanted.account_id;
        let until = context.work_until();
        let bucket = self.0.bucket(until);
        if bucket.is_answered(&run).await.map_err(failed)? {
            return Ok(());
        }
        if let Ok(id) = arc_tags(&ids.stack_id, account).parse() {
            context.declare(id);
        }
        bucket
            .mark_leaving(account, !onboards)
            .await
            .map_err(failed)?;
        bucket.keep_wanted(&run, wanted).await.map_err(failed)?;
        bucket.keep_request(&run, request).await.map_err(failed)?;
        let operation = if onboards { "Onboard" } else { "Offboard" };
        let input = json!({
            "RequestId": run,
            "RunId": run,
            "Operation": operation,
            "AccountId": account,
        });
        let name = format!("arc-{run}");
        let machines = self.0.state_machines();
        let Err(error) = machines.start(machine, &name, &input, until).await else {
            return Ok(());
        };
        // It is answered from here now. Should the machine run nevertheless, it finds nothing to
        // answer.
        if let Err(error) = bucket.forget_request(&run).await {
            warn!("a request that failed is still kept: {error}");
        }
        // It may have begun all the same, and have answered before its request was forgotten.
        if bucket
            .is_answered(&run)
            .await
            .is_ok_and(|answered| answered)
        {
            return Ok(());
        }
        Err(failed(error))
    }
}

fn failed(error: PortError) -> Failure {
    let reason = format!("{error} [{}]", error.kind.name());
    Failure::new(reason).caused_by(error)
}
