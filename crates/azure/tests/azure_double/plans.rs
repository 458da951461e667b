//! Every plan, in both API versions.

use azure::Dialect;
use onboarding::plans::{Containers, Cspm, Databases, DefenderCspm, Servers, ServersSubPlan};
use onboarding::{ApiVersion, ApiVersionSetting, Connector};

use super::*;

/// The examples of every plan, by the version that they are written in.
const EXAMPLES: [(ApiVersion, &str); 2] = [
    (
        ApiVersion::V20240801Preview,
        include_str!("../../src/security_connectors/merge/tests/all-plans.2024-08-01-preview.json"),
    ),
    (
        ApiVersion::V20260801Preview,
        include_str!("../../src/security_connectors/merge/tests/all-plans.2026-08-01-preview.json"),
    ),
];

/// A double that offers versions up to this one, and a connector as the example has it.
async fn with_every_plan(version: ApiVersion, example: &str) -> (AzureDouble, Arm, Connector) {
    let (double, arm) = start(SUBJECT, 0).await;
    let mut setup = SubscriptionSetup::new(SUBSCRIPTION, TENANT, "rg-mdc", CLIENT);
    let versions = ApiVersion::ALL.into_iter().filter(|one| *one <= version);
    setup.api_versions = versions.map(|one| one.to_string()).collect();
    double.add_subscription(setup);
    let example = serde_json::from_str(example).unwrap();
    double.seed_connector(SUBSCRIPTION, "rg-mdc", "aws-123456789012", example);
    let seen = automatic(&arm).get(&wanted(4).id).await.unwrap().unwrap();
    (double, arm, seen)
}

/// Every plan, without any feature that can be off.
fn featureless() -> WantedConnector {
    let plans = Plans {
        cspm: Cspm::Defender(DefenderCspm::default()),
        servers: Some(Servers {
            sub_plan: ServersSubPlan::P1,
            arc_auto_provisioning: None,
            vulnerability_assessment: None,
            endpoint_protection: false,
        }),
        containers: Some(Containers::default()),
        databases: Some(Databases::default()),
    };
    let role = |key| RoleArn::seen(format!("arn:aws:iam::123456789012:role/{key:?}"));
    WantedConnector {
        offerings: plans.offerings(role),
        ..wanted(4)
    }
}

fn automatic(arm: &Arm) -> SecurityConnectors<'_, FederatedCredential<Issued>> {
    connectors(arm).speaking(Dialect {
        api_version: ApiVersionSetting::Auto,
        ..Dialect::default()
    })
}

#[tokio::test]
async fn every_plan_is_written_taken_apart_and_written_again() {
    for (version, example) in EXAMPLES {
        let (double, arm, seen) = with_every_plan(version, example).await;
        let port = automatic(&arm);
        assert_eq!(port.api_version().await.unwrap(), version);
        let all = WantedConnector {
            offerings: seen.offerings.clone(),
            ..wanted(4)
        };
        assert_eq!(all.offerings.len(), 5);
        port.remove(&seen.id).await.unwrap();
        let created = port.put(&all, None).await.unwrap();
        assert_eq!(differences(&all, &created), vec![]);
        let bare = port.put(&featureless(), Some(&created)).await.unwrap();
        assert_eq!(differences(&featureless(), &bare), vec![]);
        let off = port.put(&wanted(4), Some(&bare)).await.unwrap();
        assert_eq!(differences(&wanted(4), &off), vec![]);
        let again = port.put(&all, Some(&off)).await.unwrap();
        assert_eq!(differences(&all, &again), vec![]);
        assert_eq!(again.body["properties"], created.body["properties"]);
        drop(double);
    }
}

#[tokio::test]
async fn a_version_that_is_not_offered_names_the_parameter() {
    let (_, example) = EXAMPLES[0];
    let (_double, arm, seen) = with_every_plan(ApiVersion::V20240801Preview, example).await;
    let port = connectors(&arm).speaking(Dialect {
        api_version: ApiVersionSetting::Fixed(ApiVersion::V20260801Preview),
        ..Dialect::default()
    });
    let error = port.put(&wanted(4), Some(&seen)).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Invalid);
    assert!(error.reason.contains("AzureApiVersion"), "{error}");
}
