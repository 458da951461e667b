//! The function is killed when it has just started a run, before it could say so: the reply guard
//! and the run's state machine both come to answer the request, and one of them does.

use std::time::Duration;

use anyhow::{Context, Result};
use integration_tests::{
    Account, Fleet, Inventory, NewInstance, REGIONS, Reply, Run, Stack, Tags, on_local_cloud, until,
};

const KEY: &str = "MDFCSecurityConnector";

async fn kill(account: &Account, stack: &Stack<'_>) -> Result<()> {
    let function = stack.physical_id("ProvisionArcFunction").await?;
    account.emulator.kill(&function).await
}

/// Waits until the guard has done all that it was called for; how often that was.
async fn guarded(account: &Account, stack: &Stack<'_>, calls: usize) -> Result<()> {
    let guard = stack.physical_id("ReplyGuardFunction").await?;
    let ended = until("the guard's end", Duration::from_mins(1), async || {
        let outcomes = account.emulator.outcomes(&guard).await?;
        let running = outcomes.iter().any(|one| one == "running");
        Ok((outcomes.len() >= calls && !running).then_some(outcomes))
    });
    assert_eq!(ended.await?, vec!["succeeded"; calls]);
    Ok(())
}

/// The one answer to the request that began a run.
async fn answer(account: &Account, run: &Run) -> Result<Reply> {
    let mut replies = account.emulator.replies().await?;
    replies.retain(|one| one.request_id.as_deref() == run.input["RequestId"].as_str());
    assert_eq!(replies.len(), 1, "{replies:#?}");
    replies.pop().context("there is one")
}

fn with_value(mut tags: Tags, value: &str) -> Tags {
    tags.insert(KEY.to_owned(), value.to_owned());
    tags
}

#[test]
fn a_create_whose_function_is_killed_after_it_started_the_run_leaves_nothing() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let new = NewInstance::default();
        let instances = fleet.make_many(REGIONS[0], 3, new).await?;
        let before = Inventory::of(account).await?;
        let stack = fleet.stack().with("MaxConcurrentAutomations", "1");
        let (turn, run) = account
            .with_slow_runbooks(1.0, async || {
                let killed = account.with_held_starts(async || {
                    let turn = stack.begin_create().await?;
                    let run = account.new_run(&[]).await?;
                    kill(account, &stack).await?;
                    Ok((turn, run))
                });
                let (turn, run) = killed.await?;
                // Nothing is quick before the guard has spoken.
                guarded(account, &stack, 1).await?;
                Ok((turn, run))
            })
            .await?;
        let ended = stack.end_of(turn).await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("ArcTags");
        assert!(reason.contains("killed"), "{reason}");
        let answer = answer(account, &run).await?;
        assert_eq!(answer.body["Status"], "FAILED", "{answer:#?}");
        for instance in &instances {
            assert_eq!(fleet.tags(instance).await?, Tags::new());
        }
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

#[test]
fn an_update_is_answered_by_the_guard_or_by_the_run_whichever_comes_first() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let new = NewInstance::default();
        let instances = fleet.make_many(REGIONS[1], 3, new).await?;
        let mut stack = fleet.stack().with("MaxConcurrentAutomations", "1");
        fleet.deploy(&stack).await?;

        // The run is over before the function is killed.
        let known = account.runs().await?;
        stack.set("ConnectorTagValue", "first");
        let held = account.with_held_starts(async || {
            let turn = stack.begin_update().await?;
            let run = account.new_run(&known).await?;
            let run = account.end_of_run(run.name).await?;
            kill(account, &stack).await?;
            Ok((turn, run))
        });
        let (turn, run) = held.await?;
        stack.end_of(turn).await?.must_be("UPDATE_COMPLETE")?;
        guarded(account, &stack, 1).await?;
        assert_eq!(answer(account, &run).await?.body["Status"], "SUCCESS");
        assert_eq!(run.answers(), [true], "{:#}", run.record);

        // The function is killed while the run is at work.
        let known = account.runs().await?;
        stack.set("ConnectorTagValue", "second");
        let (turn, run) = account
            .with_slow_runbooks(2.0, async || {
                let killed = account.with_held_starts(async || {
                    let turn = stack.begin_update().await?;
                    let run = account.new_run(&known).await?;
                    kill(account, &stack).await?;
                    Ok((turn, run))
                });
                let (turn, run) = killed.await?;
                guarded(account, &stack, 2).await?;
                Ok((turn, run))
            })
            .await?;
        let ended = stack.end_of(turn).await?;
        let ended = ended.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("ArcTags");
        assert!(reason.contains("killed"), "{reason}");
        let run = account.end_of_run(run.name).await?;
        assert_eq!(run.answers(), [false], "{:#}", run.record);
        assert_eq!(answer(account, &run).await?.body["Status"], "FAILED");
        // What was begun for the update that failed is not what stays.
        for instance in &instances {
            let expected = with_value(fleet.four_tags(instance), "first");
            assert_eq!(fleet.tags(instance).await?, expected);
        }
        Ok(())
    })
}
