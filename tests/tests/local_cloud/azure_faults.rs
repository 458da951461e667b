//! Azure does not answer, or asks to wait: FAILED with a reason, and nothing is left.

use std::time::Duration;

use anyhow::Result;
use integration_tests::{Account, Inventory, on_local_cloud, until};
use serde_json::{Value, json};

/// Closes every connection.
fn closed() -> Value {
    json!({"times": 100_000, "close": true})
}

/// Breaks Azure, creates the stack, heals Azure once the failure was answered; its reason.
async fn reason_of_failed_create(
    account: &Account,
    break_it: impl AsyncFnOnce() -> Result<()>,
) -> Result<String> {
    let before = Inventory::of(account).await?;
    break_it().await?;
    let stack = account.stack();
    let turn = stack.begin_create().await?;
    until("the failure", Duration::from_mins(6), async || {
        let replies = account.emulator.replies().await?;
        Ok(replies
            .iter()
            .any(|reply| reply.body["Status"] == "FAILED")
            .then_some(()))
    })
    .await?;
    account.azure.clear_faults().await?;
    let ended = stack.end_of(turn).await?.must_be("ROLLBACK_COMPLETE")?;
    assert_eq!(Inventory::of(account).await?, before);
    Ok(ended.reason("SecurityConnector").to_owned())
}

#[test]
fn resource_manager_that_is_unreachable() -> Result<()> {
    on_local_cloud(async |account| {
        let reason =
            reason_of_failed_create(account, async || account.azure.fault(closed()).await).await?;
        assert!(
            reason.contains("must be able to reach 127.0.0.1"),
            "{reason}"
        );
        Ok(())
    })
}

#[test]
fn sign_in_that_is_unreachable() -> Result<()> {
    on_local_cloud(async |account| {
        let broken = async || account.azure.fault_sign_in(closed()).await;
        let reason = reason_of_failed_create(account, broken).await?;
        assert!(
            reason.contains("must be able to reach 127.0.0.1"),
            "{reason}"
        );
        Ok(())
    })
}

#[test]
fn throttled_for_longer_than_the_deadline() -> Result<()> {
    on_local_cloud(async |account| {
        let body = json!({"error": {"code": "TooManyRequests", "message": "Slow down."}});
        let headers = json!({"Retry-After": "600"});
        let fault = json!({
            "method": "PUT", "times": 100_000, "status": 429, "headers": headers, "body": body,
        });
        let throttled = async || account.azure.fault(fault).await;
        let reason = reason_of_failed_create(account, throttled).await?;
        assert!(reason.contains("429 TooManyRequests"), "{reason}");
        assert!(
            reason.contains("600"),
            "the reason says how long Azure wants: {reason}"
        );
        Ok(())
    })
}

/// A throttled client waits as long as it is told, and goes on.
#[test]
fn throttled_for_a_moment() -> Result<()> {
    on_local_cloud(async |account| {
        let body = json!({"error": {"code": "TooManyRequests", "message": "Slow down."}});
        let headers = json!({"Retry-After": "1"});
        let fault =
            json!({"method": "PUT", "times": 2, "status": 429, "headers": headers, "body": body});
        account.azure.fault(fault).await?;
        account.stack().create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(account.azure.writes().await?, 3);
        Ok(())
    })
}
