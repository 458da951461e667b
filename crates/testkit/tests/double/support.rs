//! A client that is signed in to a double with one subscription.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use testkit::azure_double::{
    ApplicationSetup, AwsView, AzureDouble, DoubleSetup, SubscriptionSetup, TenantSetup,
};
use testkit::bodies::Recorder;

pub const TENANT: &str = "7d1a6f6e-0000-4000-8000-000000000001";
pub const CLIENT: &str = "c1a6f6e0-0000-4000-8000-000000000002";
pub const SECRET: &str = "a secret";
pub const SUBSCRIPTION: &str = "5b1a6f6e-0000-4000-8000-000000000003";
pub const GROUP: &str = "rg-Defender";
pub const ACCOUNT: &str = "111122223333";
pub const VERSION: &str = "2024-08-01-preview";

pub struct Azure {
    pub double: AzureDouble,
    pub http: reqwest::Client,
    pub token: String,
}

impl Azure {
    pub async fn start() -> Self {
        Self::start_with(AwsView::NotLookedAt, subscription()).await
    }

    pub async fn start_with(aws: AwsView, subscription: SubscriptionSetup) -> Self {
        let setup = DoubleSetup {
            aws,
            // These tests send wrong bodies on purpose, and none of our client's.
            bodies: Recorder::off(),
            ..DoubleSetup::default()
        };
        Self::start_as(setup, subscription).await
    }

    pub async fn start_as(setup: DoubleSetup, subscription: SubscriptionSetup) -> Self {
        let double = AzureDouble::start_as(setup).await.unwrap();
        double.add_tenant(TenantSetup::new(
            TENANT,
            ApplicationSetup::with_secret(CLIENT, SECRET),
        ));
        double.add_subscription(subscription);
        let mut azure = Self {
            double,
            http: http_client(),
            token: String::new(),
        };
        let answer = azure.sign_in(&[("client_secret", SECRET)]).await;
        azure.token = json_of(answer).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        azure
    }

    /// A token request of the usual kind with these fields added or replaced.
    pub async fn sign_in(&self, fields: &[(&str, &str)]) -> Response {
        self.sign_in_to(TENANT, fields).await
    }

    pub async fn sign_in_to(&self, tenant: &str, fields: &[(&str, &str)]) -> Response {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("scope", "https://management.azure.com/.default"),
        ];
        form.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        form.extend(fields);
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.double.base_url());
        self.http.post(url).form(&form).send().await.unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.double.base_url());
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub async fn put(&self, name: &str, body: &Value) -> Response {
        self.request(Method::PUT, &connector(name))
            .json(body)
            .send()
            .await
            .unwrap()
    }

    pub async fn delete(&self, name: &str) -> Response {
        self.request(Method::DELETE, &connector(name))
            .send()
            .await
            .unwrap()
    }
}

pub fn subscription() -> SubscriptionSetup {
    SubscriptionSetup::new(SUBSCRIPTION, TENANT, GROUP, CLIENT)
}

/// Path and query of a connector.
pub fn connector(name: &str) -> String {
    format!("{}?api-version={VERSION}", connector_id(name))
}

pub fn connector_id(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Security/securityConnectors/{name}"
    )
}

/// A connector with foundational CSPM for an account.
pub fn foundational(account: &str) -> Value {
    json!({
        "location": "eastus",
        "tags": { "Team": "Security" },
        "properties": {
            "hierarchyIdentifier": account,
            "environmentName": "AWS",
            "environmentData": { "environmentType": "AwsAccount", "scanInterval": 4 },
            "offerings": [{
                "offeringType": "CspmMonitorAws",
                "nativeCloudConnection": {
                    "cloudRoleArn": format!("arn:aws:iam::{account}:role/CspmMonitorAws"),
                },
            }],
        },
    })
}

pub async fn json_of(answer: Response) -> Value {
    answer.json().await.unwrap()
}

/// Status and code of an error in ARM's shape.
pub async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body = json_of(answer).await;
    (
        status,
        body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "a plain client to look at the double with"
)]
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
