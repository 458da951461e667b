//! Runs over the real clients that find stacks in accounts that are excluded.

use serde_json::{Value, json};

use crate::world::stack_sets::Instance;
use crate::world::wanted::wanted;
use crate::world::{World, organization::account_id};

const UNIT: &str = "ou-a1b2-11112222";
const SETS: [&str; 3] = ["Access", "Account", "Region"];

fn set(kind: &str) -> String {
    format!("DefenderConnector-Members-{kind}")
}

/// Account 8 is excluded and in the unit, account 9 is excluded and has left the organization.
fn state() -> Value {
    let mut state = wanted(UNIT);
    state["Organization"]["ExcludedAccountIds"] =
        json!(format!("{},{}", account_id(8), account_id(9)));
    state
}

fn world(intent: &str) -> World {
    let world = World::new();
    let put = |name: &str, body: Value| {
        let key = format!("runs/r/{name}.json");
        world.aws.bucket.put(&key, body.to_string());
    };
    put("run", json!({"Intent": intent, "Began": 1}));
    put("wanted-state", state());
    put("accounts", json!([]));
    put(
        "skipped",
        json!([{"AccountId": account_id(8), "Name": "eight", "Reason": "Excluded"}]),
    );
    world.aws.state().wanted = Some(state().to_string());
    world
}

/// What automatic deployments put there.
fn deploy(world: &World, account: usize) {
    let mut aws = world.aws.state();
    for kind in SETS {
        let instance = Instance {
            region: "eu-west-1",
            status: ("CURRENT", "SUCCEEDED"),
            last_operation: "op-auto".to_owned(),
        };
        let key = (set(kind), account_id(account).to_string());
        aws.stack_sets.instances.insert(key, vec![instance]);
    }
}

async fn report(world: &World, intent: &str) -> Result<Value, (String, String)> {
    let event = json!({"Operation": "Report", "RunId": "r", "Intent": intent});
    let ended = world.event(&event).await;
    ended.map_err(|error| (error.error_type, error.error_message))
}

/// Stack sets, account and targets of what was removed.
fn removed(world: &World) -> Vec<(String, String, Vec<String>)> {
    let aws = world.aws.state();
    let mut removed: Vec<_> = aws
        .stack_sets
        .removed
        .iter()
        .map(|(set, account, regions, targets)| {
            assert_eq!(regions, &["eu-west-1"]);
            (set.clone(), account.clone(), targets.clone())
        })
        .collect();
    removed.sort();
    removed
}

fn all_of(account: usize) -> Vec<(String, String, Vec<String>)> {
    let of_set = |kind| {
        (
            set(kind),
            account_id(account).to_string(),
            vec![UNIT.to_owned()],
        )
    };
    SETS.into_iter().map(of_set).collect()
}

#[tokio::test(start_paused = true)]
async fn a_run_has_the_stacks_of_an_excluded_account_removed_and_says_so() {
    let world = world("Onboard");
    deploy(&world, 8);
    deploy(&world, 1);
    report(&world, "Onboard").await.unwrap();
    assert_eq!(removed(&world), all_of(8));
    let strays = &world.object("runs/r/report.json")["StrayStacks"];
    assert_eq!(strays.as_array().unwrap().len(), 3, "{strays:#}");
    assert_eq!(strays[0]["AccountId"], account_id(8).as_str());
    assert_eq!(strays[0]["StackSet"], set("Region"));
    assert_eq!(strays[0]["Regions"], json!(["eu-west-1"]));
    assert!(strays[0]["Operation"].is_string());
    // Begun anew it is the same.
    report(&world, "Onboard").await.unwrap();
    assert_eq!(removed(&world), all_of(8));
}

#[tokio::test(start_paused = true)]
async fn without_stacks_or_excluded_accounts_little_or_nothing_is_asked() {
    let world = world("Onboard");
    report(&world, "Onboard").await.unwrap();
    let actions = world.aws.take_actions();
    assert_eq!(actions["ListStackInstances"], 3);
    assert!(removed(&world).is_empty());
    world.aws.bucket.put("runs/r/skipped.json", "[]");
    report(&world, "Onboard").await.unwrap();
    let actions = world.aws.take_actions();
    assert!(
        actions.keys().all(|action| action.starts_with("s3:")),
        "{actions:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_that_an_update_has_taken_in_meanwhile_keeps_its_stacks() {
    let world = world("Onboard");
    deploy(&world, 8);
    for now in [Some(wanted(UNIT).to_string()), None] {
        world.aws.state().wanted = now;
        report(&world, "Onboard").await.unwrap();
        assert!(removed(&world).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_way_fails_no_run() {
    let world = world("Onboard");
    deploy(&world, 8);
    world.aws.state().refused = Some(("DeleteStackInstances", "OperationInProgressException"));
    report(&world, "Onboard").await.unwrap();
    assert_eq!(world.object("runs/r/report.json")["StrayStacks"], json!([]));
    world.aws.state().refused = None;
    report(&world, "Onboard").await.unwrap();
    assert_eq!(removed(&world), all_of(8));
}

#[tokio::test(start_paused = true)]
async fn a_delete_waits_until_every_excluded_account_is_free() {
    let world = world("Offboard");
    deploy(&world, 9);
    world.aws.state().stack_sets.looks = Some(12);
    report(&world, "Offboard").await.unwrap();
    assert_eq!(removed(&world), all_of(9));
    assert!(world.aws.state().stack_sets.instances.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_takes_too_long_is_tried_again_and_says_what_it_waits_for() {
    let world = world("Offboard");
    deploy(&world, 8);
    let (kind, why) = report(&world, "Offboard").await.unwrap_err();
    assert_eq!(kind, "Transient");
    assert_eq!(
        why,
        "the stacks are not removed yet: AWS account 000000000008 is excluded and still has stacks \
         of the stack set DefenderConnector-Members-Region in eu-west-1"
    );
    // What is there is begun once.
    assert_eq!(removed(&world), all_of(8));
    assert!(world.keys().contains(&"runs/r/report.json".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_delete_gives_up_on_what_two_operations_did_not_remove() {
    let world = world("Offboard");
    deploy(&world, 8);
    let (kind, _) = report(&world, "Offboard").await.unwrap_err();
    assert_eq!(kind, "Transient");
    for _ in 0..2 {
        world.aws.state().stack_sets.end("FAILED");
        let _ = report(&world, "Offboard").await;
    }
    let (kind, why) = report(&world, "Offboard").await.unwrap_err();
    assert_eq!(kind, "Conflict");
    assert_eq!(
        why,
        "AWS account 000000000008 is excluded and still has stacks of the stack set \
         DefenderConnector-Members-Region in eu-west-1, which two operations did not remove: \
         because"
    );
    assert_eq!(removed(&world).len(), 6);
}
