//! The look at an account whose connector the service refused.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_opaque_refusal_is_explained_by_our_own_look() {
    let world = World::default();
    world.refuse_content(1);
    let connect = || async {
        registration(&world)
            .connect(&wanted(false), None, |_| {})
            .await
    };
    let reason = connect().await.unwrap_err().to_string();
    assert!(
        reason.contains("the identity provider arn:aws:iam::123456789012"),
        "{reason}"
    );
    assert!(
        reason.contains("role/CspmMonitorAws is missing"),
        "{reason}"
    );
    assert!(
        reason.ends_with("The service answered: error occured"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sound_account_that_the_service_does_not_see_yet_gets_time() {
    let world = World::default();
    create(&world, &wanted(false)).await.0.unwrap();
    let role = trusting(AUDIENCE_CSPM, None);
    world.change(|state| {
        state.connectors.clear();
        state.roles.insert("CspmMonitorAws".into(), role);
    });
    world.refuse_content(3);
    let started = Instant::now();
    registration(&world)
        .connect(&wanted(false), None, |_| {})
        .await
        .unwrap();
    assert_eq!(started.elapsed().as_secs(), 30);

    world.change(|state| state.connectors.clear());
    world.refuse_content(usize::MAX);
    let started = Instant::now();
    registration(&world)
        .connect(&wanted(false), None, |_| {})
        .await
        .unwrap_err();
    assert!(started.elapsed().as_secs() <= 60, "no storm");
}

#[tokio::test(start_paused = true)]
async fn every_role_and_audience_that_defender_lacks_is_named() {
    let world = World::default();
    let mut plans = with_audit_logs();
    plans.cspm = Cspm::Defender(DefenderCspm {
        ciem: Some(Ciem {
            subject: "c0ffee00-1bf0-4dda-aec3-111122223333".parse().unwrap(),
            application_name: CiemApplicationName::default(),
        }),
        ..DefenderCspm::default()
    });
    world.change(|state| {
        let provider = SeenProvider {
            audiences: [AUDIENCE_CSPM.to_owned()].into(),
            tags: BTreeMap::new(),
        };
        state
            .providers
            .insert(Provider::Defender.host_path(), provider);
        let wrong = trusting("api://other", None);
        state.roles.insert("MDCContainersK8sRole".into(), wrong);
    });
    world.refuse_content(1);
    let refused = registration(&world)
        .connect(&wanted_by(&plans, false), None, |_| {})
        .await;
    let reason = refused.unwrap_err().to_string();
    for part in [
        "lacks the audience api://6610e979-c931-41ec-adc7-b9920c9d52f1",
        "oidc-provider/sts.windows.net/0b1f6471-1bf0-4dda-aec3-111122223333/ is missing",
        "role/DefenderForCloud-OidcCiem is missing",
        "role/MDCContainersK8sRole: its trust policy does not admit the audience api://6610e979",
        "role/MDCContainersK8sKinesisToS3Role is missing",
    ] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
}
