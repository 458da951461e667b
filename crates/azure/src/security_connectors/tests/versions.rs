use onboarding::ApiVersionSetting;
use onboarding::plans::{Servers, ServersSubPlan};

use super::log::logging;
use super::*;

const OLDER: &str = "2024-08-01-preview";
const NEWER: &str = "2026-08-01-preview";

fn speaking<'a>(arm: &'a TestArm, setting: &str) -> Port<'a> {
    let api_version = ApiVersionSetting::try_from(setting.to_owned()).unwrap();
    connectors(arm).speaking(Dialect {
        api_version,
        ..Dialect::default()
    })
}

async fn registered(server: &MockServer, versions: &[&str]) {
    let provider = json!({"namespace": "Microsoft.Security", "registrationState": "Registered",
        "resourceTypes": [{"resourceType": "securityConnectors", "locations": ["East US"],
        "apiVersions": versions}]});
    answer(server, "GET", &of_subscription(""), ok(provider)).await;
}

/// Every call that a connector takes.
async fn use_all(server: &MockServer, port: &Port<'_>) {
    let (at, all) = (id().to_string(), of_subscription("/securityConnectors"));
    answer(server, "GET", &all, ok(json!({"value": []}))).await;
    answer(server, "GET", &at, ok(seen("1", "prod"))).await;
    answer(server, "PUT", &at, ok(seen("1", "prod"))).await;
    answer(server, "DELETE", &at, ResponseTemplate::new(204)).await;
    port.list().await.unwrap();
    port.get(&id()).await.unwrap();
    port.put(&wanted(), None).await.unwrap();
    port.restore(&id(), &seen("1", "theirs")).await.unwrap();
    port.remove(&id()).await.unwrap();
}

async fn versions_asked(server: &MockServer) -> Vec<String> {
    let all = asked(server).await;
    let version = |request: &wiremock::Request| request.url.query().unwrap_or_default().to_owned();
    all.iter().map(version).collect()
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

#[tokio::test]
async fn a_fixed_version_is_spoken_in_every_call_and_asks_nobody() {
    for version in [OLDER, NEWER] {
        let (server, arm) = azure().await;
        let port = speaking(&arm, version);
        assert_eq!(port.api_version().await.unwrap().as_str(), version);
        use_all(&server, &port).await;
        assert_eq!(sent(&server, 200).await.len(), 2);
        let expected = vec![format!("api-version={version}"); 5];
        assert_eq!(versions_asked(&server).await, expected);
    }
}

#[tokio::test]
async fn auto_speaks_the_newest_that_is_offered_and_asks_once() {
    let (lines, guard) = logging();
    let (server, arm) = azure().await;
    registered(&server, &[OLDER, "2030-01-01", NEWER, "2021-07-01-preview"]).await;
    let port = speaking(&arm, "Auto");
    let (offer, version) = tokio::join!(port.offer(), port.api_version());
    assert_eq!(offer.unwrap().locations, ["East US"]);
    assert_eq!(version.unwrap().as_str(), NEWER);
    use_all(&server, &port).await;
    port.offer().await.unwrap();
    drop(guard);
    let mut expected = vec!["api-version=2021-04-01".to_owned()];
    expected.extend(vec![format!("api-version={NEWER}"); 5]);
    assert_eq!(versions_asked(&server).await, expected);
    let chosen = format!("azure.api_version={NEWER}");
    assert_eq!(lines.text().matches(&chosen).count(), 1, "{}", lines.text());
}

#[tokio::test]
async fn auto_takes_the_older_where_the_newer_is_not_offered() {
    let (server, arm) = azure().await;
    registered(&server, &[OLDER, "2023-10-01-preview"]).await;
    let version = speaking(&arm, "Auto").api_version().await.unwrap();
    assert_eq!(version.as_str(), OLDER);
}

#[tokio::test]
async fn auto_without_a_known_version_says_what_is_offered() {
    for (offered, shown) in [
        (
            vec!["2021-07-01-preview", "2030-01-01"],
            "2021-07-01-preview, 2030-01-01",
        ),
        (vec![], "it offers none"),
    ] {
        let (server, arm) = azure().await;
        registered(&server, &offered).await;
        let error = speaking(&arm, "Auto").list().await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Invalid);
        for part in [shown, "AzureApiVersion", OLDER, NEWER] {
            assert!(error.reason.contains(part), "{error}");
        }
        assert_eq!(asked(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_registration_that_cannot_be_read_is_asked_for_again() {
    let (server, arm) = azure().await;
    Mock::given(path(of_subscription("")))
        .respond_with(arm_error(404, "SubscriptionNotFound"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    registered(&server, &[OLDER]).await;
    let port = speaking(&arm, "Auto");
    let error = port.list().await.unwrap_err();
    assert!(error.reason.contains("AzureSubscriptionId"), "{error}");
    assert_eq!(port.api_version().await.unwrap().as_str(), OLDER);
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_reported_with_the_version_in_use() {
    let (_, arm) = azure().await;
    let mut odd = seen("1", "prod");
    odd["properties"]["offerings"] = json!([{"offeringType": "CspmMonitorAws",
        "nativeCloudConnection": 7}]);
    let odd = merge::read(odd).unwrap();
    let port = speaking(&arm, NEWER);
    let error = port.put(&wanted(), Some(&odd)).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Invalid);
    for part in [NEWER, "offering CspmMonitorAws", "aws-123456789012"] {
        assert!(error.reason.contains(part), "{error}");
    }
}

#[tokio::test]
async fn the_sub_plan_takes_the_form_of_the_dialect() {
    let plans = Plans {
        servers: Some(Servers {
            sub_plan: ServersSubPlan::P1,
            arc_auto_provisioning: None,
            vulnerability_assessment: None,
            endpoint_protection: false,
        }),
        ..Plans::default()
    };
    let wanted = WantedConnector {
        offerings: plans.offerings(|_| RoleArn::seen("arn:r")),
        ..wanted()
    };
    for (form, expected) in [
        (SubPlanForm::Object, json!({"type": "P1"})),
        (SubPlanForm::String, json!("P1")),
    ] {
        let (server, arm) = azure().await;
        answer(&server, "PUT", &id().to_string(), ok(seen("1", "prod"))).await;
        let dialect = Dialect {
            sub_plan_form: form,
            ..Dialect::default()
        };
        let port = connectors(&arm).speaking(dialect);
        port.put(&wanted, None).await.unwrap();
        let sent = sent(&server, 200).await;
        assert_eq!(sent[0]["properties"]["offerings"][1]["subPlan"], expected);
    }
}
