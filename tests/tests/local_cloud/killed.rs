//! The function dies in the middle, as when its memory runs out: the reply guard answers, and
//! whatever was done is taken back.

use anyhow::Result;
use integration_tests::{
    Account, Inventory, MicrosoftOnboarding, Outcome, Stack, on_local_cloud, until,
};
use serde_json::{Value, json};
use std::time::Duration;

/// A request that never comes to an end, once.
fn hanging(method: &str, after_applying: bool) -> Value {
    json!({"method": method, "times": 1, "hang": true, "afterApplying": after_applying})
}

/// Kills the function while its request hangs.
async fn kill_during(account: &Account, stack: &Stack<'_>, method: &str) -> Result<()> {
    account.azure.hanging(method).await?;
    account
        .emulator
        .kill(&stack.physical_id("RegisterAccountFunction").await?)
        .await
}

fn assert_guard_spoke(ended: &Outcome) {
    let reason = ended.reason("SecurityConnector");
    assert!(reason.contains("killed"), "{reason}");
}

fn a_killed_create_leaves_nothing(after_applying: bool) -> Result<()> {
    on_local_cloud(async |account| {
        let before = Inventory::of(account).await?;
        account.azure.fault(hanging("PUT", after_applying)).await?;
        let stack = account.stack();
        let turn = stack.begin_create().await?;
        account.azure.hanging("PUT").await?;
        if after_applying {
            until(
                "the write to take effect",
                Duration::from_secs(10),
                async || account.azure.raw(&account.connector_id()).await,
            )
            .await?;
        }
        kill_during(account, &stack, "PUT").await?;
        let ended = stack.end_of(turn).await?.must_be("ROLLBACK_COMPLETE")?;
        assert_guard_spoke(&ended);
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

#[test]
fn a_create_killed_before_the_write_took_effect_leaves_nothing() -> Result<()> {
    a_killed_create_leaves_nothing(false)
}

#[test]
fn a_create_killed_after_the_write_took_effect_leaves_nothing() -> Result<()> {
    a_killed_create_leaves_nothing(true)
}

#[test]
fn a_killed_adoption_gives_the_connector_back() -> Result<()> {
    on_local_cloud(async |account| {
        let microsoft = MicrosoftOnboarding::run(account).await?;
        account.azure.fault(hanging("PUT", true)).await?;
        let stack = account
            .stack()
            .with("CspmMonitorRoleName", "Ours")
            .with("AdoptExisting", "true");
        let turn = stack.begin_create().await?;
        account.azure.hanging("PUT").await?;
        until(
            "the adoption to take effect",
            Duration::from_secs(10),
            async || {
                let connector = account.azure.connector(&microsoft.connector_id).await?;
                Ok((connector["tags"]["Adopted"] == "true").then_some(()))
            },
        )
        .await?;
        kill_during(account, &stack, "PUT").await?;
        let ended = stack.end_of(turn).await?.must_be("ROLLBACK_COMPLETE")?;
        assert_guard_spoke(&ended);
        microsoft.assert_untouched_but_for_signature(account).await
    })
}

#[test]
fn a_killed_update_goes_back_to_the_old_plan() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let physical_id = stack.physical_id("SecurityConnector").await?;
        account.azure.fault(hanging("PUT", true)).await?;
        stack.set("ScanIntervalHours", "24");
        let turn = stack.begin_update().await?;
        account.azure.hanging("PUT").await?;
        until(
            "the write to take effect",
            Duration::from_secs(10),
            async || {
                let connector = account.azure.connector(&account.connector_id()).await?;
                Ok(
                    (connector["properties"]["environmentData"]["scanInterval"] == 24)
                        .then_some(()),
                )
            },
        )
        .await?;
        kill_during(account, &stack, "PUT").await?;
        let ended = stack
            .end_of(turn)
            .await?
            .must_be("UPDATE_ROLLBACK_COMPLETE")?;
        assert_guard_spoke(&ended);
        assert_eq!(stack.physical_id("SecurityConnector").await?, physical_id);
        let connector = account.azure.connector(&account.connector_id()).await?;
        assert_eq!(
            connector["properties"]["environmentData"]["scanInterval"],
            4
        );
        Ok(())
    })
}

#[test]
fn a_killed_delete_fails_and_the_next_one_ends_it() -> Result<()> {
    on_local_cloud(async |account| {
        let before = Inventory::of(account).await?;
        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        account.azure.fault(hanging("DELETE", false)).await?;
        let turn = stack.begin_delete().await?;
        kill_during(account, &stack, "DELETE").await?;
        let ended = stack.end_of(turn).await?.must_be("DELETE_FAILED")?;
        assert_guard_spoke(&ended);
        assert!(account.azure.raw(&account.connector_id()).await?.is_some());
        assert!(
            account.provider().await?.is_some(),
            "what the connector needs must stay"
        );

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}
