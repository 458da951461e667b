//! What single plans need beside the common way.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_external_id_is_the_one_that_the_role_asks_for() {
    let id = "e0000000-1bf0-4dda-aec3-111122223333";
    let world = World::default();
    let wanted = wanted_by(&with_audit_logs(), false);
    let external_id = |world: &World| {
        let seen = world.state().connectors;
        seen[0].offerings.iter().find_map(|one| match one {
            Offering::DefenderForContainersAws(one) => one.data_collection_external_id.clone(),
            _ => None,
        })
    };
    registration(&world)
        .connect(&wanted, None, |_| {})
        .await
        .unwrap();
    assert_eq!(external_id(&world), None, "the role is not there");
    let name = "MDCContainersK8sDataCollectionRole".to_owned();
    let role = trusting(AUDIENCE_CONTAINERS_DATA, Some(id));
    world.change(|state| drop(state.roles.insert(name, role)));
    registration(&world)
        .connect(&wanted, None, |_| {})
        .await
        .unwrap();
    assert_eq!(external_id(&world).as_deref(), Some(id));
    world.take_writes();
    registration(&world)
        .connect(&wanted, None, |_| {})
        .await
        .unwrap();
    assert_eq!(world.take_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_api_version_does_not_know_is_refused_before_any_call() {
    let world = World::default();
    let mut plans = with_audit_logs();
    if let Some(containers) = &mut plans.containers {
        containers.anti_malware = Some(true);
    }
    let refused = registration(&world)
        .connect(&wanted_by(&plans, false), None, |_| panic!())
        .await;
    let reason = refused.unwrap_err().to_string();
    assert!(
        reason.starts_with("ResourceProperties.Plans.Containers.AntiMalware: "),
        "{reason}"
    );
    assert_eq!(world.take_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn ciems_provider_goes_while_the_connector_stays() {
    let world = World::default();
    create(&world, &wanted(false)).await.0.unwrap();
    let ciem = Provider::Ciem(TENANT.parse().unwrap());
    let registration = registration(&world);
    registration
        .provide_identity(&account(), &ciem, || {})
        .await
        .unwrap();
    assert_eq!(world.state().providers.len(), 2);
    registration
        .withdraw_identity(&account(), &ciem)
        .await
        .unwrap();
    let left: Vec<_> = world.state().providers.into_keys().collect();
    assert_eq!(left, [Provider::Defender.host_path()]);
}
