//! The crash-point method: every call of every operation fails once, before and after it took
//! effect; what follows must converge, and nothing of others may change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use onboarding::connector::ScanInterval;
use onboarding::decision::Terms;
use onboarding::plans::{AuditLogs, Ciem, CiemApplicationName, Containers, Cspm, DefenderCspm};
use onboarding::provider::{
    AUDIENCE_CONTAINERS_DATA, AUDIENCE_CSPM, AUDIENCES, Provider, SeenProvider, provider_arn,
};
use onboarding::trust::{SeenRole, session_name};
use onboarding::{AccountId, Plans, RoleArn, RoleNames};
use serde_json::json;

use super::world::{Fault, State, World, written};
use super::*;

mod look;
mod organization;
mod plans;

pub(crate) const TENANT: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";

pub(crate) fn account() -> AccountId {
    "123456789012".parse().unwrap()
}

pub(crate) fn id(group: &str, name: &str) -> ConnectorId {
    format!("/subscriptions/{TENANT}/resourceGroups/{group}/providers/Microsoft.Security/securityConnectors/{name}").parse().unwrap()
}

pub(crate) fn deployment() -> Deployment {
    Deployment {
        id: "ours".parse().unwrap(),
        stack_id: "arn:stack".into(),
    }
}

pub(crate) fn wanted(adopt_existing: bool) -> Wanted {
    wanted_by(&Plans::default(), adopt_existing)
}

pub(crate) fn wanted_by(plans: &Plans, adopt_existing: bool) -> Wanted {
    let partition = "aws".parse().unwrap();
    let names = RoleNames::default();
    let role = |key| RoleArn::new(&partition, &account(), &names.get(key));
    Wanted {
        connector: WantedConnector {
            id: id("rg", "aws-123456789012"),
            account: account(),
            location: "eastus".parse().unwrap(),
            scan_interval: ScanInterval::from_hours(4).unwrap(),
            regions: BTreeSet::new(),
            organization: None,
            offerings: plans.offerings(role),
            tags: deployment().tags(),
            withdrawn_tags: BTreeSet::new(),
        },
        roles: plans
            .roles()
            .into_iter()
            .map(|key| (key, names.get(key)))
            .collect(),
        ciem_subject: plans.ciem().map(|ciem| ciem.subject.clone()),
        newer_properties: plans.newer_properties(),
        terms: Terms {
            adopt_existing,
            ..Terms::default()
        },
    }
}

/// What a portal onboarding left: an untagged connector in another group, and a provider that
/// lacks an audience.
pub(crate) fn portal() -> State {
    let mut connector = written(&wanted(false).connector);
    connector.id = id("portal", "from-portal");
    connector.scan_interval_hours = Some(24);
    connector.tags = BTreeMap::from([("team".into(), "secops".into())]);
    connector.body = json!({"tags": {"team": "secops"}, "hours": 24});
    let audiences = AUDIENCES[..6].iter().map(|one| (*one).to_owned()).collect();
    let provider = SeenProvider {
        audiences,
        tags: BTreeMap::new(),
    };
    State {
        connectors: vec![connector],
        providers: [(Provider::Defender.host_path(), provider)].into(),
        ..State::default()
    }
}

pub(crate) fn registration(world: &World) -> Registration<World, World, World> {
    Registration {
        connectors: world.clone(),
        identity: world.clone(),
        former: world.clone(),
        deployment: deployment(),
        tenant: TENANT.parse().unwrap(),
        partition: "aws".parse().unwrap(),
        propagation: Propagation::default(),
        readiness: Arc::default(),
    }
}

/// Runs the stack's two Creates; gives the id that was declared for the connector, if any.
async fn create(
    world: &World,
    wanted: &Wanted,
) -> (Result<(), RegisterError>, Option<ConnectorId>) {
    let registration = registration(world);
    let declared = OnceLock::new();
    let outcome = async {
        registration
            .check_role_names(&account(), &wanted.roles)
            .await?;
        registration
            .provide_identity(&account(), &Provider::Defender, || {})
            .await?;
        registration
            .connect(wanted, None, |id| drop(declared.set(id.clone())))
            .await?;
        Ok(())
    };
    let outcome = outcome.await;
    (outcome, declared.into_inner())
}

/// Runs the stack's two Deletes, as a rollback or a delete of the stack would.
async fn delete(world: &World, id: Option<&ConnectorId>) -> Result<(), RegisterError> {
    let registration = registration(world);
    if let Some(id) = id {
        registration.disconnect(&account(), id).await?;
    }
    registration
        .withdraw_identity(&account(), &Provider::Defender)
        .await
}

async fn every_crash_point(before: State, adopt_existing: bool) {
    let wanted = wanted(adopt_existing);
    for fault in [Fault::Before, Fault::After] {
        for nth in 0.. {
            let world = World::new(before.clone());
            world.fail(nth, fault);
            let (outcome, declared) = create(&world, &wanted).await;
            if !world.struck() {
                assert!(nth > 4, "the operation is not that short");
                outcome.unwrap();
                break;
            }
            // Rolled back: as it was.
            let rolled_back = World::new(world.state());
            delete(&rolled_back, declared.as_ref()).await.unwrap();
            assert_eq!(
                rolled_back.state(),
                before,
                "call {nth}, {fault:?}, rolled back"
            );
            // Delivered again instead: converges, and once more writes nothing.
            create(&world, &wanted).await.0.unwrap();
            world.take_writes();
            create(&world, &wanted).await.0.unwrap();
            assert_eq!(
                world.take_writes(),
                0,
                "call {nth}, {fault:?}, delivered a third time"
            );
            // Deleted in the end, interrupted at the same place and deleted again.
            let written = world.state().connectors[0].id.clone();
            world.fail(nth, fault);
            let _interrupted = delete(&world, Some(&written)).await;
            world.calm();
            delete(&world, Some(&written)).await.unwrap();
            assert_eq!(world.state(), before, "call {nth}, {fault:?}, deleted");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_account_survives_every_crash_point() {
    every_crash_point(State::default(), false).await;
}

#[tokio::test(start_paused = true)]
async fn an_adopted_account_survives_every_crash_point() {
    every_crash_point(portal(), true).await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_create_is_cleaned_up_whatever_id_it_wrote() {
    for before in [State::default(), portal()] {
        let world = World::new(before.clone());
        create(&world, &wanted(true)).await.0.unwrap();
        registration(&world)
            .disconnect_all(&account())
            .await
            .unwrap();
        registration(&world)
            .withdraw_identity(&account(), &Provider::Defender)
            .await
            .unwrap();
        assert_eq!(world.state(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn the_fewest_calls_do_the_job() {
    let world = World::default();
    create(&world, &wanted(false)).await.0.unwrap();
    assert_eq!(
        (world.take_calls(), world.take_writes()),
        (7, 2),
        "3 IAM, 4 ARM"
    );
    registration(&world)
        .connect(&wanted(false), None, |_| {})
        .await
        .unwrap();
    assert_eq!(
        (world.take_calls(), world.take_writes()),
        (1, 0),
        "one list"
    );
    registration(&world)
        .disconnect(&account(), &id("rg", "aws-123456789012"))
        .await
        .unwrap();
    assert_eq!(
        (world.take_calls(), world.take_writes()),
        (2, 1),
        "one look, one delete"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_writes_nothing() {
    let world = World::new(portal());
    let error = registration(&world)
        .connect(&wanted(false), None, |_| panic!())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("AdoptExisting=true"), "{error}");
    assert_eq!((world.take_writes(), world.state()), (0, portal()));
}

#[tokio::test(start_paused = true)]
async fn a_role_name_that_is_taken_is_named_with_its_parameter() {
    let role = |stack: &str| SeenRole {
        trust: json!({}),
        tags: BTreeMap::from([("StackId".to_owned(), stack.to_owned())]),
    };
    let world = World::default();
    let roles = wanted(false).roles;
    world.change(|state| {
        state
            .roles
            .insert("CspmMonitorAws".into(), role("arn:stack"));
    });
    registration(&world)
        .check_role_names(&account(), &roles)
        .await
        .unwrap();
    world.change(|state| drop(state.roles.insert("CspmMonitorAws".into(), role("other"))));
    let error = registration(&world)
        .check_role_names(&account(), &roles)
        .await
        .unwrap_err();
    let reason = error.to_string();
    assert!(
        reason.contains("CspmMonitorAws") && reason.contains("CspmMonitorRoleName"),
        "{reason}"
    );
    assert_eq!(world.take_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_removes_the_old_one_first_and_its_delete_finds_nothing() {
    let world = World::default();
    create(&world, &wanted(false)).await.0.unwrap();
    let old = id("rg", "aws-123456789012");
    let mut renamed = wanted(false);
    renamed.connector.id = id("rg", "renamed");
    registration(&world)
        .connect(&renamed, Some(&old), |_| {})
        .await
        .unwrap();
    registration(&world)
        .disconnect(&account(), &old)
        .await
        .unwrap();
    let ids: Vec<_> = world
        .state()
        .connectors
        .into_iter()
        .map(|seen| seen.id)
        .collect();
    assert_eq!(ids, [id("rg", "renamed")]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_former_body_never_deletes_an_adopted_connector() {
    let world = World::new(portal());
    create(&world, &wanted(true)).await.0.unwrap();
    world.change(|state| state.records.clear());
    registration(&world)
        .disconnect(&account(), &id("portal", "from-portal"))
        .await
        .unwrap();
    let left = world.state().connectors;
    assert_eq!(left.len(), 1);
    assert!(!left[0].is_owned_by(&deployment()));
}

/// A role as Microsoft's template makes it, which one more statement may let a user in by an
/// external id.
pub(crate) fn trusting(audience: &str, external_id: Option<&str>) -> SeenRole {
    let key = onboarding::provider::provider_host_path();
    let mut statements = vec![json!({
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider_arn(&"aws".parse().unwrap(), &account())},
        "Condition": {"StringEquals": {
            format!("{key}:aud"): audience,
            "sts:RoleSessionName": session_name(&TENANT.parse().unwrap()),
        }},
    })];
    statements.extend(external_id.map(|id| {
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:user"},
               "Condition": {"StringEquals": {"sts:ExternalId": id}}})
    }));
    SeenRole {
        trust: json!({ "Statement": statements }),
        tags: BTreeMap::new(),
    }
}

fn with_audit_logs() -> Plans {
    let audit_logs = Some(AuditLogs {
        retention_days: 30,
        external_id: None,
    });
    Plans {
        containers: Some(Containers {
            audit_logs,
            ..Containers::default()
        }),
        ..Plans::default()
    }
}
