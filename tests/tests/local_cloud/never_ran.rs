//! Events that Lambda throttled until they were too old: the function never saw them.

use std::time::Duration;

use anyhow::Result;
use integration_tests::{Reply, Stack, on_local_cloud, until};
use serde_json::json;

use crate::small_stack::{service_token, template};

/// Lambda's shortest age is 60 seconds; no other test has an event that waits.
const EVENT_AGE_SECONDS: u64 = 4;

#[test]
fn an_update_that_never_ran_is_answered_by_the_guard() -> Result<()> {
    on_local_cloud(async |account| {
        account
            .emulator
            .switch("maximumEventAgeSeconds", EVENT_AGE_SECONDS)
            .await?;
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let physical_id = stack.physical_id("SecurityConnector").await?;
        let function = stack.physical_id("RegisterAccountFunction").await?;
        account.emulator.allow_to_run(&function, false).await?;
        stack.set("ScanIntervalHours", "24");
        let turn = stack.begin_update().await?;
        let failed = failed_reply(account, "Update").await?;
        account.emulator.allow_to_run(&function, true).await?;
        let ended = stack
            .end_of(turn)
            .await?
            .must_be("UPDATE_ROLLBACK_COMPLETE")?;
        assert!(failed.reason().contains("never ran"), "{}", failed.reason());
        assert!(ended.reason("SecurityConnector").contains("never ran"));
        assert_eq!(failed.physical_id(), physical_id);
        assert_eq!(account.azure.writes().await?, 1);
        Ok(())
    })
}

#[test]
fn a_create_that_never_ran_is_known_to_have_made_nothing() -> Result<()> {
    on_local_cloud(async |account| {
        account
            .emulator
            .switch("maximumEventAgeSeconds", EVENT_AGE_SECONDS)
            .await?;
        let application = account.stack();
        application.create().await?.must_be("CREATE_COMPLETE")?;
        let function = application.physical_id("RegisterAccountFunction").await?;
        let token = service_token(account, &application).await?;
        account.emulator.allow_to_run(&function, false).await?;
        let properties = json!({"AccountId": account.id});
        let provider = template(&token, "Custom::IdentityProvider", &properties, &[]);
        let small = Stack::of_template(account, "never-ran", provider);
        let turn = small.begin_create().await?;
        let failed = failed_reply(account, "Create").await?;
        account.emulator.allow_to_run(&function, true).await?;
        small.end_of(turn).await?.must_be("ROLLBACK_COMPLETE")?;
        assert!(
            failed.physical_id().starts_with("not-created:"),
            "{}",
            failed.physical_id()
        );
        assert!(
            account.provider().await?.is_some(),
            "a marker's Delete takes nothing away"
        );
        Ok(())
    })
}

/// The first FAILED answer to a request of this type.
async fn failed_reply(account: &integration_tests::Account, request_type: &str) -> Result<Reply> {
    until("the guard's answer", Duration::from_mins(1), async || {
        let replies = account.emulator.replies().await?;
        Ok(replies.into_iter().find(|reply| {
            reply.body["Status"] == "FAILED" && reply.request_type.as_deref() == Some(request_type)
        }))
    })
    .await
}
