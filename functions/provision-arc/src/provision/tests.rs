//! Passes over a small world.

use std::time::Duration;

use onboarding::arc::host_management::HostManagement;
use onboarding::arc::machine::Repair;
use onboarding::arc::{Goal, InstanceId, InstanceState, TagOutcome, TagValue, WantedTags};
use onboarding::{AccountId, ExclusionTags};

use super::world::{Region, World, instance};
use super::*;

mod company;
mod crash_points;
mod faults;
mod hosts;
mod machines;
mod narrowing;

const NEAR: &str = "eu-west-1";
const FAR: &str = "us-east-1";

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn id(number: u32) -> InstanceId {
    format!("i-{number:08x}").parse().unwrap()
}

fn tags(connector: &str) -> WantedTags {
    WantedTags {
        account: account(),
        cloud: TagValue::default_cloud(),
        connector: connector.parse().unwrap(),
    }
}

fn apply(connector: &str) -> Goal {
    let exclusion: ExclusionTags = serde_json::from_value("Arc=off".into()).unwrap();
    Goal::Apply(tags(connector), exclusion)
}

fn remove() -> Goal {
    Goal::Remove(tags("true"))
}

/// One Region with seven instances that are wrong, one that is right, one that is excluded, and
/// another Region with two.
fn world() -> World {
    let world = World::default();
    let right = tags("true");
    let mut near = Region {
        has_runbooks: true,
        ..Region::default()
    };
    for number in 1..=7 {
        let wrong = [("Name", "web"), ("Cloud", "GCP")];
        near.instances
            .insert(id(number), instance(&id(number), &wrong));
    }
    near.instances
        .insert(id(8), instance(&id(8), &right.of(&id(8))));
    near.instances
        .insert(id(9), instance(&id(9), &[("Arc", "off")]));
    let mut far = Region {
        has_runbooks: true,
        ..Region::default()
    };
    for number in [20, 21] {
        far.instances.insert(id(number), instance(&id(number), &[]));
    }
    let mut state = world.state();
    state.regions.insert(NEAR.parse().unwrap(), near);
    state.regions.insert(FAR.parse().unwrap(), far);
    drop(state);
    world
}

fn provision(world: &World, run: &str, goal: Goal) -> Provision<World, World, World, World> {
    Provision {
        task: Task {
            account: account(),
            partition: "aws".parse().unwrap(),
            run: run.parse().unwrap(),
            reach: Reach::OwnAccount,
            errand: match goal {
                Goal::Apply(..) => Errand::Onboard,
                Goal::Remove(_) => Errand::Offboard,
            },
            goal,
            chosen: BTreeSet::new(),
            host_management: HostManagement::None,
            repair: Repair::Off,
            at_once: 2,
            largest_batch: 3,
            until: Instant::now() + Duration::from_mins(14),
        },
        regions: world.clone(),
        profiles: world.clone(),
        records: world.clone(),
        machines: world.clone(),
    }
}

/// Calls the function until it is done, as the state machine does.
async fn until_done(world: &World, run: &str, goal: &Goal) -> Outcome {
    for _ in 0..9 {
        let provision = provision(world, run, goal.clone());
        let outcome = tokio::select! {
            outcome = provision.pass() => outcome,
            () = world.stopped() => continue,
        };
        match outcome {
            Ok(outcome) if outcome.done => return outcome,
            Ok(_) => {}
            Err(error) => assert_eq!(error.name(), "Transient", "{error}"),
        }
    }
    panic!("it comes to no end")
}

fn writes(world: &World) -> Vec<(InstanceId, usize)> {
    let state = world.state();
    let all = state.regions.values().flat_map(|region| &region.writes);
    all.map(|(id, count)| (id.clone(), *count)).collect()
}

fn each_once(numbers: &[u32]) -> Vec<(InstanceId, usize)> {
    numbers.iter().map(|number| (id(*number), 1)).collect()
}

const WRONG: [u32; 9] = [1, 2, 3, 4, 5, 6, 7, 20, 21];

fn near(world: &World, change: impl FnOnce(&mut Region)) {
    let name = NEAR.parse().unwrap();
    world.change(|state| change(state.regions.get_mut(&name).unwrap()));
}

fn tags_of(world: &World, number: u32) -> BTreeMap<String, String> {
    let state = world.state();
    let mut regions = state.regions.values();
    let found = regions.find_map(|region| region.instances.get(&id(number)));
    found.unwrap().tags.clone()
}

#[tokio::test(start_paused = true)]
async fn exactly_the_wrong_instances_are_written_and_everything_is_counted() {
    let world = world();
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(writes(&world), each_once(&WRONG));
    let counts = outcome.counts;
    assert_eq!(
        (
            counts.instances_seen,
            counts.instances_tagged,
            counts.instances_already_right
        ),
        (11, 9, 1)
    );
    assert_eq!((counts.instances_excluded, counts.instances_failed), (1, 0));
    let expected = tags("true")
        .of(&id(1))
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut expected = BTreeMap::from(expected);
    expected.insert("Name".to_owned(), "web".to_owned());
    assert_eq!(tags_of(&world, 1), expected);
    let report = &world.state().reports[0];
    let first = &report.regions[0].instances[0];
    assert_eq!(
        (&first.instance_id, first.tags),
        (&id(1), TagOutcome::Tagged)
    );
    assert_eq!(
        first.replaced,
        BTreeMap::from([("Cloud".to_owned(), "GCP".to_owned())])
    );
    assert!(first.execution_id.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_converged_fleet_costs_reads_only() {
    let world = world();
    until_done(&world, "r", &apply("true")).await;
    let starts = world.starts();
    let records = world.state().records.len();
    world.take_calls();
    let outcome = until_done(&world, "s", &apply("true")).await;
    assert_eq!(
        (
            outcome.counts.instances_already_right,
            outcome.counts.instances_tagged
        ),
        (10, 0)
    );
    assert_eq!(
        (world.starts(), writes(&world)),
        (starts, each_once(&WRONG))
    );
    // For each Region: record, executions, instances, nodes, setting, record; one for profiles,
    // Regions, marker, Arc machines, report.
    assert_eq!(world.take_calls(), 2 * 6 + 5);
    assert_eq!(world.state().records.len(), records + 2);
}

#[tokio::test(start_paused = true)]
async fn the_way_back_leaves_what_others_wrote() {
    let world = world();
    until_done(&world, "r", &apply("true")).await;
    near(&world, |near| {
        let changed = near.instances.get_mut(&id(1)).unwrap();
        changed.tags.insert("Cloud".to_owned(), "mine".to_owned());
    });
    world.change(|state| state.is_leaving = true);
    let outcome = until_done(&world, "d", &remove()).await;
    assert_eq!(outcome.counts.instances_untagged, 10);
    let left: Vec<(String, String)> = tags_of(&world, 1).into_iter().collect();
    let owned = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(left, [owned("Cloud", "mine"), owned("Name", "web")]);
    assert_eq!(tags_of(&world, 9).len(), 1, "excluded, and never ours");
}

#[tokio::test(start_paused = true)]
async fn another_value_retags_all_and_back_again() {
    let world = world();
    until_done(&world, "r", &apply("true")).await;
    for (run, value) in [("s", "other"), ("t", "true")] {
        let outcome = until_done(&world, run, &apply(value)).await;
        assert_eq!(outcome.counts.instances_tagged, 10);
        assert_eq!(tags_of(&world, 1)["MDFCSecurityConnector"], value);
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_in_one_invocation_is_continued_and_counted_as_one_run() {
    let world = world();
    let mut invocations = 0;
    let outcome = loop {
        let mut provision = provision(&world, "r", apply("true"));
        provision.task.at_once = 1;
        provision.task.until = Instant::now() + Duration::from_secs(12);
        invocations += 1;
        let outcome = provision.pass().await.unwrap();
        if outcome.done {
            break outcome;
        }
        assert!(outcome.counts.instances_pending > 0, "{outcome:?}");
        assert_eq!(outcome.counts.instances_failed, 0);
    };
    assert!(invocations > 2);
    assert_eq!(writes(&world), each_once(&WRONG));
    assert_eq!(outcome.counts.instances_tagged, 9);
}

#[tokio::test(start_paused = true)]
async fn chosen_regions_are_the_limit_and_those_not_enabled_are_skipped() {
    let world = world();
    let mut provision = provision(&world, "r", apply("true"));
    provision.task.chosen = [FAR, "me-south-1"].map(|name| name.parse().unwrap()).into();
    let outcome = provision.pass().await.unwrap();
    assert_eq!(writes(&world), each_once(&[20, 21]));
    assert_eq!((outcome.regions_skipped, outcome.regions_failed), (1, 0));
    let state = world.state();
    let skipped = &state.reports[0].regions[1];
    assert_eq!(skipped.region.as_str(), "me-south-1");
    assert_eq!(skipped.outcome, RegionOutcome::Skipped);
}

#[tokio::test(start_paused = true)]
async fn stopped_instances_are_tagged_and_gone_ones_are_not() {
    let world = world();
    near(&world, |near| {
        near.instances.get_mut(&id(1)).unwrap().state = InstanceState::Stopped;
        near.instances.get_mut(&id(2)).unwrap().state = InstanceState::ShuttingDown;
    });
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(writes(&world), each_once(&[1, 3, 4, 5, 6, 7, 20, 21]));
    assert_eq!(outcome.counts.instances_seen, 10);
}
