//! Lists over the real clients, for an organization in memory.

use onboarding::AccountId;
use serde_json::{Value, json};

use crate::world::World;
use crate::world::organization::account_id;
use crate::world::wanted::{wanted, without_tags};

mod crash_points;
mod narrow;
mod refusals;

const IN: &str = "ou-a1b2-11112222";
const OUT: &str = "ou-a1b2-99998888";
const SWEEP: &str = r#"{"Operation": "Onboard", "Scope": "Organization"}"#;

/// Three accounts in scope, one that is suspended, one out of scope.
fn world() -> World {
    let world = World::new();
    let mut state = world.aws.state();
    for number in 1..=4 {
        state.organization.join(&account_id(number), Some(IN));
    }
    let suspended = state.organization.accounts.get_mut(&account_id(4)).unwrap();
    suspended.state = "SUSPENDED";
    suspended.name = "=cmd()".to_owned();
    state.organization.join(&account_id(9), Some(OUT));
    state.wanted = Some(wanted(IN).to_string());
    drop(state);
    world
}

fn asked(text: &str, more: &Value) -> Value {
    let mut asked: Value = serde_json::from_str(text).unwrap();
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    asked
}

async fn list(world: &World, more: &Value) -> Value {
    let listed = world.machine().list("r", &asked(SWEEP, more)).await;
    listed.unwrap()
}

/// Account, action and Arc of each entry.
fn entries(world: &World) -> Vec<(u64, String, String)> {
    let entries = world.object("runs/r/accounts.json");
    let entries = entries.as_array().unwrap().iter();
    let mut shown: Vec<(u64, String, String)> = entries
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            (
                text("AccountId").parse().unwrap(),
                text("Action"),
                text("Arc"),
            )
        })
        .collect();
    shown.sort();
    shown
}

fn entry(account: u64, action: &str, arc: &str) -> (u64, String, String) {
    (account, action.to_owned(), arc.to_owned())
}

fn skipped(world: &World) -> Vec<(u64, String)> {
    let skipped = world.object("runs/r/skipped.json");
    let skipped = skipped.as_array().unwrap().iter();
    let mut shown: Vec<(u64, String)> = skipped
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            (text("AccountId").parse().unwrap(), text("Reason"))
        })
        .collect();
    shown.sort();
    shown
}

fn id(account: u64) -> AccountId {
    account_id(usize::try_from(account).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_sweep_is_over_all_accounts_in_scope_and_the_stacks_own() {
    let world = world();
    let listed = list(&world, &json!({})).await;
    assert_eq!(
        listed,
        json!({"Bucket": "defender-runs", "Key": "runs/r/accounts.json", "Count": 4,
            "MaxConcurrency": 10, "SkippedCount": 2})
    );
    let onboard = |account| entry(account, "Onboard", "Onboard");
    assert_eq!(
        entries(&world),
        [onboard(1), onboard(2), onboard(3), onboard(111_122_223_333)]
    );
    assert_eq!(
        skipped(&world),
        [(4, "Suspended".to_owned()), (9, "OutOfScope".to_owned())]
    );
    let names = world.object("runs/r/skipped.json").to_string();
    assert!(!names.contains("\"=cmd"), "{names}");
    let kept = world.object("runs/r/wanted-state.json");
    assert_eq!(kept["Organization"]["OrganizationalUnitIds"], IN);
    let actions = world.aws.take_actions();
    assert_eq!((actions["ListAccounts"], world.azure.state().lists), (1, 1));
    assert_eq!(actions.get("ListRoots"), None, "the units say it");
}

#[tokio::test(start_paused = true)]
async fn without_units_the_root_is_kept_for_the_stacks_of_members() {
    let world = world();
    world.aws.state().wanted = Some(without_tags("").to_string());
    list(&world, &json!({})).await;
    let kept = world.object("runs/r/wanted-state.json");
    assert_eq!(kept["Organization"]["OrganizationalUnitIds"], "r-a1b2");
    assert!(entries(&world).iter().all(|(_, _, arc)| arc == "None"));
    assert_eq!(
        world.aws.take_actions().get("ListRoots"),
        None,
        "an account's path has it"
    );
}

#[tokio::test(start_paused = true)]
async fn the_accounts_of_events_are_asked_for_one_by_one() {
    let world = world();
    world.azure.write(&account_id(7));
    let departed = list(&world, &json!({"AccountIds": [id(2), id(7), id(8), id(9)]})).await;
    assert_eq!(
        (&departed["Count"], &departed["SkippedCount"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        entries(&world),
        [
            entry(2, "Onboard", "Onboard"),
            entry(7, "RemoveConnector", "None")
        ]
    );
    let actions = world.aws.take_actions();
    assert_eq!(actions["DescribeAccount"], 4);
    assert_eq!(actions.get("ListAccounts"), None);
    assert!(world.keys().contains(&format!("leaving/{}", account_id(7))));
}

#[tokio::test(start_paused = true)]
async fn many_accounts_are_looked_for_in_the_whole_list() {
    let world = world();
    let many: Vec<AccountId> = (1..=201).map(account_id).collect();
    let listed = list(&world, &json!({"AccountIds": many})).await;
    assert_eq!(listed["Count"], 3);
    let actions = world.aws.take_actions();
    assert_eq!(actions["ListAccounts"], 1);
    assert_eq!(actions.get("DescribeAccount"), None);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_is_over_the_accounts_that_failed() {
    let world = world();
    let report = json!({"Accounts": [
        {"AccountId": id(1), "Outcome": "Connected"}, {"AccountId": id(3), "Outcome": "Failed"},
    ]});
    world
        .aws
        .bucket
        .put("runs/before/report.json", report.to_string());
    list(&world, &json!({"Redrive": "before"})).await;
    assert_eq!(entries(&world), [entry(3, "Onboard", "Onboard")]);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_to_go_is_marked_before_and_whoever_stays_is_not() {
    let world = world();
    world.azure.write(&account_id(9));
    for marked in [1, 5] {
        world
            .aws
            .bucket
            .put(&format!("leaving/{}", account_id(marked)), "{}");
    }
    list(&world, &json!({})).await;
    assert!(entries(&world).contains(&entry(9, "Offboard", "Offboard")));
    let marks: Vec<String> = world
        .keys()
        .into_iter()
        .filter(|key| key.starts_with("leaving/"))
        .collect();
    // 5 is not in the organization any more, and has no connector.
    assert_eq!(marks, [format!("leaving/{}", account_id(9))]);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_a_list_missed_keeps_its_connector() {
    let world = world();
    world.azure.write(&account_id(2));
    world.azure.write(&account_id(6));
    world
        .aws
        .state()
        .organization
        .unlisted
        .insert(account_id(2));
    list(&world, &json!({})).await;
    let found = entries(&world);
    assert!(found.contains(&entry(2, "Onboard", "Onboard")), "{found:?}");
    assert!(
        found.contains(&entry(6, "RemoveConnector", "None")),
        "{found:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_update_changes_meanwhile_is_listed_anew() {
    let world = world();
    let list = json!({"Operation": "ListAccounts", "RunId": "r", "Intent": "Onboard"});
    let listed = Box::pin(world.event(&list));
    let changed = async {
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        world.aws.state().wanted = Some(wanted(OUT).to_string());
    };
    let (listed, ()) = tokio::join!(listed, changed);
    assert_eq!(listed.unwrap_err().error_type, "Transient");
    assert!(world.keys().is_empty(), "{:?}", world.keys());
}

#[tokio::test(start_paused = true)]
async fn as_many_are_worked_on_at_once_as_azure_takes_writes_of() {
    let put = |milliseconds| json!({"RunId": "x", "PutMilliseconds": milliseconds, "Puts": 9});
    let whole = json!({"RunId": "x", "PutMilliseconds": 900, "AccountMilliseconds": 61_000,
        "Puts": 9});
    for (members, state, last, at_once, last_turn) in [
        // Nothing is measured yet: as wide as the organization is large.
        (150, without_tags(IN), None, 10, None),
        // Of more, half of what Azure takes at once need not wait.
        (400, without_tags(IN), None, 900, Some(31)),
        // Azure takes the writes of so few at once.
        (150, without_tags(IN), Some(put(200)), 10, None),
        // Writes of 35 seconds each.
        (400, without_tags(IN), Some(put(35_000)), 525, Some(31)),
        // Instances are tagged, too: Systems Manager takes longer than Azure.
        (400, wanted(IN), Some(put(900)), 300, Some(31)),
        (400, wanted(IN), Some(whole), 915, Some(31)),
    ] {
        let world = World::new();
        for number in 1..=members {
            let id = account_id(number);
            world.aws.state().organization.join(&id, Some(IN));
        }
        world.aws.state().wanted = Some(state.to_string());
        if let Some(last) = &last {
            world.aws.bucket.put("runs/last.json", last.to_string());
        }
        let listed = list(&world, &json!({})).await;
        assert_eq!(listed["MaxConcurrency"], at_once, "{members} {last:?}");
        let entries = world.object("runs/r/accounts.json");
        let turns = entries.as_array().unwrap().iter();
        let turns: Vec<u64> = turns
            .filter_map(|one| one["NotBeforeEpochSeconds"].as_u64())
            .collect();
        let began = world.object("runs/r/run.json")["Began"].as_u64().unwrap() / 1_000;
        // The second may have passed between the one and the other.
        let last_turn_seen = turns.iter().max().map(|turn| turn.saturating_sub(began));
        let expected = [last_turn, last_turn.map(|turn| turn - 1)];
        assert!(
            expected.contains(&last_turn_seen),
            "{members} {last:?} {last_turn_seen:?}"
        );
        if last_turn.is_some() {
            assert_eq!(turns.len(), members + 1 - 100, "{members} {last:?}");
        }
    }
}
