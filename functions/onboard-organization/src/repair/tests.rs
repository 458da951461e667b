//! Stacks of one account, over the real client.

use serde_json::{Value, json};

use crate::world::World;
use crate::world::organization::account_id;
use crate::world::stack_sets::Instance;
use crate::world::wanted::{wanted, without_tags};

const UNIT: &str = "ou-a1b2-11112222";
const ACCESS: &str = "DefenderConnector-Members-Access";
const ACCOUNT: &str = "DefenderConnector-Members-Account";
const REGION: &str = "DefenderConnector-Members-Region";
const CURRENT: (&str, &str) = ("CURRENT", "SUCCEEDED");
const FAILED: (&str, &str) = ("OUTDATED", "FAILED");

fn world(state: &Value) -> World {
    let world = World::new();
    world
        .aws
        .bucket
        .put("runs/r/wanted-state.json", state.to_string());
    for stack_set in [ACCESS, ACCOUNT, REGION] {
        put(
            &world,
            stack_set,
            &[("eu-west-1", CURRENT), ("us-east-1", CURRENT)],
        );
    }
    world
}

fn put(world: &World, stack_set: &str, instances: &[(&'static str, (&'static str, &'static str))]) {
    let instances = instances.iter().map(|(region, status)| Instance {
        region,
        status: *status,
        last_operation: "op-0".to_owned(),
    });
    let key = (stack_set.to_owned(), account_id(1).to_string());
    world
        .aws
        .state()
        .stack_sets
        .instances
        .insert(key, instances.collect());
}

fn end_all(world: &World, status: &'static str) {
    for state in world.aws.state().stack_sets.operations.values_mut() {
        *state = status;
    }
}

async fn repaired_in(world: &World, account: &str) -> Value {
    let event = json!({"Operation": "RepairStackInstances", "AccountId": account, "RunId": "r"});
    world.event(&event).await.unwrap()
}

async fn repaired(world: &World) -> Value {
    repaired_in(world, account_id(1).as_str()).await
}

/// Stack set, Regions and targets of what was to be made.
fn made(world: &World) -> Vec<(String, Vec<String>, Vec<String>)> {
    let made = std::mem::take(&mut world.aws.state().stack_sets.made);
    let own = account_id(1).to_string();
    let shown = made
        .into_iter()
        .map(|(stack_set, account, regions, targets)| {
            assert_eq!(account, own);
            (stack_set, regions, targets)
        });
    shown.collect()
}

#[tokio::test(start_paused = true)]
async fn where_all_is_current_there_is_nothing_to_do() {
    let world = world(&wanted(UNIT));
    assert_eq!(
        repaired(&world).await,
        json!({"Done": true, "Operations": [], "Stuck": []})
    );
    assert!(made(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_failed_or_is_missing_is_made_once_and_waited_for() {
    let world = world(&wanted(UNIT));
    put(
        &world,
        ACCOUNT,
        &[("eu-west-1", FAILED), ("us-east-1", FAILED)],
    );
    put(&world, REGION, &[("us-east-1", CURRENT)]);
    let first = repaired(&world).await;
    assert_eq!(first["Done"], false);
    let of = |stack_set: &str| {
        (
            stack_set.to_owned(),
            vec!["eu-west-1".to_owned()],
            vec![UNIT.to_owned()],
        )
    };
    assert_eq!(
        made(&world),
        [of(ACCOUNT), of(REGION)],
        "roles are in one Region only"
    );
    assert_eq!(repaired(&world).await, first, "they are under way");
    assert!(made(&world).is_empty());
    end_all(&world, "SUCCEEDED");
    put(&world, ACCOUNT, &[("eu-west-1", CURRENT)]);
    put(
        &world,
        REGION,
        &[("us-east-1", CURRENT), ("eu-west-1", CURRENT)],
    );
    assert_eq!(repaired(&world).await["Done"], true);
    let actions = world.aws.take_actions();
    assert_eq!(actions["ListRegions"], 1, "asked for once");
}

#[tokio::test(start_paused = true)]
async fn what_fails_twice_is_left_to_a_person() {
    let world = world(&wanted(UNIT));
    put(&world, ACCOUNT, &[("eu-west-1", FAILED)]);
    for _ in 0..2 {
        assert_eq!(repaired(&world).await["Done"], false);
        end_all(&world, "FAILED");
    }
    assert_eq!(made(&world).len(), 2);
    let given_up = repaired(&world).await;
    let stuck = json!([{"StackSet": ACCOUNT, "Region": "eu-west-1", "Reason": "because"}]);
    assert_eq!(
        given_up,
        json!({"Done": true, "Operations": [], "Stuck": stuck})
    );
    assert!(made(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_waits_is_waited_for_as_long_as_its_operation_is_under_way() {
    let world = world(&wanted(UNIT));
    put(&world, ACCESS, &[("eu-west-1", ("OUTDATED", "PENDING"))]);
    let key = (ACCESS.to_owned(), "op-0".to_owned());
    world
        .aws
        .state()
        .stack_sets
        .operations
        .insert(key.clone(), "RUNNING");
    assert_eq!(repaired(&world).await["Done"], false);
    assert!(made(&world).is_empty());
    // It has ended, or is so long ago that nobody knows of it.
    for ended in [true, false] {
        if ended {
            end_all(&world, "STOPPED");
        } else {
            world.aws.state().stack_sets.operations.clear();
        }
        assert_eq!(repaired(&world).await["Done"], false);
        assert_eq!(made(&world).len(), 1, "{ended}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_tags_there_are_no_runbooks_and_chosen_regions_count() {
    let world_without = world(&without_tags(UNIT));
    put(&world_without, REGION, &[]);
    assert_eq!(repaired(&world_without).await["Done"], true);
    let mut chosen = wanted(UNIT);
    chosen["Organization"]["Regions"] = json!("af-south-1");
    let world = world(&chosen);
    repaired(&world).await;
    assert_eq!(made(&world)[0].1, ["af-south-1"]);
}

#[tokio::test(start_paused = true)]
async fn the_stacks_own_account_is_not_reached_and_an_unknown_run_is_refused() {
    let world = world(&wanted(UNIT));
    assert_eq!(repaired_in(&world, crate::world::OWN).await["Done"], true);
    let event =
        json!({"Operation": "RepairStackInstances", "AccountId": account_id(1), "RunId": "x"});
    assert_eq!(world.event(&event).await.unwrap_err().error_type, "Invalid");
    let actions = world.aws.take_actions();
    assert_eq!(actions.get("ListStackInstances"), None);
}
