//! What else is under way in the account: events, other runs, a delete.

use onboarding::arc::{ExecutionId, Runbook};
use tokio::time::sleep;

use super::super::world::Execution;
use super::*;

/// As an event rule starts it.
fn started_by_event(world: &World, number: u32, takes: Duration) {
    let values = provision(world, "event", apply("true"))
        .task
        .tag_parameters();
    let execution = Execution {
        id: ExecutionId::seen(format!("event-{number}")),
        batch: None,
        runbook: Runbook::ApplyTags,
        instance: id(number),
        values,
        ends: Instant::now() + takes,
        failure: None,
        is_applied: false,
    };
    near(world, |near| near.executions.push(execution));
}

#[tokio::test(start_paused = true)]
async fn what_an_event_has_started_is_not_started_again() {
    let world = world();
    for number in [1, 2] {
        started_by_event(&world, number, Duration::from_secs(40));
    }
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(writes(&world), each_once(&WRONG));
    assert_eq!(outcome.counts.instances_tagged, 9);
}

#[tokio::test(start_paused = true)]
async fn what_ends_while_it_is_looked_is_not_started_again() {
    // One of these ends between the two looks, whichever calls these are.
    for half_seconds in (1..24).step_by(2) {
        let world = world();
        world.change(|state| state.latency = Duration::from_secs(1));
        let ends = Duration::from_millis(500 * half_seconds);
        started_by_event(&world, 1, ends);
        let outcome = until_done(&world, "r", &apply("true")).await;
        assert_eq!(writes(&world), each_once(&WRONG), "ended after {ends:?}");
        assert_eq!(outcome.counts.instances_failed, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_run_joins_the_first() {
    let world = world();
    let goal = apply("true");
    let first = until_done(&world, "a", &goal);
    let second = async {
        sleep(Duration::from_secs(3)).await;
        until_done(&world, "b", &goal).await
    };
    tokio::join!(first, second);
    assert_eq!(writes(&world), each_once(&WRONG));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_put_in_while_a_delete_takes_out_and_nothing_out_without_one() {
    let world = world();
    world.state().is_leaving = true;
    let error = provision(&world, "r", apply("true"))
        .pass()
        .await
        .unwrap_err();
    assert_eq!(error.name(), "Conflict");
    world.state().is_leaving = false;
    let error = provision(&world, "r", remove()).pass().await.unwrap_err();
    assert_eq!(error.name(), "Invalid");
    assert_eq!(world.starts(), 0);

    // A sweep that has begun stops where it is.
    let sweep = provision(&world, "r", apply("true"));
    let (outcome, ()) = tokio::join!(sweep.pass(), async {
        sleep(Duration::from_secs(2)).await;
        world.state().is_leaving = true;
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.done, outcome.regions_failed), (true, 1));
    assert!(writes(&world).len() < WRONG.len());
}
