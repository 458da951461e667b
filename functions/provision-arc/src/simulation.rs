//! Large fleets in simulated time: the function as it ships, over the real clients, against an AWS
//! whose quotas come from one file.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use custom_resource::{
    Invocation, ReplyError, ReplySender, Responder, ResponseOrigins, ResponseUrl,
};
use lambda_support::ReplySettings;
use lambda_support::settings::ArcSettings;
use serde_json::{Value, json};
use testkit::aws_wire::ACCOUNT;
use testkit::quotas::Quotas;
use tokio::time::{Instant, timeout};

use crate::app::ProvisionArc;
use crate::cloud::Cloud;

mod automation;
mod aws;
mod bucket;
mod fleets;

pub(crate) use aws::{Aws, Options};

/// How long Lambda lets the function run.
const INVOCATION: Duration = Duration::from_mins(15);

/// What was answered to `CloudFormation`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replies(Arc<Mutex<Vec<Value>>>);

impl Replies {
    /// All of it, in order.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }
}

impl ReplySender for Replies {
    async fn send(&self, _: &ResponseUrl, body: Vec<u8>, _: Instant) -> Result<(), ReplyError> {
        let body = serde_json::from_slice(&body).unwrap();
        self.0.lock().unwrap().push(body);
        Ok(())
    }
}

/// An account with a fleet, and the function beside it.
pub(crate) struct Simulation {
    pub(crate) aws: Arc<Aws>,
    pub(crate) app: ProvisionArc<Replies>,
    pub(crate) replies: Replies,
    began: Instant,
}

impl Simulation {
    pub(crate) fn of(instances: usize, options: Options) -> Self {
        let quotas = Quotas::published().unwrap();
        let aws = Arc::new(Aws::new(instances, quotas, options));
        let settings = ArcSettings {
            account: ACCOUNT.parse().unwrap(),
            partition: "aws".parse().unwrap(),
            run_bucket: "defender-runs".to_owned(),
            wanted_state_parameter: "/wanted".to_owned(),
            reply: ReplySettings {
                aws_region: "eu-west-1".to_owned(),
                aws_endpoint: None,
            },
        };
        let wire = Aws::wire(&aws);
        let replies = Replies::default();
        let origins = ResponseOrigins::new("eu-west-1", None);
        let responder = Responder::new(replies.clone(), origins);
        Self {
            replies,
            app: ProvisionArc::of(responder, Cloud::new(&wire.sdk(), settings)),
            aws,
            began: Instant::now(),
        }
    }

    /// One invocation, which something may stop before it ends.
    async fn invoke(&self, run: &str, stopped_after: Duration) -> Option<Value> {
        let event = json!({"Operation": "Onboard", "AccountId": ACCOUNT, "RunId": run});
        let invocation = Invocation::ending_at(Instant::now() + INVOCATION);
        let served = self.app.serve(&event, &invocation);
        let result = timeout(stopped_after.min(INVOCATION), Box::pin(served)).await;
        result.ok().map(|outcome| outcome.unwrap())
    }

    /// Invocation after invocation until nothing is left, as the state machine does it.
    async fn until_done(&self, run: &str, stops: impl Fn() -> Duration) -> (Value, usize) {
        for invocations in 1..200 {
            if let Some(outcome) = self.invoke(run, stops()).await
                && outcome["Done"] == true
            {
                return (outcome, invocations);
            }
        }
        panic!("it comes to no end")
    }

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}
