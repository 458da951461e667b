//! Hands a request over to the state machine, which has it answered later.

use custom_resource::{Context, Failure, KeptRequest};
use onboarding::PortError;
use onboarding::arc::RunId;
use onboarding::physical_id::arc_tags;
use serde_json::json;
use tracing::warn;

use crate::cloud::Cloud;
use crate::properties::ArcProperties;
use crate::provision::Errand;

/// Keeps the request and what its run is to bring about, and starts the run.
pub async fn hand_over(
    cloud: &Cloud,
    errand: Errand,
    wanted: &ArcProperties,
    request: &KeptRequest,
    context: &Context,
) -> Result<(), Failure> {
    let ids = context.ids();
    let run: RunId = ids
        .request_id
        .parse()
        .map_err(|_| Failure::new("RequestId: expected letters, digits, '.', '_' or '-' only"))?;
    let machine = wanted.state_machine()?.as_str();
    let account = &wanted.account_id;
    let until = context.work_until();
    let bucket = cloud.bucket(until);
    if bucket.is_answered(&run).await.map_err(failed)? {
        return Ok(());
    }
    // An account that only loses Regions stays in, and so does its resource.
    if errand != Errand::Narrow {
        if let Ok(id) = arc_tags(&ids.stack_id, account).parse() {
            context.declare(id);
        }
        let is_leaving = errand == Errand::Offboard;
        bucket
            .mark_leaving(account, is_leaving)
            .await
            .map_err(failed)?;
    }
    bucket
        .keep_wanted(errand, &run, wanted)
        .await
        .map_err(failed)?;
    bucket.keep_request(&run, request).await.map_err(failed)?;
    let input = json!({
        "RequestId": run,
        "RunId": run,
        "Operation": errand.name(),
        "AccountId": account,
    });
    let name = format!("arc-{run}");
    let machines = cloud.state_machines();
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

fn failed(error: PortError) -> Failure {
    let reason = format!("{error} [{}]", error.kind.name());
    Failure::new(reason).caused_by(error)
}
