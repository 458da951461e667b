//! `ReplyGuardFunction`.

use lambda_runtime::{LambdaEvent, service_fn};
use reply_guard::ReplyGuard;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let guard = ReplyGuard::new(&lambda_support::start());
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| guard.handle(event))).await
}
