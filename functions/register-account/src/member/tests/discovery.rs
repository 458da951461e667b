//! Members whose connectors Defender makes itself.

use super::*;

fn discovery() -> OfAccount {
    OfAccount {
        registration: MemberRegistration::Discovery,
        ..direct(wanted(false))
    }
}

#[tokio::test(start_paused = true)]
async fn what_defender_needs_is_provided_and_no_connector_is_written() {
    let world = World::new(with_roles(State::default(), &wanted(false)));
    let mut member = member(&world);
    member.as_wanted = true;
    let outcome = member.onboard(&discovery()).await.unwrap();
    assert_eq!(outcome.ending, Ending::Skipped);
    assert!(outcome.reason.unwrap().as_str().contains("24 hours"));
    assert!(provider(&world.state()).is_some());
    assert_eq!(world.take_azure_calls(), 0);
    let theirs = id("rg-of-defender", "member");
    member.seen = vec![theirs.clone()];
    let outcome = member.onboard(&discovery()).await.unwrap();
    assert_eq!(outcome.ending, Ending::AlreadyConnected);
    assert_eq!(outcome.connector, Some(theirs.to_string()));
    assert_eq!(world.take_azure_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connector_of_ours_from_before_goes_and_that_of_others_stays() {
    let mut before = portal();
    let wanted = wanted(false);
    before.connectors.push(written(&wanted.connector));
    let world = World::new(with_roles(before, &wanted));
    let mut member = member(&world);
    member.seen = walked(&world.state());
    let outcome = member.onboard(&discovery()).await.unwrap();
    assert_eq!(outcome.ending, Ending::AlreadyConnected);
    let theirs = id("portal", "from-portal");
    assert_eq!(outcome.connector, Some(theirs.to_string()));
    assert_eq!(walked(&world.state()), [theirs]);
}
