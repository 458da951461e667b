//! Requests of `CloudFormation` that a state machine carries out: the
//! signed URL of the answer is kept from it, and a function that dies in the middle is called again.

use std::collections::BTreeMap;
use std::convert::Infallible;

use anyhow::Result;
use integration_tests::{
    Account, Fleet, Instance, Inventory, NewInstance, Outcome, REGIONS, Run, Stack, Tags,
    on_local_cloud,
};
use serde_json::Value;

/// What gives the URL of the answer away.
const MARKS: [&str; 4] = [
    "ResponseURL",
    "custom-resource-response",
    "X-Amz-Signature",
    "/_local_cloud/",
];

/// All runs there are until the stack has settled, as they were last seen.
async fn watched(account: &Account, stack: &Stack<'_>) -> Result<(Outcome, BTreeMap<String, Run>)> {
    let mut seen = BTreeMap::new();
    // Beside each other: an answer about a stack that is being deleted may take its time.
    let ended = tokio::select! {
        ended = stack.settled() => ended?,
        failed = watch(account, &mut seen) => match failed? {},
    };
    Ok((ended, seen))
}

/// The state machine goes with the stack, and its history with it.
async fn watch(account: &Account, seen: &mut BTreeMap<String, Run>) -> Result<Infallible> {
    loop {
        for run in account.runs().await? {
            seen.insert(run.name.clone(), run);
        }
    }
}

fn assert_no_response_url(runs: &BTreeMap<String, Run>) {
    for run in runs.values() {
        let text = run.record.to_string();
        for mark in MARKS {
            assert!(!text.contains(mark), "{mark} in {:#}", run.record);
        }
        // The record is whole, so not to find it says something.
        assert!(text.contains("TaskStateEntered"), "{:#}", run.record);
    }
}

#[test]
fn no_response_url_is_in_a_state_machine_and_none_is_left_in_the_bucket() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        fleet
            .make_many(REGIONS[1], 3, NewInstance::default())
            .await?;
        let mut stack = fleet.stack();
        fleet.deploy(&stack).await?;
        let bucket = stack.physical_id("RunBucket").await?;
        stack.set("ConnectorTagValue", "other");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        account.sweep().await?;

        let listed = account.s3.list_objects_v2().bucket(&bucket).send().await?;
        let keys: Vec<&str> = listed
            .contents()
            .iter()
            .filter_map(|one| one.key())
            .collect();
        assert!(keys.iter().any(|key| key.starts_with("runs/")), "{keys:?}");
        assert!(
            !keys.iter().any(|key| key.starts_with("pending/")),
            "{keys:?}"
        );

        let runs = account
            .with_slow_runbooks(0.5, async || {
                let turn = stack.begin_delete().await?;
                drop(turn);
                let (ended, runs) = watched(account, &stack).await?;
                ended.must_be("DELETE_COMPLETE")?;
                Ok(runs)
            })
            .await?;
        let of = |what: &str| {
            let asked = |run: &&Run| run.input["Operation"] == what;
            runs.values().filter(asked).count()
        };
        assert_eq!((of("Onboard"), of("Offboard")), (4, 1), "{runs:#?}");
        assert_no_response_url(&runs);
        Ok(())
    })
}

/// Kills the function while it follows what it started.
async fn kill_in_the_middle(account: &Account, stack: &Stack<'_>) -> Result<()> {
    account.first_automation().await?;
    let function = stack.physical_id("ProvisionArcFunction").await?;
    account.emulator.kill(&function).await
}

async fn assert_written(account: &Account, action: &str, instances: &[Instance]) -> Result<()> {
    let writes = account.tag_writes().await?;
    let of_action = writes.iter().filter(|one| one.action == action);
    let mut written: Vec<&String> = of_action.flat_map(|one| &one.resources).collect();
    let mut expected: Vec<&String> = instances.iter().map(|one| &one.id).collect();
    written.sort_unstable();
    expected.sort_unstable();
    assert_eq!(written, expected, "each instance once");
    Ok(())
}

#[test]
fn a_create_whose_function_is_killed_in_the_middle_is_continued() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let mut instances = fleet
            .make_many(REGIONS[0], 4, NewInstance::default())
            .await?;
        instances.push(fleet.make(REGIONS[1], NewInstance::default()).await?);
        let stack = fleet.stack().with("MaxConcurrentAutomations", "1");
        let turn = account
            .with_slow_runbooks(1.0, async || {
                let turn = stack.begin_create().await?;
                kill_in_the_middle(account, &stack).await?;
                Ok(turn)
            })
            .await?;
        let made = stack.end_of(turn).await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(made.output("InstancesSeen"), "5");
        assert_written(account, "CreateTags", &instances).await?;
        for instance in &instances {
            assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
        }
        let attributes = account.attributes("ArcTags").await?;
        assert_eq!(
            number(&attributes["InstancesTagged"]),
            Some(5),
            "{attributes}"
        );
        Ok(())
    })
}

#[test]
fn a_delete_whose_function_is_killed_in_the_middle_is_continued_and_leaves_nothing() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let instances = fleet
            .make_many(REGIONS[1], 4, NewInstance::default())
            .await?;
        let before = Inventory::of(account).await?;
        let stack = fleet.stack().with("MaxConcurrentAutomations", "1");
        fleet.deploy(&stack).await?;
        let turn = account
            .with_slow_runbooks(1.0, async || {
                let turn = stack.begin_delete().await?;
                kill_in_the_middle(account, &stack).await?;
                Ok(turn)
            })
            .await?;
        stack.end_of(turn).await?.must_be("DELETE_COMPLETE")?;
        assert_written(account, "DeleteTags", &instances).await?;
        for instance in &instances {
            assert_eq!(fleet.tags(instance).await?, Tags::new());
        }
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

fn number(value: &Value) -> Option<u64> {
    value.to_string().trim_matches('"').parse().ok()
}
