use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use testkit::azure_double::{ApplicationSetup, TenantSetup};
use testkit::federation_issuer::{FederationIssuer, TOKEN_EXCHANGE_AUDIENCE};

use crate::support::{Azure, CLIENT, SUBSCRIPTION, TENANT, json_of};

const SUBJECT: &str = "arn:aws:iam::111122223333:role/DefenderConnectorAzureSignIn";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn refused(answer: Response) -> (u16, String, u64) {
    let status = answer.status().as_u16();
    let body = json_of(answer).await;
    let code = body["error_codes"][0].as_u64().unwrap();
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.starts_with(&format!("AADSTS{code}: ")),
        "{description}"
    );
    for part in [" Trace ID: ", " Correlation ID: ", " Timestamp: "] {
        assert!(description.contains(part), "{description}");
    }
    (status, body["error"].as_str().unwrap().to_owned(), code)
}

async fn federated(azure: &Azure, assertion: &str) -> Response {
    let fields = [
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    azure.sign_in(&fields).await
}

async fn with_issuer(replication_failures: u32) -> (Azure, FederationIssuer) {
    let azure = Azure::start().await;
    let issuer = FederationIssuer::start().await.unwrap();
    let mut application = ApplicationSetup::federated(CLIENT, issuer.url(), SUBJECT);
    application.replication_failures = replication_failures;
    azure
        .double
        .add_tenant(TenantSetup::new(TENANT, application));
    (azure, issuer)
}

fn claims(issuer: &FederationIssuer, change: impl Fn(&mut Value)) -> Value {
    let mut claims = json!({
        "iss": issuer.url(),
        "sub": SUBJECT,
        "aud": TOKEN_EXCHANGE_AUDIENCE,
        "nbf": 1_700_000_000,
        "exp": 4_000_000_000_u64,
    });
    change(&mut claims);
    claims
}

#[tokio::test]
async fn a_good_assertion_signs_in_and_the_token_works() {
    let (mut azure, issuer) = with_issuer(0).await;
    let assertion = issuer.assertion(SUBJECT, TOKEN_EXCHANGE_AUDIENCE).unwrap();
    let answer = json_of(federated(&azure, &assertion).await).await;
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 3599);
    azure.token = answer["access_token"].as_str().unwrap().to_owned();
    let path = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security?api-version=2021-04-01"
    );
    assert_eq!(azure.get(&path).await.status(), 200);
}

#[tokio::test]
async fn a_forged_assertion_does_not() {
    let (azure, issuer) = with_issuer(0).await;
    let forged = issuer
        .forger()
        .unwrap()
        .sign(&claims(&issuer, |_| ()))
        .unwrap();
    let expected = (401, "invalid_client".to_owned(), 700_027);
    assert_eq!(refused(federated(&azure, &forged).await).await, expected);
}

#[tokio::test]
async fn every_claim_counts() {
    type Change = fn(&mut Value);
    let (azure, issuer) = with_issuer(0).await;
    let cases: [(Change, u64); 7] = [
        (
            |claims| claims["iss"] = json!("http://127.0.0.1:1"),
            700_211,
        ),
        (
            |claims| claims["sub"] = json!(SUBJECT.to_uppercase()),
            700_213,
        ),
        (|claims| claims["aud"] = json!("sts.amazonaws.com"), 700_212),
        (
            |claims| claims["aud"] = json!([TOKEN_EXCHANGE_AUDIENCE]),
            50_027,
        ),
        (|claims| claims["exp"] = json!(1_700_000_001), 700_024),
        (|claims| claims["nbf"] = json!(3_900_000_000_u64), 700_024),
        (|claims| claims["exp"] = Value::Null, 50_027),
    ];
    for (change, code) in cases {
        let assertion = issuer.sign(&claims(&issuer, change)).unwrap();
        assert_eq!(refused(federated(&azure, &assertion).await).await.2, code);
    }
    assert_eq!(refused(federated(&azure, "no.jwt").await).await.2, 50_027);
}

#[tokio::test]
async fn an_unreachable_issuer_is_said_to_be_one() {
    let azure = Azure::start().await;
    let issuer = FederationIssuer::start().await.unwrap();
    azure.double.add_tenant(TenantSetup::new(
        TENANT,
        ApplicationSetup::federated(CLIENT, issuer.url(), SUBJECT),
    ));
    let assertion = issuer.assertion(SUBJECT, TOKEN_EXCHANGE_AUDIENCE).unwrap();
    drop(issuer);
    let expected = (400, "invalid_request".to_owned(), 50_166);
    assert_eq!(refused(federated(&azure, &assertion).await).await, expected);
}

#[tokio::test]
async fn a_new_credential_takes_its_time() {
    let (azure, issuer) = with_issuer(2).await;
    let assertion = issuer.assertion(SUBJECT, TOKEN_EXCHANGE_AUDIENCE).unwrap();
    for _ in 0..2 {
        let expected = (400, "invalid_request".to_owned(), 70_021);
        assert_eq!(refused(federated(&azure, &assertion).await).await, expected);
    }
    assert_eq!(federated(&azure, &assertion).await.status(), 200);
}

#[tokio::test]
async fn wrong_settings_are_told_apart() {
    let azure = Azure::start().await;
    let mut application = ApplicationSetup::with_secret(CLIENT, "new");
    application.expired_client_secrets = vec!["old".to_owned()];
    azure
        .double
        .add_tenant(TenantSetup::new(TENANT, application));
    let secret = ("client_secret", "new");
    let other = "00000000-0000-4000-8000-000000000009";
    let cases = [
        (
            azure.sign_in_to(other, &[secret]).await,
            (400, "invalid_request", 90_002),
        ),
        (
            azure.sign_in(&[secret, ("client_id", other)]).await,
            (400, "unauthorized_client", 700_016),
        ),
        (
            azure.sign_in(&[("client_secret", "wrong")]).await,
            (401, "invalid_client", 7_000_215),
        ),
        (
            azure.sign_in(&[("client_secret", "old")]).await,
            (401, "invalid_client", 7_000_222),
        ),
        (azure.sign_in(&[]).await, (401, "invalid_client", 7_000_218)),
        (
            azure
                .sign_in(&[secret, ("scope", "https://graph.microsoft.com/.default")])
                .await,
            (400, "invalid_scope", 1_002_012),
        ),
        (
            azure.sign_in(&[secret, ("grant_type", "password")]).await,
            (400, "unsupported_grant_type", 70_003),
        ),
    ];
    for (answer, (status, error, code)) in cases {
        assert_eq!(refused(answer).await, (status, error.to_owned(), code));
    }
    assert_eq!(azure.sign_in(&[secret]).await.status(), 200);
}

#[tokio::test]
async fn sign_ins_are_counted_but_forms_are_not_kept() {
    let azure = Azure::start().await;
    azure.sign_in(&[("client_secret", "very secret")]).await;
    let seen = azure.double.sign_ins(TENANT);
    assert_eq!(
        seen.iter().map(|one| one.status).collect::<Vec<_>>(),
        [Some(200), Some(401)]
    );
    let everything = serde_json::to_string(&azure.double.requests()).unwrap();
    assert!(!everything.contains("very secret"));
    assert!(!everything.contains(&azure.token));
}

#[tokio::test]
async fn tokens_expire() {
    let azure = Azure::start().await;
    let mut tenant = TenantSetup::new(TENANT, ApplicationSetup::with_secret(CLIENT, "s"));
    tenant.token_lifetime_seconds = 1;
    azure.double.add_tenant(tenant);
    let answer = json_of(azure.sign_in(&[("client_secret", "s")]).await).await;
    let short = Azure {
        token: answer["access_token"].as_str().unwrap().to_owned(),
        ..azure
    };
    let path = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security?api-version=2021-04-01"
    );
    assert_eq!(short.get(&path).await.status(), 200);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let answer = short.get(&path).await;
    assert!(answer.headers().contains_key("www-authenticate"));
    assert_eq!(
        crate::support::refusal(answer).await,
        (401, "ExpiredAuthenticationToken".to_owned())
    );
}
