//! A run that puts in, and somebody who begins to take out in the middle of it: with the mark and
//! then the walk over Azure, as every delete begins.

use std::sync::{Arc, Mutex};

use super::*;

/// What the walk saw.
type Walk = Arc<Mutex<Option<(Vec<ConnectorId>, bool)>>>;

/// The delete begins before the `nth` call from now.
fn delete_begins(world: &World, nth: usize) -> Walk {
    let walk = Walk::default();
    let noted = Arc::clone(&walk);
    world.meanwhile(nth, move |state| {
        state.is_leaving = true;
        *noted.lock().unwrap() = Some((walked(state), has_own(state)));
    });
    walk
}

/// The delete's own step for the account, which goes by what its walk saw.
async fn delete_ends(world: &World, walk: &Walk) {
    let (seen, has_own) = walk.lock().unwrap().take().unwrap();
    let mut member = member(world);
    member.seen = seen;
    member.as_wanted = !has_own;
    member.offboard().await.unwrap();
}

fn as_before(world: &World) -> State {
    let mut state = world.state();
    state.is_leaving = false;
    // The body of a connector that was not adopted after all is of no use, and does no harm.
    state.records.clear();
    state
}

/// Wherever the delete begins, nothing of ours is left.
async fn at_every_call(before: State, wanted: Wanted) {
    let before = with_roles(before, &wanted);
    let asked = direct(wanted);
    for nth in 0.. {
        let world = World::new(before.clone());
        let mut member = member(&world);
        member.seen = walked(&before);
        let walk = delete_begins(&world, nth);
        let ended = member.onboard(&asked).await;
        if !world.has_acted() {
            assert!(nth > 9, "the step is not that short");
            break;
        }
        if let Err(error) = &ended {
            assert_eq!(error.name(), "Conflict", "call {nth}: {error}");
        }
        delete_ends(&world, &walk).await;
        assert_eq!(as_before(&world), before, "call {nth}");
        // A child of the former run that comes even later.
        let error = member.onboard(&asked).await.unwrap_err();
        assert_eq!(error.name(), "Conflict", "call {nth}");
        assert_eq!(as_before(&world), before, "call {nth}, even later");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_begins_in_the_middle_leaves_nothing_behind() {
    at_every_call(State::default(), wanted(false)).await;
    at_every_call(portal(), wanted(true)).await;
}

/// The delete's own step is over as well before the run goes on.
#[tokio::test(start_paused = true)]
async fn neither_does_one_that_is_over_before_the_run_goes_on() {
    for before in [State::default(), portal()] {
        let asked = direct(wanted(true));
        let before = with_roles(before, &asked.wanted);
        for nth in 0.. {
            let world = World::new(before.clone());
            let mut member = member(&world);
            member.seen = walked(&before);
            let taken_out = before.clone();
            world.meanwhile(nth, move |state| {
                let records = std::mem::take(&mut state.records);
                *state = taken_out;
                state.records = records;
                state.is_leaving = true;
            });
            let _ended = member.onboard(&asked).await;
            if !world.has_acted() {
                assert!(nth > 9, "the step is not that short");
                break;
            }
            assert_eq!(as_before(&world), before, "call {nth}");
        }
    }
}

/// The function is also killed, at any later call: what it is called again for takes back.
#[tokio::test(start_paused = true)]
async fn neither_does_one_that_meets_a_function_that_is_killed() {
    for before in [State::default(), portal()] {
        let asked = direct(wanted(true));
        let before = with_roles(before, &asked.wanted);
        for nth in 0.. {
            let mut acted = true;
            for later in nth.. {
                let world = World::new(before.clone());
                let mut member = member(&world);
                member.seen = walked(&before);
                world.fail(later, Fault::After);
                let walk = delete_begins(&world, nth);
                let mut ended = member.onboard(&asked).await;
                acted = world.has_acted();
                if !acted {
                    break;
                }
                let struck = world.struck();
                world.calm();
                while ended
                    .as_ref()
                    .is_err_and(|error| error.name() == "Transient")
                {
                    ended = member.onboard(&asked).await;
                }
                delete_ends(&world, &walk).await;
                assert_eq!(as_before(&world), before, "calls {nth} and {later}");
                if !struck {
                    break;
                }
            }
            if !acted {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_another_restores_at_the_same_time_keeps_its_former_body() {
    let wanted = wanted(true);
    let before = with_roles(portal(), &wanted);
    for nth in 0.. {
        let world = World::new(before.clone());
        let mut member = member(&world);
        member.seen = walked(&before);
        member.onboard(&direct(self::wanted(true))).await.unwrap();
        world.change(|state| state.is_leaving = true);
        let restored = before.connectors.clone();
        world.meanwhile(nth, move |state| {
            state.connectors = restored;
            state.records.clear();
        });
        member.offboard().await.unwrap();
        if !world.has_acted() {
            assert!(nth > 5);
            break;
        }
        assert_eq!(as_before(&world), before, "call {nth}");
    }
}

/// The position of the call that writes the connector.
async fn position_of_the_write(before: &State, asked: &OfAccount) -> usize {
    for nth in 0.. {
        let world = World::new(before.clone());
        let noted = Arc::new(Mutex::new(false));
        let note = Arc::clone(&noted);
        world.meanwhile(nth, move |state| *note.lock().unwrap() = has_own(state));
        member(&world).onboard(asked).await.unwrap();
        if *noted.lock().unwrap() {
            return nth - 1;
        }
    }
    unreachable!()
}

/// Nobody tries again, and the answer to the write is lost.
#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_taken_back_as_well() {
    let asked = direct(wanted(false));
    let before = with_roles(State::default(), &asked.wanted);
    let world = World::new(before.clone());
    // The provider is there: to have made it would be reason enough to look twice.
    member(&world).onboard(&asked).await.unwrap();
    world.change(|state| state.connectors.clear());
    let nth = position_of_the_write(&world.state(), &asked).await;
    world.fail(nth, Fault::After);
    let walk = delete_begins(&world, nth);
    let error = member(&world).onboard(&asked).await.unwrap_err();
    assert_eq!(error.name(), "Conflict", "{error}");
    assert!(world.struck());
    delete_ends(&world, &walk).await;
    assert_eq!(as_before(&world), before);
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_was_restored_meanwhile_is_not_written() {
    let world = World::new(with_roles(portal(), &wanted(true)));
    let mut member = member(&world);
    member.seen = walked(&world.state());
    member.onboard(&direct(wanted(true))).await.unwrap();
    let adopted = world.state().connectors[0].clone();
    world.change(|state| {
        state.connectors = portal().connectors;
        state.records.clear();
    });
    world.take_writes();
    let registration = &member.registration;
    registration.dismantle(&account(), &adopted).await.unwrap();
    assert_eq!(world.take_writes(), 0);
}
