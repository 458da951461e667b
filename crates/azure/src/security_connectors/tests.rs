use std::collections::{BTreeMap, BTreeSet};

use onboarding::connector::ScanInterval;
use onboarding::ports::Connectors;
use onboarding::{Connector, FailureKind, Plans, RoleArn, WantedConnector};
use serde_json::{Value, json};
use testkit::bodies::{Recorder, SentBody};
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

type Port<'a> = SecurityConnectors<'a, ClientSecretCredential<Given>>;

fn connectors(arm: &TestArm) -> Port<'_> {
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
        organization: None,
        offerings: Plans::default().offerings(|_| role.clone()),
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

/// The bodies of all PUTs, which were answered with this status; kept for a check from outside.
async fn sent(server: &MockServer, status: u16) -> Vec<Value> {
    let mut bodies = Vec::new();
    for request in asked(server).await {
        if request.method.as_str() != "PUT" {
            continue;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let query = request.url.query().unwrap_or_default();
        let sent = SentBody {
            api_version: query.trim_start_matches("api-version="),
            path: request.url.path(),
            status: Some(status),
            body: &body,
            stored: None,
        };
        Recorder::of_process().record(&sent).unwrap();
        bodies.push(body);
    }
    bodies
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

mod log;
mod versions;
mod writes;
