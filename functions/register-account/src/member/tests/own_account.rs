//! The stack's own account in a run over the organization: the stack's resources see to it as well.

use super::*;

fn own(world: &World) -> InMemory {
    Member {
        is_own: true,
        ..member(world)
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_never_taken_out_by_a_run() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    let mut member = own(&world);
    member.onboard(&direct(wanted(false))).await.unwrap();
    world.change(|state| state.is_leaving = true);
    let before = world.state();
    member.seen = walked(&before);
    for ended in [member.offboard().await, member.remove_connector().await] {
        assert_eq!(ended.unwrap_err().name(), "Invalid");
    }
    // It stays registered where only its organization is taken out.
    let error = member.onboard(&direct(wanted(false))).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert_eq!(world.state(), before);
}

/// Where the stack goes as a whole, its connector is gone already or will be. One that is made while
/// that happens would stay.
#[tokio::test(start_paused = true)]
async fn a_connector_that_is_made_too_late_is_taken_back_and_one_that_was_there_stays() {
    for was_there in [false, true] {
        let mut before = with_roles(State::default(), &wanted(false));
        if was_there {
            let mut other = wanted(false);
            other.connector.tags.insert("Team".into(), "gone".into());
            let mut seen = written(&other.connector);
            seen.scan_interval_hours = Some(24);
            before.connectors.push(seen);
        }
        for nth in 0.. {
            let world = World::new(before.clone());
            let mut member = own(&world);
            member.seen = walked(&before);
            world.meanwhile(nth, |state| state.is_leaving = true);
            let _ended = member.onboard(&direct(wanted(false))).await;
            if !world.has_acted() {
                assert!(nth > 5);
                break;
            }
            assert_eq!(has_own(&world.state()), was_there, "call {nth}");
        }
    }
}
