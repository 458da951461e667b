//! AWS as Defender sees it: not at all, as a test describes it, or through the local cloud.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::defender::{DEFENDER_TENANT, provider_arn};
use super::schema::defender_audiences;

/// Where Defender looks when a connector is written.
#[derive(Clone, Debug, Default)]
pub enum AwsView {
    /// Nowhere: every connector is taken at its word.
    #[default]
    NotLookedAt,
    /// Into accounts that the test describes.
    Accounts(AwsAccounts),
    /// Into an emulator of AWS, by the URL of its endpoint.
    Emulator(String),
}

/// A role with its trust policy.
#[derive(Clone, Debug)]
pub struct AwsRole {
    /// Full ARN.
    pub arn: String,
    /// The trust policy document.
    pub trust: Value,
}

/// One account: its identity providers by ARN and roles by name.
#[derive(Clone, Debug, Default)]
pub struct AwsAccount {
    /// Audiences by provider ARN.
    pub providers: BTreeMap<String, Vec<String>>,
    /// Roles by name.
    pub roles: BTreeMap<String, AwsRole>,
}

impl AwsAccount {
    /// Defender's provider with all audiences and the role of foundational CSPM.
    pub fn onboarded(account_id: &str, tenant_id: &str) -> Self {
        let provider = provider_arn("aws", account_id, DEFENDER_TENANT);
        let mut account = Self::default();
        account.providers.insert(provider, defender_audiences());
        account.with_role(
            account_id,
            "CspmMonitorAws",
            Self::defender_trust(
                account_id,
                tenant_id,
                "api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479",
            ),
        )
    }

    /// The trust that Defender needs for one audience.
    pub fn defender_trust(account_id: &str, tenant_id: &str, audience: &str) -> Value {
        let key = format!("sts.windows.net/{DEFENDER_TENANT}/:aud");
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Federated": provider_arn("aws", account_id, DEFENDER_TENANT) },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": { "StringLike": {
                    key: audience,
                    "sts:RoleSessionName": format!("MicrosoftDefenderForClouds_{tenant_id}"),
                } },
            }],
        })
    }

    /// Adds or replaces a role.
    #[must_use]
    pub fn with_role(mut self, account_id: &str, name: &str, trust: Value) -> Self {
        let arn = format!("arn:aws:iam::{account_id}:role/{name}");
        self.roles.insert(name.to_owned(), AwsRole { arn, trust });
        self
    }
}

/// Accounts by id; clones share their content, so a test can change it under way.
#[derive(Clone, Debug, Default)]
pub struct AwsAccounts {
    accounts: Arc<Mutex<BTreeMap<String, AwsAccount>>>,
}

impl AwsAccounts {
    /// Adds or replaces an account.
    pub fn set(&self, account_id: &str, account: AwsAccount) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account_id.to_owned(), account);
    }

    fn get(&self, account_id: &str) -> Option<AwsAccount> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(account_id).cloned()
    }
}

impl AwsView {
    /// The audiences of a provider, if it exists.
    pub(crate) async fn audiences(
        &self,
        http: &reqwest::Client,
        account: &str,
        provider_arn: &str,
    ) -> Result<Option<Vec<String>>, String> {
        match self {
            Self::NotLookedAt => Ok(None),
            Self::Accounts(accounts) => Ok(accounts
                .get(account)
                .and_then(|one| one.providers.get(provider_arn).cloned())),
            Self::Emulator(endpoint) => {
                let parameter = ("OpenIDConnectProviderArn", provider_arn);
                let answer: Option<ProviderResponse> = query(
                    http,
                    endpoint,
                    account,
                    "GetOpenIDConnectProvider",
                    parameter,
                )
                .await?;
                Ok(answer.map(|answer| answer.result.audiences.members))
            }
        }
    }

    /// A role of the account, by name.
    pub(crate) async fn role(
        &self,
        http: &reqwest::Client,
        account: &str,
        name: &str,
    ) -> Result<Option<AwsRole>, String> {
        match self {
            Self::NotLookedAt => Ok(None),
            Self::Accounts(accounts) => Ok(accounts
                .get(account)
                .and_then(|one| one.roles.get(name).cloned())),
            Self::Emulator(endpoint) => {
                let answer: Option<RoleResponse> =
                    query(http, endpoint, account, "GetRole", ("RoleName", name)).await?;
                answer
                    .map(|answer| answer.result.role.decoded())
                    .transpose()
            }
        }
    }
}

#[derive(Deserialize)]
struct ProviderResponse {
    #[serde(rename = "GetOpenIDConnectProviderResult")]
    result: ProviderResult,
}

#[derive(Deserialize)]
struct ProviderResult {
    #[serde(rename = "ClientIDList", default)]
    audiences: Members,
}

#[derive(Default, Deserialize)]
struct Members {
    #[serde(rename = "member", default)]
    members: Vec<String>,
}

#[derive(Deserialize)]
struct RoleResponse {
    #[serde(rename = "GetRoleResult")]
    result: RoleResult,
}

#[derive(Deserialize)]
struct RoleResult {
    #[serde(rename = "Role")]
    role: WireRole,
}

#[derive(Deserialize)]
struct WireRole {
    #[serde(rename = "Arn")]
    arn: String,
    #[serde(rename = "AssumeRolePolicyDocument")]
    trust: String,
}

impl WireRole {
    /// IAM sends policies percent-encoded.
    fn decoded(self) -> Result<AwsRole, String> {
        let text = percent_decode_str(&self.trust).decode_utf8_lossy();
        let trust = serde_json::from_str(&text)
            .map_err(|error| format!("the trust policy of {} is no JSON: {error}", self.arn))?;
        Ok(AwsRole {
            arn: self.arn,
            trust,
        })
    }
}

/// Asks the emulator as the account's root, which is what a 12-digit access key stands for there.
async fn query<T: DeserializeOwned>(
    http: &reqwest::Client,
    endpoint: &str,
    account: &str,
    action: &str,
    (name, value): (&str, &str),
) -> Result<Option<T>, String> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", "2010-05-08")
        .append_pair(name, value)
        .finish();
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/iam/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let response = http
        .post(endpoint)
        .header(AUTHORIZATION, credential)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .map_err(|error| format!("AWS did not answer {action}: {error}"))?;
    let status = response.status();
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status.is_success() {
        return quick_xml::de::from_str(&text)
            .map(Some)
            .map_err(|error| format!("the answer to {action} is unreadable: {error}"));
    }
    if text.contains("<Code>NoSuchEntity</Code>") {
        return Ok(None);
    }
    Err(format!("AWS answered {action} with HTTP {status}"))
}
