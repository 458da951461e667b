//! What AWS refuses, for an instance, a Region or all.

use super::*;

const GONE: &str = "The instance ID 'i-1' does not exist (Error Code: InvalidInstanceID.NotFound)";
const DENIED: &str = "You are not authorized (Error Code: UnauthorizedOperation)";

fn failures_of(world: &World) -> Vec<(InstanceId, TagOutcome, String)> {
    let state = world.state();
    let instances = state.reports.last().unwrap().regions.iter();
    let instances = instances.flat_map(|region| &region.instances);
    let told = instances.filter(|one| one.failure.is_some() || one.tags == TagOutcome::Gone);
    told.map(|one| {
        let reason = one
            .failure
            .clone()
            .map(|why| why.reason)
            .unwrap_or_default();
        (one.instance_id.clone(), one.tags, reason)
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn random_failures_are_tried_again_whether_they_wrote_or_not() {
    for after in [false, true] {
        let world = world();
        let broken = Some(("Internal Server Error.".to_owned(), after));
        world.state().failures = vec![None, broken.clone(), broken, None, None];
        let outcome = until_done(&world, "r", &apply("true")).await;
        assert_eq!(writes(&world), each_once(&WRONG));
        assert_eq!(
            (
                outcome.counts.instances_tagged,
                outcome.counts.instances_failed
            ),
            (9, 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_again_and_again_is_given_up_for_this_run_and_told() {
    let world = world();
    near(&world, |near| near.instances.retain(|one, _| *one == id(1)));
    world.state().regions.remove(&FAR.parse().unwrap());
    world.state().failures = vec![Some(("Internal Server Error.".to_owned(), false)); 3];
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(outcome.counts.instances_failed, 1);
    assert_eq!(world.starts(), 3);
    let told = failures_of(&world);
    assert_eq!(
        told,
        [(
            id(1),
            TagOutcome::Failed,
            "Internal Server Error.".to_owned()
        )]
    );
    let outcome = until_done(&world, "s", &apply("true")).await;
    assert_eq!(
        outcome.counts.instances_tagged, 1,
        "the next run tries again"
    );
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_gone_by_its_turn_is_no_failure() {
    let world = world();
    world.state().failures = vec![Some((GONE.to_owned(), false))];
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(outcome.counts.instances_failed, 0);
    assert_eq!(world.starts(), 4, "and is not tried again");
    let gone: Vec<TagOutcome> = failures_of(&world)
        .into_iter()
        .map(|(_, tags, _)| tags)
        .collect();
    assert_eq!(gone, [TagOutcome::Gone]);
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_not_tried_again_and_one_for_all_stops_the_region() {
    let world = world();
    world.state().regions.remove(&FAR.parse().unwrap());
    world.state().failures = vec![Some((DENIED.to_owned(), false)); 3];
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(
        (outcome.regions_failed, outcome.counts.instances_failed),
        (1, 7)
    );
    assert_eq!(world.starts(), 1, "nothing is started in vain");
    let told = failures_of(&world);
    assert!(told[0].2.contains("not authorized"), "{told:?}");
    assert!(told[6].2.starts_with("not tried: "), "{told:?}");

    let world = self::world();
    world.state().failures = vec![Some((DENIED.to_owned(), false))];
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(
        (outcome.regions_failed, outcome.counts.instances_failed),
        (0, 1)
    );
    assert_eq!(outcome.counts.instances_tagged, 8);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_waited_for() {
    let world = world();
    world.state().full = 9;
    let started = Instant::now();
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(writes(&world), each_once(&WRONG));
    assert_eq!(outcome.counts.instances_tagged, 9);
    assert!(started.elapsed() > Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_stays_full_leaves_the_rest_to_the_next_invocation() {
    let world = world();
    world.state().full = usize::MAX;
    let outcome = provision(&world, "r", apply("true")).pass().await.unwrap();
    assert!(!outcome.done);
    assert_eq!(outcome.counts.instances_pending, 9);
    world.state().full = 0;
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(
        (writes(&world), outcome.counts.instances_tagged),
        (each_once(&WRONG), 9)
    );
}

#[tokio::test(start_paused = true)]
async fn a_region_without_runbooks_fails_and_the_others_go_on() {
    let world = world();
    near(&world, |near| near.has_runbooks = false);
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(
        (outcome.regions_failed, outcome.counts.instances_failed),
        (1, 7)
    );
    assert_eq!(writes(&world), each_once(&[20, 21]));
}

#[tokio::test(start_paused = true)]
async fn a_region_that_turns_out_not_to_be_enabled_is_skipped() {
    let world = world();
    near(&world, |near| near.is_disabled = true);
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!((outcome.regions_skipped, outcome.regions_failed), (1, 0));
    assert_eq!(writes(&world), each_once(&[20, 21]));
}

#[tokio::test(start_paused = true)]
async fn what_all_regions_have_is_a_fault_of_the_account() {
    let world = world();
    for region in world.state().regions.values_mut() {
        region.is_disabled = true;
    }
    let error = provision(&world, "r", apply("true"))
        .pass()
        .await
        .unwrap_err();
    assert_eq!(error.name(), "Denied");
    assert!(
        error.to_string().starts_with("AWS account 111122223333: "),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_leaves_something_behind_has_failed() {
    let world = world();
    until_done(&world, "r", &apply("true")).await;
    world.state().is_leaving = true;
    world.state().failures = vec![Some((DENIED.to_owned(), false))];
    let error = provision(&world, "d", remove()).pass().await.unwrap_err();
    assert_eq!(error.name(), "Denied");
    let told = error.to_string();
    assert!(told.contains("tags of 1 instances, the first i-"), "{told}");
    // The next delete takes up what is left.
    let outcome = until_done(&world, "e", &remove()).await;
    assert_eq!(outcome.counts.instances_untagged, 1);
    near(&world, |near| {
        near.has_runbooks = false;
        let ours = tags("true")
            .of(&id(1))
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        near.instances.get_mut(&id(1)).unwrap().tags.extend(ours);
    });
    let error = provision(&world, "f", remove()).pass().await.unwrap_err();
    assert!(error.to_string().contains("tags in eu-west-1"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_room_is_told_and_not_tried() {
    let world = world();
    near(&world, |near| {
        let full = near.instances.get_mut(&id(1)).unwrap();
        full.tags
            .extend((0..48).map(|number| (format!("t{number}"), String::new())));
    });
    let outcome = until_done(&world, "r", &apply("true")).await;
    assert_eq!(
        (
            outcome.counts.instances_failed,
            outcome.counts.instances_tagged
        ),
        (1, 8)
    );
    let told = failures_of(&world);
    assert_eq!(told[0].2, "the instance has no room for the four tags");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_lets_nobody_in_any_more_is_passed_over_on_the_way_out() {
    let world = world();
    world.change(|state| {
        state.is_leaving = true;
        state.is_closed = true;
    });
    let mut provision = provision(&world, "r", remove());
    let error = provision.pass().await.unwrap_err();
    assert_eq!(error.name(), "Denied", "the stack's own account");
    provision.task.reach = Reach::Organization;
    assert_eq!(provision.pass().await.unwrap(), Outcome::nothing_to_do());
    provision.task.errand = Errand::Onboard;
    world.change(|state| state.is_leaving = false);
    assert_eq!(provision.pass().await.unwrap_err().name(), "Denied");
}
