//! An organization and a subscription in memory: the function as it ships, over the real clients
//! of AWS, and beside it a state machine that carries its runs out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use custom_resource::{
    Invocation, ReplyError, ReplySender, Responder, ResponseOrigins, ResponseUrl,
};
use lambda_runtime::Diagnostic;
use lambda_support::{Boot, Environment};
use serde_json::Value;
use tokio::time::Instant;

use crate::app::OnboardOrganization;
use crate::cloud::Cloud;

pub(crate) mod aws;
pub(crate) mod azure;
pub(crate) mod machine;
pub(crate) mod organization;
pub(crate) mod stack_sets;
pub(crate) mod stops;
pub(crate) mod tokens;
pub(crate) mod wanted;

use aws::Aws;
use azure::Azure;
use stops::Stops;

/// The account that the stack is in, which manages the organization.
pub(crate) const OWN: &str = "111122223333";
pub(crate) const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/6c2f";
pub(crate) const DEPLOYMENT: &str = "mdc-111122223333";
pub(crate) const MACHINE: &str =
    "arn:aws:states:eu-west-1:111122223333:stateMachine:DefenderConnector-OnboardOrganization";
pub(crate) const GUID: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";
/// How long Lambda lets the function run.
const INVOCATION: Duration = Duration::from_mins(5);

/// What the stack gives the function.
pub(crate) const ENVIRONMENT: [(&str, &str); 12] = [
    ("AZURE_TENANT_ID", GUID),
    ("AZURE_CLIENT_ID", GUID),
    ("AZURE_SUBSCRIPTION_ID", GUID),
    ("AZURE_RESOURCE_GROUP", "rg-mdc"),
    ("AZURE_LOCATION", "eastus"),
    (
        "AZURE_SIGN_IN_ROLE_ARN",
        "arn:aws:iam::111122223333:role/DefenderConnectorAzureSignIn",
    ),
    ("DEPLOYMENT_ID", DEPLOYMENT),
    ("STACK_ID", STACK),
    ("RUN_BUCKET", "defender-runs"),
    ("WANTED_STATE_PARAMETER", "/wanted"),
    ("STATE_MACHINE_ARN", MACHINE),
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

/// The clouds, and the function in them.
pub(crate) struct World {
    pub(crate) aws: Arc<Aws>,
    pub(crate) azure: Azure,
    pub(crate) stops: Arc<Stops>,
    pub(crate) replies: Replies,
    pub(crate) app: OnboardOrganization<Replies, Azure>,
}

impl World {
    /// An empty organization and subscription.
    pub(crate) fn new() -> Self {
        let stops = Arc::new(Stops::default());
        let aws = Arc::new(Aws::new(Arc::clone(&stops)));
        let azure = Azure::new(Arc::clone(&stops));
        let replies = Replies::default();
        let boot = Boot::of(ENVIRONMENT.into_iter().collect::<Environment>());
        let settings = boot.organization_settings().unwrap();
        let sdk = Aws::wire(&aws).sdk();
        let cloud = Cloud::with(settings, &sdk, azure.clone());
        let responder = Responder::new(replies.clone(), ResponseOrigins::new("eu-west-1", None));
        Self {
            app: OnboardOrganization::of(responder, cloud),
            aws,
            azure,
            stops,
            replies,
        }
    }

    /// One invocation, which something may stop before it ends.
    pub(crate) async fn invoke(&self, event: &Value) -> Option<Result<Value, Diagnostic>> {
        let invocation = Invocation::ending_at(Instant::now() + INVOCATION);
        let served = Box::pin(self.app.serve(event, &invocation));
        tokio::select! {
            result = served => Some(result),
            () = self.stops.stopped() => None,
        }
    }

    /// One invocation that nothing stops.
    pub(crate) async fn event(&self, event: &Value) -> Result<Value, Diagnostic> {
        self.invoke(event).await.unwrap()
    }

    /// The keys of the run bucket.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.aws.bucket.objects().into_keys().collect()
    }

    /// An object of the run bucket.
    pub(crate) fn object(&self, key: &str) -> Value {
        serde_json::from_str(&self.aws.bucket.objects()[key]).unwrap()
    }
}
