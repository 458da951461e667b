//! Providers and roles, which a connector relies on.

use super::*;

fn without_roles(wanted: &Wanted) -> World {
    let mut state = with_roles(State::default(), wanted);
    state.roles.clear();
    World::new(state)
}

#[tokio::test(start_paused = true)]
async fn missing_roles_are_named_once_the_provider_is_there() {
    let asked = direct(wanted_by(&with_ciem(), false));
    let world = without_roles(&asked.wanted);
    for as_wanted in [false, true] {
        let mut member = member(&world);
        member.as_wanted = as_wanted;
        let error = member.onboard(&asked).await.unwrap_err();
        assert_eq!(error.name(), "NotReady");
        let reason = error.to_string();
        for (_, name) in &asked.wanted.roles {
            let role = format!("arn:aws:iam::123456789012:role/{name}");
            assert!(reason.contains(&role), "{role} in {reason}");
        }
        assert_eq!(world.take_azure_calls(), 0);
    }
    let state = world.state();
    assert_eq!(state.providers.len(), 2, "Defender's and CIEM's");
    world.change(|state| *state = with_roles(state.clone(), &asked.wanted));
    let outcome = member(&world).onboard(&asked).await.unwrap();
    assert_eq!(outcome.ending, Ending::Connected);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_lets_nobody_in_is_not_ready_either() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    world.change(|state| state.is_closed = true);
    let error = member(&world).onboard(&direct(wanted(false))).await;
    let error = error.unwrap_err();
    assert_eq!(error.name(), "NotReady");
    assert!(error.to_string().contains("sts:AssumeRole"), "{error}");
    assert_eq!(world.take_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_role_of_others_is_a_collision_and_one_of_our_stack_set_is_none() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    // Another stack of the same deployment made it: the one that was lost.
    world.change(|state| {
        for role in state.roles.values_mut() {
            role.tags.insert("StackId".into(), "arn:former".into());
        }
    });
    member(&world)
        .onboard(&direct(wanted(false)))
        .await
        .unwrap();
    let world = World::new(with_roles(State::default(), &wanted(false)));
    world.change(|state| {
        for role in state.roles.values_mut() {
            role.tags.clear();
        }
    });
    let error = member(&world).onboard(&direct(wanted(false))).await;
    let error = error.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("CspmMonitorRoleName"), "{error}");
    assert_eq!(world.take_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn ciems_provider_goes_when_it_is_not_wanted_any_more() {
    let with = direct(wanted_by(&with_ciem(), false));
    let without = direct(wanted(false));
    let before = with_roles(State::default(), &with.wanted);
    let world = World::new(before);
    let mut member = member(&world);
    member.onboard(&with).await.unwrap();
    let ciem = Provider::Ciem(TENANT.parse().unwrap());
    assert!(world.state().providers.contains_key(&ciem.host_path()));
    member.seen = walked(&world.state());
    member.onboard(&without).await.unwrap();
    let state = world.state();
    assert!(!state.providers.contains_key(&ciem.host_path()));
    assert!(provider(&state).is_some());
}
