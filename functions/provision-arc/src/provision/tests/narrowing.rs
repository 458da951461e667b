//! Regions that are taken out, of an account that stays.

use super::*;

const DENIED: &str = "You are not authorized (Error Code: UnauthorizedOperation)";

/// Everything tagged, and the second Region to be taken out.
async fn tagged() -> World {
    let world = world();
    until_done(&world, "r", &apply("true")).await;
    world
}

fn narrow(world: &World, run: &str) -> Provision<World, World, World, World> {
    let mut provision = provision(world, run, remove());
    provision.task.errand = Errand::Narrow;
    provision.task.chosen = BTreeSet::from([FAR.parse().unwrap()]);
    provision
}

fn far(world: &World, change: impl FnOnce(&mut Region)) {
    let name = FAR.parse().unwrap();
    world.change(|state| change(state.regions.get_mut(&name).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn tags_go_in_the_regions_that_are_taken_out_and_stay_in_the_others() {
    let world = tagged().await;
    let outcome = narrow(&world, "n").pass().await.unwrap();
    assert!(outcome.done);
    assert_eq!(
        outcome.counts.instances_seen, 2,
        "the others are not looked at"
    );
    assert!(tags_of(&world, 20).is_empty() && tags_of(&world, 21).is_empty());
    assert_eq!(
        tags_of(&world, 8),
        tags("true")
            .of(&id(8))
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    );
    assert!(!world.state().is_leaving);
}

#[tokio::test(start_paused = true)]
async fn what_refuses_for_good_is_told_and_lets_the_update_pass() {
    let world = tagged().await;
    world.state().failures = vec![Some((DENIED.to_owned(), false)); 2];
    let outcome = narrow(&world, "n").pass().await.unwrap();
    assert!(outcome.done);
    assert!(outcome.counts.instances_failed > 0);

    let world = tagged().await;
    far(&world, |far| far.has_runbooks = false);
    let outcome = narrow(&world, "n").pass().await.unwrap();
    assert_eq!((outcome.done, outcome.regions_failed), (true, 1));
    let report = world.state().reports.last().cloned().unwrap();
    let told = report.regions[0].reason.as_deref();
    assert!(told.is_some_and(|reason| !reason.is_empty()));

    let world = tagged().await;
    far(&world, |far| far.is_disabled = true);
    let outcome = narrow(&world, "n").pass().await.unwrap();
    assert_eq!((outcome.done, outcome.regions_skipped), (true, 1));
}
