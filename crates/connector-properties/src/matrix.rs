//! Every combination of a plan's features that a user can write: what is accepted is written to the
//! strict double and read back without a difference, what is refused names its path.

use std::collections::BTreeSet;
use std::time::Duration;

use azure::{
    ArmClient, ClientSecret, ClientSecretCredential, Deadline, Dialect, EntraApplication, Patience,
    SecurityConnectors, TokenSource,
};
use custom_resource::parse_properties;
use onboarding::diff::differences;
use onboarding::ports::Connectors;
use onboarding::{ApiVersion, PortError};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use testkit::azure_double::{
    ApplicationSetup, AzureDouble, SubscriptionSetup, TenantSetup, ThrottleSetup,
};

use super::tests::{SUBSCRIPTION, TENANT, deployment, limits, minimal};
use super::*;

mod space;

use space::{Combination, PLANS, all_together, combinations, organizations};

const CLIENT: &str = "bbbbbbbb-0000-4000-8000-000000000002";

struct Given;

impl ClientSecret for Given {
    async fn client_secret(&self, _: Deadline) -> Result<SecretString, PortError> {
        Ok("matrix".to_owned().into())
    }
}

type Arm = ArmClient<ClientSecretCredential<Given>>;

#[expect(
    clippy::disallowed_methods,
    reason = "stands in for the one HTTP client of the function"
)]
async fn azure() -> (AzureDouble, Arm) {
    let double = AzureDouble::start().await.unwrap();
    let application = ApplicationSetup::with_secret(CLIENT, "matrix");
    double.add_tenant(TenantSetup::new(TENANT, application));
    let mut subscription = SubscriptionSetup::new(SUBSCRIPTION, TENANT, "rg-mdc", CLIENT);
    subscription.throttle = ThrottleSetup {
        writes_per_second: 1e9,
        write_burst: u32::MAX,
        ..subscription.throttle
    };
    double.add_subscription(subscription);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let base: url::Url = double.base_url().parse().unwrap();
    let application = EntraApplication {
        authority: base.clone(),
        tenant_id: TENANT.parse().unwrap(),
        client_id: CLIENT.to_owned(),
    };
    let credential = ClientSecretCredential::new(Given);
    let tokens = TokenSource::new(http.clone(), application, credential, Patience::default());
    (
        double,
        ArmClient::new(http, base, tokens, Patience::default()),
    )
}

/// What the function makes of `Plans`: the wanted connector, or the path that it refuses.
fn read(plans: &Map<String, Value>, version: ApiVersion) -> Result<(Wanted, Dialect), String> {
    let mut properties = minimal();
    properties["Plans"] = plans.clone().into();
    properties["ApiVersion"] = json!(version.as_str());
    let parsed: SecurityConnectorProperties =
        parse_properties(&properties).map_err(|error| error.to_string())?;
    let wanted = parsed
        .wanted(&limits(), &deployment(), None)
        .map_err(|failure| failure.to_string())?;
    match wanted.newer_properties.first() {
        Some(path) if version < ApiVersion::V20260801Preview => {
            Err(format!("ResourceProperties.{path}: newer"))
        }
        _ => Ok((wanted, parsed.dialect())),
    }
}

fn refused_at(reason: &str) -> &str {
    let path = reason.strip_prefix("ResourceProperties.Plans.");
    path.and_then(|rest| rest.split(':').next())
        .unwrap_or_default()
}

/// The combination's verdict must be the one that the documentation gives.
fn judge(one: &Combination, version: ApiVersion) -> Option<(Wanted, Dialect)> {
    let plans = one.plans();
    match read(&plans, version) {
        Ok(read) => {
            let wrong = &one.refusals(version);
            assert!(wrong.is_empty(), "accepted {plans:?}, wrong at {wrong:?}");
            Some(read)
        }
        Err(reason) => {
            let expected = one.refusals(version);
            assert!(
                expected.contains(refused_at(&reason)),
                "{plans:?}: {reason}, expected {expected:?}"
            );
            None
        }
    }
}

async fn every_combination_of(plan: &str) -> (usize, usize) {
    let (_double, arm) = azure().await;
    let (mut accepted, mut refused) = (0, 0);
    for version in ApiVersion::ALL {
        for one in combinations(plan) {
            let Some((wanted, dialect)) = judge(&one, version) else {
                refused += 1;
                continue;
            };
            write(&arm, &wanted, dialect).await;
            accepted += 1;
        }
    }
    (accepted, refused)
}

async fn write(arm: &Arm, wanted: &Wanted, dialect: Dialect) {
    let deadline = Deadline::after(Duration::from_secs(20));
    let subscription = SUBSCRIPTION.parse().unwrap();
    let connectors = SecurityConnectors::new(arm, subscription, deadline).speaking(dialect);
    let written = connectors.put(&wanted.connector, None).await.unwrap();
    let different = differences(&wanted.connector, &written);
    assert!(
        different.is_empty(),
        "{different:?} in {:?}",
        wanted.connector
    );
}

#[tokio::test]
async fn cspm() {
    assert_eq!(every_combination_of("Cspm").await, space::CSPM);
}

#[tokio::test]
async fn servers() {
    assert_eq!(every_combination_of("Servers").await, space::SERVERS);
}

#[tokio::test]
async fn containers() {
    assert_eq!(every_combination_of("Containers").await, space::CONTAINERS);
}

#[tokio::test]
async fn databases() {
    assert_eq!(every_combination_of("Databases").await, space::DATABASES);
}

/// The offerings of one plan do not depend on another's, so the plans are combined as a whole: each
/// absent, off, with nothing and with everything.
#[tokio::test]
async fn plans_beside_each_other() {
    let (_double, arm) = azure().await;
    let mut shapes = BTreeSet::new();
    for plans in all_together() {
        let (wanted, dialect) = read(&plans, ApiVersion::V20260801Preview).unwrap();
        write(&arm, &wanted, dialect).await;
        let types = wanted.connector.offerings.iter();
        shapes.insert(
            types
                .map(|one| one.offering_type().to_owned())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(shapes.len(), 1 << PLANS.len(), "each plan on and off");
}

/// The organization's part does not depend on plans, so it is combined with the least and the most
/// of them.
#[tokio::test]
async fn the_organization_beside_plans() {
    let (_double, arm) = azure().await;
    let all = all_together();
    for plans in [all.first().unwrap(), all.last().unwrap()] {
        for part in organizations() {
            for version in ApiVersion::ALL {
                let mut properties = minimal();
                let newer = version == ApiVersion::V20260801Preview;
                properties["Plans"] = if newer { plans.clone() } else { Map::new() }.into();
                properties["ApiVersion"] = json!(version.as_str());
                properties["Organization"] = part.clone();
                let parsed: SecurityConnectorProperties = parse_properties(&properties).unwrap();
                let wanted = parsed.wanted(&limits(), &deployment(), None).unwrap();
                assert!(wanted.connector.organization.is_some());
                write(&arm, &wanted, parsed.dialect()).await;
            }
        }
    }
}
