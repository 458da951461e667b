use std::collections::{BTreeMap, BTreeSet};

use onboarding::connector::{Offering, ScanInterval};
use onboarding::ports::Connectors;
use onboarding::{Connector, FailureKind, RoleArn, WantedConnector};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::rig::{Given, SUBSCRIPTION, TestArm, arm_error, asked, azure, ok, soon};
use crate::sign_in::ClientSecretCredential;

fn id() -> ConnectorId {
    path_of("aws-123456789012").parse().unwrap()
}

fn path_of(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/{name}"
    )
}

fn of_subscription(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security{rest}")
}

fn connectors(arm: &TestArm) -> SecurityConnectors<'_, ClientSecretCredential<Given>> {
    SecurityConnectors::new(arm, SUBSCRIPTION.parse().unwrap(), soon())
}

fn wanted() -> WantedConnector {
    let role = RoleArn::seen("arn:aws:iam::123456789012:role/CspmMonitorAws");
    WantedConnector {
        id: id(),
        account: "123456789012".parse().unwrap(),
        location: "eastus".parse().unwrap(),
        scan_interval: ScanInterval::from_hours(4).unwrap(),
        regions: BTreeSet::new(),
        offerings: vec![Offering::CspmMonitorAws {
            cloud_role_arn: Some(role),
        }],
        tags: BTreeMap::from([("DeploymentId".to_owned(), "prod".to_owned())]),
        withdrawn_tags: BTreeSet::new(),
    }
}

fn seen(etag: &str, deployment: &str) -> Value {
    json!({
        "id": path_of("aws-123456789012").to_lowercase(), "name": "aws-123456789012",
        "type": "Microsoft.Security/securityConnectors", "systemData": {}, "etag": etag,
        "location": "East US", "tags": {"DeploymentId": deployment},
        "properties": {"hierarchyIdentifier": "123456789012", "environmentName": "AWS",
            "environmentData": {"environmentType": "AwsAccount", "regions": [], "scanInterval": 24},
            "offerings": []},
    })
}

async fn answer(server: &MockServer, verb: &str, at: &str, template: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path(at))
        .respond_with(template)
        .mount(server)
        .await;
}

#[tokio::test]
async fn connectors_of_every_cloud_are_listed() {
    let (server, arm) = azure().await;
    let gcp = json!({"id": path_of("gcp"), "properties": {"environmentName": "GCP",
        "environmentData": {"environmentType": "GcpProject"}}});
    let list = ok(json!({"value": [seen("1", "prod"), gcp, {"id": "odd"}]}));
    answer(
        &server,
        "GET",
        &of_subscription("/securityConnectors"),
        list,
    )
    .await;
    let list: Vec<Connector> = connectors(&arm).list().await.unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(
        (&list[0].id, list[0].scan_interval_hours),
        (&id(), Some(24))
    );
    assert_eq!(list[1].environment, "GCP");
    let sent = asked(&server).await;
    assert_eq!(sent[0].url.query(), Some("api-version=2024-08-01-preview"));
}

#[tokio::test]
async fn one_that_is_not_there_is_none() {
    for code in ["ResourceNotFound", "ResourceGroupNotFound"] {
        let (server, arm) = azure().await;
        answer(&server, "GET", &id().to_string(), arm_error(404, code)).await;
        assert_eq!(connectors(&arm).get(&id()).await.unwrap(), None);
    }
    let (server, arm) = azure().await;
    answer(
        &server,
        "GET",
        &id().to_string(),
        arm_error(404, "SubscriptionNotFound"),
    )
    .await;
    let error = connectors(&arm).get(&id()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::NotFound);
    assert!(error.reason.contains("AzureSubscriptionId"), "{error}");
}

#[tokio::test]
async fn a_new_connector_is_put_under_its_name() {
    let (server, arm) = azure().await;
    let created = ResponseTemplate::new(201).set_body_json(seen("1", "prod"));
    answer(&server, "PUT", &id().to_string(), created).await;
    let written = connectors(&arm).put(&wanted(), None).await.unwrap();
    assert_eq!(written.id, id());
    let sent: Value = serde_json::from_slice(&asked(&server).await[0].body).unwrap();
    let example = include_str!("tests/new-connector.json");
    assert_eq!(sent, serde_json::from_str::<Value>(example).unwrap());
}

#[tokio::test]
async fn a_connector_that_changed_in_between_is_read_and_written_again() {
    let (server, arm) = azure().await;
    let at = id().to_string();
    let stale = arm_error(412, "PreconditionFailed");
    Mock::given(method("PUT"))
        .respond_with(stale)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    answer(&server, "GET", &at, ok(seen("2", "prod"))).await;
    answer(&server, "PUT", &at, ok(seen("3", "prod"))).await;
    let before = merge::read(seen("1", "prod")).unwrap();
    connectors(&arm)
        .put(&wanted(), Some(&before))
        .await
        .unwrap();
    let sent = asked(&server).await;
    let etag =
        |index: usize| serde_json::from_slice::<Value>(&sent[index].body).unwrap()["etag"].clone();
    assert_eq!((sent.len(), etag(0), etag(2)), (3, json!("1"), json!("2")));
}

#[tokio::test]
async fn one_that_keeps_changing_is_given_up_after_three_writes() {
    let (server, arm) = azure().await;
    let at = id().to_string();
    answer(&server, "PUT", &at, arm_error(412, "PreconditionFailed")).await;
    answer(&server, "GET", &at, ok(seen("2", "prod"))).await;
    let before = merge::read(seen("1", "prod")).unwrap();
    let error = connectors(&arm)
        .put(&wanted(), Some(&before))
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::Conflict);
    let writes = asked(&server)
        .await
        .iter()
        .filter(|r| r.method.as_str() == "PUT")
        .count();
    assert_eq!(writes, 3);
}

#[tokio::test]
async fn one_that_changed_hands_is_not_written_over() {
    for now in [
        ok(seen("2", "somebody-else")),
        arm_error(404, "ResourceNotFound"),
    ] {
        let (server, arm) = azure().await;
        let at = id().to_string();
        answer(&server, "PUT", &at, arm_error(412, "PreconditionFailed")).await;
        answer(&server, "GET", &at, now).await;
        let before = merge::read(seen("1", "prod")).unwrap();
        let error = connectors(&arm)
            .put(&wanted(), Some(&before))
            .await
            .unwrap_err();
        assert_eq!(error.kind, FailureKind::Conflict);
        assert_eq!(asked(&server).await.len(), 2);
    }
}

#[tokio::test]
async fn a_refusal_by_defender_is_passed_on_with_its_correlation() {
    let (server, arm) = azure().await;
    let body = json!({"statusCode": 400, "errorMessage": "Identity provider is missing from AWS account/s",
        "errorCorrelation": "11111111-2222-3333-4444-555555555555"});
    let refused = ResponseTemplate::new(400).set_body_json(body);
    answer(&server, "PUT", &id().to_string(), refused).await;
    let error = connectors(&arm).put(&wanted(), None).await.unwrap_err();
    assert!(error.refused_content);
    assert_eq!(error.kind, FailureKind::Invalid);
    for part in [
        "write security connector aws-123456789012 in resource group rg-mdc",
        "Identity provider is missing",
        "11111111-2222-3333-4444-555555555555",
    ] {
        assert!(error.reason.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_former_body_is_restored_without_what_the_service_sets() {
    let (server, arm) = azure().await;
    answer(&server, "PUT", &id().to_string(), ok(seen("9", "x"))).await;
    connectors(&arm)
        .restore(&id(), &seen("1", "theirs"))
        .await
        .unwrap();
    let sent: Value = serde_json::from_slice(&asked(&server).await[0].body).unwrap();
    let mut expected = seen("1", "theirs");
    for field in ["id", "name", "type", "systemData", "etag"] {
        expected.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn removal_of_what_is_gone_is_a_success() {
    for template in [
        ResponseTemplate::new(200),
        ResponseTemplate::new(204),
        arm_error(404, "ResourceNotFound"),
        arm_error(404, "ResourceGroupNotFound"),
    ] {
        let (server, arm) = azure().await;
        answer(&server, "DELETE", &id().to_string(), template).await;
        connectors(&arm).remove(&id()).await.unwrap();
    }
}

#[tokio::test]
async fn an_odd_name_is_one_segment_of_the_path() {
    let (server, arm) = azure().await;
    let odd = ConnectorId::seen(&path_of("a b?c#ä%2f")).unwrap();
    Mock::given(method("DELETE"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    connectors(&arm).remove(&odd).await.unwrap();
    assert_eq!(
        asked(&server).await[0].url.path(),
        path_of("a%20b%3Fc%23%C3%A4%252f")
    );
}

#[tokio::test]
async fn a_lock_on_the_connector_is_named() {
    let (server, arm) = azure().await;
    answer(
        &server,
        "DELETE",
        &id().to_string(),
        arm_error(409, "ScopeLocked"),
    )
    .await;
    let error = connectors(&arm).remove(&id()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    assert!(error.reason.contains("Remove the lock"), "{error}");
}

#[tokio::test]
async fn classic_connectors_are_listed_and_a_retired_kind_has_none() {
    let (server, arm) = azure().await;
    let details = json!({"authenticationType": "awsAssumeRole",
        "awsAssumeRoleArn": "arn:aws:iam::123456789012:role/old"});
    let list =
        ok(json!({"value": [{"name": "old", "properties": {"authenticationDetails": details}}]}));
    answer(&server, "GET", &of_subscription("/connectors"), list).await;
    let found = connectors(&arm).list_classic().await.unwrap();
    assert_eq!(
        (found[0].name.as_str(), found[0].account.as_deref()),
        ("old", Some("123456789012"))
    );
    assert_eq!(
        asked(&server).await[0].url.query(),
        Some("api-version=2020-01-01-preview")
    );

    for (status, code) in [
        (404, "ResourceNotFound"),
        (404, "InvalidResourceType"),
        (400, "NoRegisteredProviderFound"),
        (404, "NoRegisteredProviderFound"),
    ] {
        let (server, arm) = azure().await;
        answer(
            &server,
            "GET",
            &of_subscription("/connectors"),
            arm_error(status, code),
        )
        .await;
        assert_eq!(
            connectors(&arm).list_classic().await.unwrap(),
            vec![],
            "{status} {code}"
        );
    }
    let (server, arm) = azure().await;
    answer(
        &server,
        "GET",
        &of_subscription("/connectors"),
        arm_error(403, "Other"),
    )
    .await;
    assert_eq!(
        connectors(&arm).list_classic().await.unwrap_err().kind,
        FailureKind::Denied
    );
}

#[tokio::test]
async fn the_registration_of_the_provider_is_read() {
    let (server, arm) = azure().await;
    let provider = ok(
        json!({"namespace": "Microsoft.Security", "registrationState": "NotRegistered",
        "resourceTypes": [{"resourceType": "securityConnectors", "locations": ["East US"],
        "apiVersions": ["2024-08-01-preview"]}]}),
    );
    answer(&server, "GET", &of_subscription(""), provider).await;
    let offer = connectors(&arm).offer().await.unwrap();
    assert!(!offer.registered && offer.locations == ["East US"]);
    assert_eq!(
        asked(&server).await[0].url.query(),
        Some("api-version=2021-04-01")
    );
}

mod log;
