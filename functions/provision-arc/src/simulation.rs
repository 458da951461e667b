//! Large fleets in simulated time: the function as it ships, over the real clients, against an AWS
//! whose quotas come from one file.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use custom_resource::{
    Invocation, ReplyError, ReplySender, Responder, ResponseOrigins, ResponseUrl,
};
use lambda_support::{Boot, Environment};
use serde_json::{Value, json};
use testkit::aws_wire::ACCOUNT;
use testkit::quotas::Quotas;
use tokio::time::{Instant, timeout};

use crate::app::ProvisionArc;
use crate::cloud::Cloud;

mod automation;
mod aws;
mod fleets;
mod shown;

pub(crate) use aws::{Aws, Options};

/// How long Lambda lets the function run.
const INVOCATION: Duration = Duration::from_mins(15);

const AZURE: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";
/// What the stack gives the function.
pub(crate) const ENVIRONMENT: [(&str, &str); 11] = [
    ("AZURE_TENANT_ID", AZURE),
    ("AZURE_CLIENT_ID", AZURE),
    ("AZURE_SUBSCRIPTION_ID", AZURE),
    ("AZURE_RESOURCE_GROUP", "rg-mdc"),
    ("AZURE_LOCATION", "eastus"),
    (
        "AZURE_SIGN_IN_ROLE_ARN",
        "arn:aws:iam::111122223333:role/DefenderConnectorAzureSignIn",
    ),
    ("DEPLOYMENT_ID", "mdc-111122223333"),
    (
        "STACK_ID",
        "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/6c2f",
    ),
    ("RUN_BUCKET", "defender-runs"),
    ("WANTED_STATE_PARAMETER", "/wanted"),
    ("AWS_REGION", "eu-west-1"),
];

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
        let wire = Aws::wire(&aws);
        let replies = Replies::default();
        let origins = ResponseOrigins::new("eu-west-1", None);
        let responder = Responder::new(replies.clone(), origins);
        let boot = Boot::of(ENVIRONMENT.into_iter().collect::<Environment>());
        let cloud = Cloud::new(&boot, &wire.sdk()).unwrap();
        Self {
            replies,
            app: ProvisionArc::of(responder, cloud),
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
