//! The crash-point method: the function is stopped at every one of its calls, before and after it
//! took effect. The step is tried again, or the run is given up and another one comes; either way
//! every account is worked on once, and none is lost.

use std::collections::BTreeSet;

use super::*;
use crate::world::stops::Stop;

/// What there is to do: 1 and 3 are new, 2 is in, 9 has left the scope, 7 the organization.
fn prepared() -> World {
    let world = world();
    for account in [2, 7, 9] {
        world.azure.write(&account_id(account));
    }
    world.azure.take_writes();
    world
}

fn assert_right(world: &World, told: &str) {
    let right: BTreeSet<AccountId> = [1, 2, 3, 111_122_223_333].map(id).into();
    assert_eq!(world.azure.connected(), right, "{told}");
    let writes = world.azure.state().writes.clone();
    let once: BTreeSet<AccountId> = [1, 3, 111_122_223_333].map(id).into();
    assert!(
        writes.keys().eq(&once) && writes.values().all(|count| *count == 1),
        "{told}: {writes:?}"
    );
    let deletes = world.azure.state().deletes.clone();
    assert!(
        deletes.values().all(|count| *count == 1),
        "{told}: {deletes:?}"
    );
}

async fn every_crash_point(is_tried_again: bool) {
    for stop in [Stop::Before, Stop::After] {
        for nth in 0.. {
            let world = prepared();
            let input = asked(SWEEP, &json!({}));
            world.stops.at(nth, stop);
            if is_tried_again {
                world.machine().run("first", &input).await.unwrap();
            } else {
                let _ = world.machine().once("first", &input).await;
            }
            let struck = !world.stops.is_due();
            world.sweep("second").await;
            assert_right(&world, &format!("call {nth}, {stop:?}"));
            let third = world.sweep("third").await;
            assert_eq!(third["AccountsConnected"], 4, "call {nth}, {stop:?}");
            assert_right(&world, &format!("call {nth}, {stop:?}, once more"));
            if !struck {
                assert!(nth > 15, "the run is not that short");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_tried_again_comes_to_the_same() {
    every_crash_point(true).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_given_up_is_made_up_for_by_the_next_one() {
    every_crash_point(false).await;
}
