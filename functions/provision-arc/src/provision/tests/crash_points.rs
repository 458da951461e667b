//! The crash-point method: every call of every operation fails once, before and after it took
//! effect, or is the last one of its invocation; what follows converges, and writes nothing twice.

use super::super::world::Fault;
use super::*;

async fn every_crash_point(goal: Goal, prepare: impl Fn() -> World, expected: &[u32]) {
    let faults = [
        Fault::Before,
        Fault::After,
        Fault::StoppedBefore,
        Fault::StoppedAfter,
    ];
    for fault in faults {
        for nth in 0.. {
            let world = prepare();
            world.fail(nth, fault);
            let outcome = until_done(&world, "r", &goal).await;
            let struck = world.struck();
            assert_eq!(writes(&world), each_once(expected), "call {nth}, {fault:?}");
            let counts = outcome.counts;
            let changed = counts.instances_tagged + counts.instances_untagged;
            assert_eq!(changed, expected.len(), "call {nth}, {fault:?}: {counts:?}");
            assert_eq!((counts.instances_failed, counts.instances_pending), (0, 0));
            let starts = world.starts();
            until_done(&world, "again", &goal).await;
            assert_eq!(world.starts(), starts, "call {nth}, {fault:?}, run again");
            if !struck {
                assert!(nth > 15, "the operation is not that short");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tagging_survives_every_crash_point() {
    every_crash_point(apply("true"), world, &WRONG).await;
}

#[tokio::test(start_paused = true)]
async fn the_way_back_survives_every_crash_point() {
    let tagged = || {
        let world = world();
        let mut state = world.state();
        state.is_leaving = true;
        for region in state.regions.values_mut() {
            for (id, seen) in &mut region.instances {
                let own = tags("true")
                    .of(id)
                    .map(|(key, value)| (key.to_owned(), value.to_owned()));
                seen.tags.extend(own);
            }
        }
        drop(state);
        world
    };
    every_crash_point(remove(), tagged, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21]).await;
}
