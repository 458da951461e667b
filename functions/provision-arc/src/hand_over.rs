//! Hands a request over to the state machine, which has it answered later.

use aws::Leaving;
use custom_resource::{Context, Failure, KeptRequest};
use deferral::HandOver;
use onboarding::arc::RunId;
use onboarding::physical_id::arc_tags;

use crate::bucket::Bucket;
use crate::cloud::Cloud;
use crate::properties::ArcProperties;
use crate::provision::{Errand, Reach};

/// Keeps the request and what its run is to bring about, and starts the run.
pub async fn hand_over(
    cloud: &Cloud,
    errand: Errand,
    wanted: &ArcProperties,
    request: &KeptRequest,
    context: &Context,
) -> Result<(), Failure> {
    let account = &wanted.account_id;
    let until = context.work_until();
    let input = [
        ("Operation", errand.name()),
        ("AccountId", account.as_str()),
    ];
    let hand_over = HandOver {
        requests: cloud.requests(until),
        machines: cloud.state_machines(),
        machine: wanted.state_machine()?,
        prefix: "arc",
        input: input
            .map(|(key, value)| (key.to_owned(), value.into()))
            .into_iter()
            .collect(),
    };
    let prepare = async |run: RunId| {
        let objects = cloud.objects(until);
        // An account that only loses Regions stays in, and so does its resource.
        if errand != Errand::Narrow
            && let Ok(id) = arc_tags(&context.ids().stack_id, account).parse()
        {
            context.declare(id);
        }
        let mark = Leaving::ArcOf(account);
        match errand {
            Errand::Onboard => objects.unmark_leaving(mark).await?,
            Errand::Offboard => objects.mark_leaving(mark).await?,
            Errand::Narrow => {}
        }
        let bucket = Bucket::new(objects, Reach::OwnAccount);
        bucket.keep_wanted(errand, &run, wanted).await
    };
    hand_over.begin(request, context, prepare).await
}
