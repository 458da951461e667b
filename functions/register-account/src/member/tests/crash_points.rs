//! The crash-point method: every call of every step fails once, before and after it took effect.

use super::*;

/// The step again, as the state machine tries it again after what passes.
async fn until_it_lasts(member: &InMemory, asked: &OfAccount) -> Result<Outcome, RegisterError> {
    loop {
        match member.onboard(asked).await {
            Err(error) if error.name() == "Transient" => {}
            ended => return ended,
        }
    }
}

/// Takes the account out as the next delete does it, and gives what is left.
async fn taken_out(world: &World) -> State {
    world.change(|state| state.is_leaving = true);
    let state = world.state();
    let mut member = member(world);
    member.seen = walked(&state);
    member.as_wanted = !has_own(&state);
    member.offboard().await.unwrap();
    let mut state = world.state();
    state.is_leaving = false;
    // The body of a connector that was not adopted after all is of no use, and does no harm.
    state.records.clear();
    state
}

async fn every_crash_point(before: State, wanted: fn() -> Wanted) {
    let before = with_roles(before, &wanted());
    let asked = direct(wanted());
    for fault in [Fault::Before, Fault::After] {
        for nth in 0.. {
            let place = format!("call {nth}, {fault:?}");
            let world = World::new(before.clone());
            let mut member = member(&world);
            member.seen = walked(&before);
            world.fail(nth, fault);
            let first = member.onboard(&asked).await;
            if !world.struck() {
                assert!(nth > 9, "the step is not that short");
                first.unwrap();
                break;
            }
            // The run is stopped here, and the delete comes.
            let stopped = World::new(world.state());
            assert_eq!(taken_out(&stopped).await, before, "{place}, stopped");
            // Tried again instead, with what was seen before the first try.
            until_it_lasts(&member, &asked).await.unwrap();
            let state = world.state();
            assert_eq!(walked(&state).len(), 1, "{place}");
            assert!(has_own(&state), "{place}");
            // The next run writes nothing.
            world.take_writes();
            member.seen = walked(&state);
            let outcome = member.onboard(&asked).await.unwrap();
            assert_eq!(outcome.ending, Ending::AlreadyConnected, "{place}");
            assert_eq!(world.take_writes(), 0, "{place}");
            // Taken out in the end, interrupted at the same place and tried again.
            world.change(|state| state.is_leaving = true);
            world.fail(nth, fault);
            let _interrupted = member.offboard().await;
            world.calm();
            member.offboard().await.unwrap();
            world.change(|state| {
                state.is_leaving = false;
                state.records.clear();
            });
            assert_eq!(world.state(), before, "{place}, taken out");
        }
    }
}

fn plain() -> Wanted {
    wanted(false)
}

fn adopting() -> Wanted {
    wanted(true)
}

fn with_two_providers() -> Wanted {
    wanted_by(&with_ciem(), false)
}

#[tokio::test(start_paused = true)]
async fn a_new_account_survives_every_crash_point() {
    every_crash_point(State::default(), plain).await;
}

#[tokio::test(start_paused = true)]
async fn an_adopted_account_survives_every_crash_point() {
    every_crash_point(portal(), adopting).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_with_two_providers_survives_every_crash_point() {
    every_crash_point(State::default(), with_two_providers).await;
}
