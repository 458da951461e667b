//! An organization's connector, and the change between it and one for a single account.

use onboarding::connector::WantedOrganization;

use super::*;

fn discovery(migrate_member_registration: bool) -> Wanted {
    let mut wanted = wanted(false);
    wanted.connector.organization = Some(WantedOrganization {
        stack_set_name: "Members-Account".into(),
        excluded_account_ids: BTreeSet::new(),
    });
    wanted.terms.migrate_member_registration = migrate_member_registration;
    wanted
}

fn direct(migrate_member_registration: bool) -> Wanted {
    let mut wanted = wanted(false);
    wanted.terms.migrate_member_registration = migrate_member_registration;
    wanted
}

fn world_with(wanted: &Wanted) -> World {
    World::new(State {
        connectors: vec![written(&wanted.connector)],
        ..State::default()
    })
}

async fn connect(world: &World, wanted: &Wanted) -> Result<Connector, RegisterError> {
    let registration = registration(world);
    registration.connect(wanted, None, |_| {}).await
}

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_asked_for_writes_nothing() {
    for (there, wanted) in [
        (direct(false), discovery(false)),
        (discovery(false), direct(false)),
    ] {
        let world = world_with(&there);
        let before = world.state();
        let error = connect(&world, &wanted).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Conflict, "{error}");
        assert!(
            error.to_string().contains("MigrateMemberRegistration=true"),
            "{error}"
        );
        assert_eq!((world.take_writes(), world.state()), (0, before));
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_survives_every_crash_point() {
    for (there, wanted) in [
        (direct(false), discovery(true)),
        (discovery(false), direct(true)),
    ] {
        for fault in [Fault::Before, Fault::After] {
            for nth in 0.. {
                let world = world_with(&there);
                world.fail(nth, fault);
                let outcome = connect(&world, &wanted).await;
                if !world.struck() {
                    assert!(nth > 2, "the operation is not that short");
                    outcome.unwrap();
                    break;
                }
                connect(&world, &wanted).await.unwrap();
                assert_eq!(world.state().connectors, [written(&wanted.connector)]);
                world.take_writes();
                connect(&world, &wanted).await.unwrap();
                assert_eq!(world.take_writes(), 0, "call {nth}, {fault:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_organizations_connector_that_is_as_wanted_is_not_written() {
    let world = world_with(&discovery(false));
    connect(&world, &discovery(false)).await.unwrap();
    assert_eq!((world.take_calls(), world.take_writes()), (1, 0));
}
