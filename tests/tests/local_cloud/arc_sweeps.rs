//! The daily sweep: what has changed since the last run is repaired, and nothing else is touched.

use anyhow::Result;
use integration_tests::{
    Fleet, Inventory, NewInstance, REGIONS, Run, Tags, instance_of, on_local_cloud,
};

#[test]
fn tags_removed_or_changed_by_hand_are_repaired_by_the_next_sweep() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let new = NewInstance::default();
        let removed = fleet.make(near, new).await?;
        let changed = fleet.make(far, new).await?;
        let untouched = fleet.make(far, new).await?;
        let stack = fleet.stack();
        fleet.deploy(&stack).await?;
        for key in fleet.four_tags(&removed).keys() {
            fleet.untag(&removed, key).await?;
        }
        fleet
            .tag(&changed, "InstanceId", "i-somebody-elses")
            .await?;
        let before = account.tag_writes().await?.len();

        let run = account.sweep().await?;
        assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        assert!(run.input["RequestId"].is_null(), "{:#}", run.input);
        let report = account.report_of(&stack, &run).await?;
        for (instance, outcome) in [
            (&removed, "Tagged"),
            (&changed, "Tagged"),
            (&untouched, "AlreadyRight"),
        ] {
            let told = instance_of(&report, &instance.id);
            assert_eq!(told["Tags"], outcome, "{told:#}");
            assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
        }
        let writes = account.tag_writes().await?.split_off(before);
        let mut written: Vec<String> = writes.into_iter().flat_map(|one| one.resources).collect();
        written.sort_unstable();
        let mut expected = [removed.id.clone(), changed.id.clone()];
        expected.sort_unstable();
        assert_eq!(written, expected);
        Ok(())
    })
}

/// A run that takes longer than the pause between two is joined by the next one, not doubled.
#[test]
fn two_sweeps_at_once_write_each_instance_once() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let stack = fleet.stack();
        fleet.deploy(&stack).await?;
        let instances = fleet
            .make_many(REGIONS[0], 6, NewInstance::default())
            .await?;
        let runs: [Run; 2] = account
            .with_slow_runbooks(0.5, async || {
                let first = account.fire_sweep().await?;
                account.first_automation().await?;
                let second = account.fire_sweep().await?;
                Ok([
                    account.end_of_run(first).await?,
                    account.end_of_run(second).await?,
                ])
            })
            .await?;
        for run in &runs {
            assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        }
        let writes = account.tag_writes().await?;
        let written: Vec<&str> = writes
            .iter()
            .flat_map(|one| &one.resources)
            .map(String::as_str)
            .collect();
        assert_eq!(written.len(), instances.len(), "{written:?}");
        for instance in &instances {
            assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
        }
        Ok(())
    })
}

/// What a sweep has started ends before the tags are taken away, so none comes back afterwards.
#[test]
fn a_delete_in_the_middle_of_a_sweep_leaves_no_tags() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let before = Inventory::of(account).await?;
        let stack = fleet.stack().with("MaxConcurrentAutomations", "1");
        fleet.deploy(&stack).await?;
        let new = NewInstance::default();
        let instances = fleet.make_many(REGIONS[1], 4, new).await?;
        let turn = account
            .with_slow_runbooks(0.5, async || {
                account.fire_sweep().await?;
                account.first_automation().await?;
                stack.begin_delete().await
            })
            .await?;
        stack.end_of(turn).await?.must_be("DELETE_COMPLETE")?;
        for instance in &instances {
            assert_eq!(fleet.tags(instance).await?, Tags::new(), "{instance:?}");
        }
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}
