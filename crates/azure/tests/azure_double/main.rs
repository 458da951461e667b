//! The whole way, from an assertion to a connector and back, against the Azure double: an
//! independent reading of the same documents, and a strict one.

#![expect(clippy::unwrap_used, reason = "a test ends where its set-up fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use azure::{
    ArmClient, ClientAssertion, Deadline, EntraApplication, FederatedCredential, Patience,
    SecurityConnectors, TokenSource,
};
use onboarding::connector::ScanInterval;
use onboarding::diff::differences;
use onboarding::ports::Connectors;
use onboarding::{FailureKind, Plans, PortError, RoleArn, WantedConnector};
use secrecy::SecretString;
use serde_json::json;
use testkit::azure_double::{
    ApplicationSetup, AzureDouble, Fault, Right, SubscriptionSetup, TenantSetup,
};
use testkit::federation_issuer::FederationIssuer;

mod machines;
mod organization;
mod plans;

const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const CLIENT: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const SUBSCRIPTION: &str = "cccccccc-0000-4000-8000-000000000003";
const SUBJECT: &str = "arn:aws:iam::123456789012:role/DefenderConnectorAzureSignIn";

struct Issued {
    issuer: FederationIssuer,
    subject: &'static str,
}

impl ClientAssertion for Issued {
    async fn assertion(&self, _: Deadline) -> Result<SecretString, PortError> {
        let signed = self
            .issuer
            .assertion(self.subject, "api://AzureADTokenExchange");
        signed
            .map(SecretString::from)
            .map_err(|error| PortError::new(FailureKind::Transient, error.to_string()))
    }
}

type Arm = ArmClient<FederatedCredential<Issued>>;

fn patience() -> Patience {
    Patience {
        federation: Duration::from_millis(800),
        authorization: Duration::from_millis(300),
        unavailable: Duration::from_secs(2),
        first_wait: Duration::from_millis(20),
        first_replication_wait: Duration::from_millis(50),
        poll: Duration::from_millis(20),
        ..Patience::default()
    }
}

async fn start(subject: &'static str, replication_failures: u32) -> (AzureDouble, Arm) {
    let double = AzureDouble::start().await.unwrap();
    let issuer = FederationIssuer::start().await.unwrap();
    let mut application = ApplicationSetup::federated(CLIENT, issuer.url(), SUBJECT);
    application.replication_failures = replication_failures;
    double.add_tenant(TenantSetup::new(TENANT, application));
    double.add_subscription(SubscriptionSetup::new(
        SUBSCRIPTION,
        TENANT,
        "rg-mdc",
        CLIENT,
    ));
    let arm = arm(&double, issuer, subject);
    (double, arm)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shared client is another crate's"
)]
fn arm(double: &AzureDouble, issuer: FederationIssuer, subject: &'static str) -> Arm {
    let refuse = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(refuse)
        .build()
        .unwrap();
    let base: url::Url = double.base_url().parse().unwrap();
    let application = EntraApplication {
        authority: base.clone(),
        tenant_id: TENANT.parse().unwrap(),
        client_id: CLIENT.to_owned(),
    };
    let credential = FederatedCredential::new(Issued { issuer, subject });
    let tokens = TokenSource::new(http.clone(), application, credential, patience());
    ArmClient::new(http, base, tokens, patience())
}

fn connectors(arm: &Arm) -> SecurityConnectors<'_, FederatedCredential<Issued>> {
    let deadline = Deadline::after(Duration::from_secs(20));
    SecurityConnectors::new(arm, SUBSCRIPTION.parse().unwrap(), deadline)
}

fn wanted(hours: i64) -> WantedConnector {
    let role = RoleArn::seen("arn:aws:iam::123456789012:role/CspmMonitorAws");
    WantedConnector {
        id: format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/aws-123456789012").parse().unwrap(),
        account: "123456789012".parse().unwrap(),
        location: "eastus".parse().unwrap(),
        scan_interval: ScanInterval::from_hours(hours).unwrap(),
        regions: BTreeSet::new(),
        organization: None,
        offerings: Plans::default().offerings(|_| role.clone()),
        tags: BTreeMap::from([("DeploymentId".to_owned(), "prod".to_owned())]),
        withdrawn_tags: BTreeSet::new(),
    }
}

#[tokio::test]
async fn a_connector_lives_and_dies() {
    let (double, arm) = start(SUBJECT, 0).await;
    let port = connectors(&arm);
    assert!(port.offer().await.unwrap().registered);
    assert_eq!(port.list().await.unwrap(), vec![]);
    assert_eq!(port.list_classic().await.unwrap(), vec![]);
    let created = port.put(&wanted(4), None).await.unwrap();
    assert_eq!(differences(&wanted(4), &created), vec![]);
    let listed = port.list().await.unwrap();
    let updated = port.put(&wanted(12), listed.first()).await.unwrap();
    assert_eq!(differences(&wanted(12), &updated), vec![]);
    assert_eq!(
        port.get(&wanted(4).id)
            .await
            .unwrap()
            .unwrap()
            .scan_interval_hours,
        Some(12)
    );
    port.remove(&wanted(4).id).await.unwrap();
    port.remove(&wanted(4).id).await.unwrap();
    assert_eq!(port.get(&wanted(4).id).await.unwrap(), None);
    assert_eq!(double.sign_ins(TENANT).len(), 1);
}

#[tokio::test]
async fn a_former_connector_comes_back_as_it_was() {
    let (double, arm) = start(SUBJECT, 0).await;
    let port = connectors(&arm);
    double.seed_connector(SUBSCRIPTION, "rg-mdc", "aws-123456789012", json!({
        "location": "eastus", "tags": {"Owner": "portal"}, "properties": {
            "hierarchyIdentifier": "123456789012", "environmentName": "AWS",
            "environmentData": {"environmentType": "AwsAccount", "regions": [], "scanInterval": 24},
            "offerings": [{"offeringType": "CspmMonitorAws", "nativeCloudConnection":
                {"cloudRoleArn": "arn:aws:iam::123456789012:role/Theirs"}}]},
    }));
    let former = port.get(&wanted(4).id).await.unwrap().unwrap();
    let adopted = port.put(&wanted(4), Some(&former)).await.unwrap();
    assert_eq!(adopted.tags["Owner"], "portal");
    port.restore(&former.id, &former.body).await.unwrap();
    let after = port.get(&former.id).await.unwrap().unwrap();
    assert_eq!(after.body["properties"], former.body["properties"]);
    assert_eq!(after.tags, former.tags);
}

#[tokio::test]
async fn pages_and_long_running_writes_are_followed() {
    let (double, arm) = start(SUBJECT, 0).await;
    let port = connectors(&arm);
    let change = json!({"pageSize": 2, "emptyFirstPage": true, "asynchronousWrites":
        {"polls": 2, "outcome": "Succeeded", "announcedBy": "azureAsyncOperation",
         "retryAfterSeconds": 0}});
    double.switch(None, change).unwrap();
    for n in 0..5 {
        double.seed_connector(
            SUBSCRIPTION,
            "rg-mdc",
            &format!("gcp-{n}"),
            json!({
            "location": "eastus", "properties": {"hierarchyIdentifier": format!("project-{n}"),
            "environmentName": "GCP", "environmentData": {"environmentType": "GcpProject"}}}),
        );
    }
    let created = port.put(&wanted(6), None).await.unwrap();
    assert_eq!(created.scan_interval_hours, Some(6));
    assert_eq!(port.list().await.unwrap().len(), 6);
    port.remove(&created.id).await.unwrap();
    assert_eq!(port.get(&created.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_write_that_was_cut_off_after_it_took_effect_makes_one_connector() {
    let (double, arm) = start(SUBJECT, 0).await;
    let port = connectors(&arm);
    double.fault(SUBSCRIPTION, Fault::closed().on("PUT").after_applying());
    port.put(&wanted(4), None).await.unwrap();
    assert_eq!(port.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn expired_tokens_are_replaced() {
    let (double, arm) = start(SUBJECT, 0).await;
    let port = connectors(&arm);
    port.list().await.unwrap();
    double.expire_tokens();
    port.list().await.unwrap();
    assert_eq!(double.sign_ins(TENANT).len(), 2);
}

#[tokio::test]
async fn a_new_federated_credential_is_waited_for_and_a_wrong_one_is_explained() {
    let (double, arm) = start(SUBJECT, 2).await;
    connectors(&arm).list().await.unwrap();
    assert_eq!(double.sign_ins(TENANT).len(), 3);

    let wrong = "arn:aws:iam::123456789012:role/Another";
    let (double, arm) = start(wrong, 0).await;
    let error = connectors(&arm).list().await.unwrap_err();
    assert!(
        error.reason.contains(&format!("subject '{wrong}'")),
        "{error}"
    );
    assert!(error.reason.contains("AzureClientId"), "{error}");
    assert!((2..=6).contains(&double.sign_ins(TENANT).len()));
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let (double, arm) = start(SUBJECT, 0).await;
    let mut setup = SubscriptionSetup::new(SUBSCRIPTION, TENANT, "rg-mdc", CLIENT);
    setup.rights = vec![Right::of(
        CLIENT,
        &["Microsoft.Security/securityConnectors/read"],
    )];
    double.add_subscription(setup);
    let port = connectors(&arm);
    port.list().await.unwrap();
    let error = port.put(&wanted(4), None).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    assert!(
        error
            .reason
            .contains("Microsoft.Security/securityConnectors/write"),
        "{error}"
    );
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let (double, arm) = start(SUBJECT, 0).await;
    let mut nowhere = wanted(4);
    nowhere.id.resource_group = "rg-missing".parse().unwrap();
    let error = connectors(&arm).put(&nowhere, None).await.unwrap_err();
    assert!(error.reason.contains("AzureResourceGroup"), "{error}");

    let other = "dddddddd-0000-4000-8000-000000000004".parse().unwrap();
    let deadline = Deadline::after(Duration::from_secs(20));
    let error = SecurityConnectors::new(&arm, other, deadline)
        .list()
        .await
        .unwrap_err();
    assert!(error.reason.contains("AzureSubscriptionId"), "{error}");

    let mut setup = SubscriptionSetup::new(SUBSCRIPTION, TENANT, "rg-mdc", CLIENT);
    setup.registration_state = "NotRegistered".to_owned();
    double.add_subscription(setup);
    assert!(!connectors(&arm).offer().await.unwrap().registered);
    let error = connectors(&arm).put(&wanted(4), None).await.unwrap_err();
    assert!(error.reason.contains("az provider register"), "{error}");
}
