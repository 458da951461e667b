//! `OnboardOrganizationFunction`.

use lambda_runtime::{LambdaEvent, service_fn};
use onboard_organization::OnboardOrganization;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // Never fails: what is wrong with the environment becomes the answer to the first event.
    let app = OnboardOrganization::new(&lambda_support::start());
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| app.handle(event))).await
}
