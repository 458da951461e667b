//! One account, wherever its roles, its connector and the run are.

use connector_properties::{OfAccount, Wanted};
use onboarding::Plans;
use onboarding::plans::{Ciem, CiemApplicationName, Cspm, DefenderCspm};
use onboarding::provider::SeenProvider;

use super::*;
use crate::outcome::Ending;
use crate::registration::tests::{
    TENANT, account, deployment, id, portal, registration, trusting, wanted, wanted_by,
};
use crate::registration::world::{Fault, State, World, written};

mod crash_points;
mod discovery;
mod late;
mod own_account;
mod roles;

type InMemory = Member<World, World, World, World>;

fn usual() -> ConnectorId {
    id("rg", "aws-123456789012")
}

fn member(world: &World) -> InMemory {
    Member {
        registration: registration(world),
        marks: world.clone(),
        account: account(),
        is_own: false,
        usual: usual(),
        seen: Vec::new(),
        as_wanted: false,
    }
}

/// What a walk over the subscription sees just now.
fn walked(state: &State) -> Vec<ConnectorId> {
    let connectors = state.connectors.iter();
    connectors.map(|seen| seen.id.clone()).collect()
}

fn has_own(state: &State) -> bool {
    let mut connectors = state.connectors.iter();
    connectors.any(|seen| seen.is_owned_by(&deployment()))
}

fn direct(wanted: Wanted) -> OfAccount {
    OfAccount {
        wanted,
        dialect: azure::Dialect::default(),
        registration: MemberRegistration::Direct,
    }
}

fn with_ciem() -> Plans {
    Plans {
        cspm: Cspm::Defender(DefenderCspm {
            ciem: Some(Ciem {
                subject: "c0ffee00-1bf0-4dda-aec3-111122223333".parse().unwrap(),
                application_name: CiemApplicationName::default(),
            }),
            ..DefenderCspm::default()
        }),
        ..Plans::default()
    }
}

/// The roles that our stack set lays for what is wanted.
fn with_roles(mut state: State, wanted: &Wanted) -> State {
    for (_, name) in &wanted.roles {
        let mut role = trusting("api://any", None);
        role.tags = deployment().tags();
        state.roles.insert(name.to_string(), role);
    }
    state
}

fn provider(state: &State) -> Option<&SeenProvider> {
    state.providers.get(&Provider::Defender.host_path())
}

#[tokio::test(start_paused = true)]
async fn a_new_account_is_connected_and_the_next_run_asks_azure_nothing() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    let mut member = member(&world);
    let asked = direct(wanted(false));
    let outcome = member.onboard(&asked).await.unwrap();
    assert_eq!(outcome.ending, Ending::Connected);
    assert_eq!(outcome.connector.unwrap(), usual().to_string());
    assert_eq!(outcome.put_milliseconds, Some(0));
    assert!(provider(&world.state()).is_some());
    assert_eq!(world.take_writes(), 2, "provider and connector");
    assert_eq!(
        world.take_azure_calls(),
        4,
        "the usual one, what the subscription offers twice, one write"
    );
    member.seen = walked(&world.state());
    member.as_wanted = true;
    let outcome = member.onboard(&asked).await.unwrap();
    assert_eq!(outcome.ending, Ending::AlreadyConnected);
    assert_eq!(outcome.connector.unwrap(), usual().to_string());
    assert_eq!((world.take_azure_calls(), world.take_writes()), (0, 0));
    member.as_wanted = false;
    let outcome = member.onboard(&asked).await.unwrap();
    assert_eq!(outcome.ending, Ending::AlreadyConnected);
    assert_eq!(outcome.put_milliseconds, None);
    assert_eq!((world.take_azure_calls(), world.take_writes()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_subscription_offers_is_asked_once_for_all_accounts_of_a_run() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    let mut member = member(&world);
    member.onboard(&direct(wanted(false))).await.unwrap();
    world.change(|state| state.connectors.clear());
    world.take_azure_calls();
    member.onboard(&direct(wanted(false))).await.unwrap();
    assert_eq!(world.take_azure_calls(), 2, "one look, one write");
    member.registration = registration(&world);
    world.change(|state| state.connectors.clear());
    world.take_azure_calls();
    member.onboard(&direct(wanted(false))).await.unwrap();
    assert_eq!(world.take_azure_calls(), 4, "another run");
}

#[tokio::test(start_paused = true)]
async fn a_connector_of_others_is_refused_by_name_unless_it_may_be_adopted() {
    let world = World::new(with_roles(portal(), &wanted(false)));
    let mut member = member(&world);
    member.seen = walked(&world.state());
    let error = member.onboard(&direct(wanted(false))).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("from-portal"), "{error}");
    let outcome = member.onboard(&direct(wanted(true))).await.unwrap();
    let adopted = id("portal", "from-portal").to_string();
    assert_eq!(outcome.connector, Some(adopted));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_rolled_back_puts_nothing_in() {
    let before = with_roles(State::default(), &wanted(false));
    let world = World::new(before);
    world.change(|state| state.is_refused = true);
    let error = member(&world).onboard(&direct(wanted(false))).await;
    assert_eq!(error.unwrap_err().name(), "Conflict");
    assert_eq!(world.take_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_out_without_a_mark() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    let mut member = member(&world);
    member.onboard(&direct(wanted(false))).await.unwrap();
    member.seen = walked(&world.state());
    let before = world.state();
    for ended in [member.offboard().await, member.remove_connector().await] {
        let error = ended.unwrap_err();
        assert_eq!(error.name(), "Conflict", "{error}");
    }
    // The run saw it out already, and another one has taken the mark away since.
    member.as_wanted = true;
    let outcome = member.offboard().await.unwrap();
    assert_eq!(outcome.ending, Ending::NothingToRemove);
    assert_eq!(world.state(), before);
}

#[tokio::test(start_paused = true)]
async fn an_account_without_anything_of_ours_stays_as_it_is() {
    let world = World::new(portal());
    world.change(|state| state.is_leaving = true);
    let before = world.state();
    let mut member = member(&world);
    member.seen = walked(&before);
    for as_wanted in [false, true] {
        member.as_wanted = as_wanted;
        let outcome = member.offboard().await.unwrap();
        assert_eq!(outcome.ending, Ending::NothingToRemove);
    }
    let outcome = member.remove_connector().await.unwrap();
    assert_eq!(outcome.ending, Ending::NothingToRemove);
    assert_eq!(world.state(), before);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_lets_nobody_in_loses_its_connector_all_the_same() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    let mut member = member(&world);
    member.onboard(&direct(wanted(false))).await.unwrap();
    member.seen = walked(&world.state());
    world.change(|state| {
        state.is_leaving = true;
        state.is_closed = true;
    });
    let outcome = member.offboard().await.unwrap();
    assert_eq!(outcome.ending, Ending::Removed);
    let reason = outcome.reason.unwrap();
    assert!(reason.as_str().contains("sts:AssumeRole"), "{reason:?}");
    let state = world.state();
    assert!(state.connectors.is_empty() && provider(&state).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_goes_while_the_account_is_taken_out_keeps_nothing_from_it() {
    let mut endings = Vec::new();
    for nth in 1.. {
        let world = World::new(with_roles(State::default(), &wanted(false)));
        let mut member = member(&world);
        member.onboard(&direct(wanted(false))).await.unwrap();
        member.seen = walked(&world.state());
        world.change(|state| state.is_leaving = true);
        world.meanwhile(nth, |state| state.is_closed = true);
        endings.push(member.offboard().await.unwrap().ending);
        assert!(world.state().connectors.is_empty(), "{nth}");
        if !world.has_acted() {
            break;
        }
    }
    assert!(endings.contains(&Ending::Removed), "{endings:?}");
    assert_eq!(endings.last(), Some(&Ending::Released));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_goes_while_the_account_is_put_in_leaves_it_not_ready() {
    let mut names = Vec::new();
    for nth in 1.. {
        let world = World::new(with_roles(State::default(), &wanted(false)));
        world.meanwhile(nth, |state| state.is_closed = true);
        let result = member(&world).onboard(&direct(wanted(false))).await;
        names.push(result.map_or_else(|error| error.name(), |_| "Connected"));
        if !world.has_acted() {
            break;
        }
    }
    assert!(names.contains(&"NotReady"), "{names:?}");
    names.retain(|name| *name != "NotReady" && *name != "Connected");
    assert_eq!(names, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_connector_of_an_account_that_left_goes_without_a_look_into_the_account() {
    for before in [State::default(), portal()] {
        let world = World::new(with_roles(before.clone(), &wanted(true)));
        let mut member = member(&world);
        member.seen = walked(&world.state());
        member.onboard(&direct(wanted(true))).await.unwrap();
        member.seen = walked(&world.state());
        world.change(|state| state.is_leaving = true);
        world.take_calls();
        let azure = world.take_azure_calls();
        assert!(azure > 0);
        let outcome = member.remove_connector().await.unwrap();
        assert_eq!(outcome.ending, Ending::Removed);
        let state = world.state();
        assert_eq!(state.connectors, before.connectors);
        assert!(provider(&state).is_some(), "what is in the account stays");
    }
}

#[tokio::test(start_paused = true)]
async fn the_former_connectors_of_other_accounts_outlast_a_member() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    let other = "other".to_owned();
    world.change(|state| drop(state.records.insert(other, serde_json::json!({}))));
    let mut member = member(&world);
    member.onboard(&direct(wanted(false))).await.unwrap();
    member.seen = walked(&world.state());
    world.change(|state| state.is_leaving = true);
    let outcome = member.offboard().await.unwrap();
    assert_eq!(outcome.ending, Ending::Released);
    assert_eq!(world.state().records.len(), 1);
    assert!(provider(&world.state()).is_none());
}
