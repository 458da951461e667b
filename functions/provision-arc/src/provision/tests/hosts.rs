//! Instances that Systems Manager does not reach.

use super::*;

fn settings(world: &World) -> Vec<Option<String>> {
    let state = world.state();
    state
        .regions
        .values()
        .map(|region| region.setting.clone())
        .collect()
}

fn told(world: &World) -> Vec<Option<String>> {
    let state = world.state();
    let regions = state.reports.last().unwrap().regions.iter();
    regions
        .map(|region| region.host_management.clone())
        .collect()
}

async fn run(world: &World, run: &str, goal: Goal, management: HostManagement) -> Outcome {
    let mut provision = provision(world, run, goal);
    provision.task.host_management = management;
    provision.pass().await.unwrap()
}

const OURS: &str = "DefenderConnectorHostManagement";

#[tokio::test(start_paused = true)]
async fn default_host_management_is_switched_on_only_where_it_is_off_and_given_back() {
    let world = world();
    let theirs = Some("service-role/Theirs".to_owned());
    let far = FAR.parse().unwrap();
    world.state().regions.get_mut(&far).unwrap().setting = theirs.clone();
    let by_default = HostManagement::DefaultHostManagement;
    run(&world, "r", apply("true"), by_default).await;
    assert_eq!(settings(&world), [Some(OURS.to_owned()), theirs.clone()]);
    assert!(
        told(&world).iter().all(Option::is_some),
        "{:?}",
        told(&world)
    );
    run(&world, "s", apply("true"), by_default).await;
    assert_eq!(settings(&world), [Some(OURS.to_owned()), theirs.clone()]);
    for goal in [apply("true"), remove()] {
        world
            .state()
            .regions
            .get_mut(&NEAR.parse().unwrap())
            .unwrap()
            .setting = Some(OURS.to_owned());
        world.state().is_leaving = matches!(goal, Goal::Remove(_));
        let name = if matches!(goal, Goal::Remove(_)) {
            "out"
        } else {
            "off"
        };
        run(&world, name, goal, HostManagement::None).await;
        assert_eq!(settings(&world), [None, theirs.clone()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_profile_is_attached_to_instances_that_have_none() {
    let world = world();
    near(&world, |near| {
        // Running, right and excluded.
        for number in [1, 8, 9] {
            near.instances.get_mut(&id(number)).unwrap().profile = None;
        }
        let starting = near.instances.get_mut(&id(2)).unwrap();
        (starting.profile, starting.state) = (None, InstanceState::Pending);
    });
    run(&world, "r", apply("true"), HostManagement::InstanceProfile).await;
    let profile = |number| {
        let state = world.state();
        let seen = state.regions[&NEAR.parse().unwrap()].instances[&id(number)].clone();
        seen.profile.map(|name| name.as_str().to_owned())
    };
    assert_eq!(profile(1).as_deref(), Some("DefenderConnectorInstance"));
    assert_eq!(profile(8).as_deref(), Some("DefenderConnectorInstance"));
    assert_eq!((profile(9), profile(2)), (None, None));
    assert_eq!(profile(3).as_deref(), Some("web"));
    let told = told(&world)[0].clone().unwrap();
    assert_eq!(told, "2 instances got our instance profile");
    let starts = world.starts();
    run(&world, "s", apply("true"), HostManagement::None).await;
    assert_eq!(world.starts(), starts);
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_cannot_be_attached_is_told_and_fails_nothing() {
    let world = world();
    world.change(|state| {
        state.regions.remove(&FAR.parse().unwrap());
        state.failures = vec![Some(("no such profile".to_owned(), false))];
    });
    near(&world, |near| {
        near.instances.retain(|one, _| *one == id(8));
        near.instances.get_mut(&id(8)).unwrap().profile = None;
    });
    let outcome = run(&world, "r", apply("true"), HostManagement::InstanceProfile).await;
    assert_eq!(
        (outcome.counts.instances_failed, outcome.regions_failed),
        (0, 0)
    );
    let told = told(&world)[0].clone().unwrap();
    assert_eq!(
        told,
        "0 instances got our instance profile, 1 did not: no such profile"
    );
}
