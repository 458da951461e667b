//! AWS as Defender sees it: not at all, as a test describes it, or through the local cloud.

use serde_json::Value;

use super::aws_accounts::{AwsAccounts, AwsRole};
use super::aws_api::AwsApi;
use super::aws_instances::AwsInstance;
use super::aws_organization::{self, AwsOrganization};
use super::fleet::Fleet;
use super::iam::Iam;
use super::managed_policies;

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

/// A role as Defender meets it.
#[derive(Clone, Debug)]
pub(crate) struct SeenRole {
    pub arn: String,
    pub trust: Value,
    /// Identity policies, inline and attached.
    pub policies: Vec<Value>,
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
                let iam = Iam::new(AwsApi::new(http, endpoint, account));
                iam.audiences(provider_arn).await
            }
        }
    }

    /// A role of the account, by name.
    pub(crate) async fn role(
        &self,
        http: &reqwest::Client,
        account: &str,
        name: &str,
    ) -> Result<Option<SeenRole>, String> {
        match self {
            Self::NotLookedAt => Ok(None),
            Self::Accounts(accounts) => Ok(accounts
                .get(account)
                .and_then(|one| one.roles.get(name).cloned())
                .map(seen)),
            Self::Emulator(endpoint) => {
                let iam = Iam::new(AwsApi::new(http, endpoint, account));
                iam.role(name).await
            }
        }
    }

    /// The organization that the account is in.
    pub(crate) async fn organization(
        &self,
        http: &reqwest::Client,
        account: &str,
    ) -> Result<Option<AwsOrganization>, String> {
        match self {
            Self::NotLookedAt => Err("AWS is not looked at".to_owned()),
            Self::Accounts(accounts) => Ok(accounts.organization(account)),
            Self::Emulator(endpoint) => aws_organization::ask(http, endpoint, account).await,
        }
    }

    /// The Regions of the account.
    pub(crate) async fn regions(
        &self,
        http: &reqwest::Client,
        account: &str,
    ) -> Result<Vec<String>, String> {
        match self {
            Self::NotLookedAt => Ok(Vec::new()),
            Self::Accounts(accounts) => Ok(accounts
                .get(account)
                .map(|one| one.instances.into_keys().collect())
                .unwrap_or_default()),
            Self::Emulator(endpoint) => {
                let fleet = Fleet::new(AwsApi::new(http, endpoint, account));
                fleet.regions().await
            }
        }
    }

    /// The instances of the account in a Region.
    pub(crate) async fn instances(
        &self,
        http: &reqwest::Client,
        account: &str,
        region: &str,
    ) -> Result<Vec<AwsInstance>, String> {
        match self {
            Self::NotLookedAt => Ok(Vec::new()),
            Self::Accounts(accounts) => Ok(accounts
                .get(account)
                .and_then(|mut one| one.instances.remove(region))
                .unwrap_or_default()),
            Self::Emulator(endpoint) => {
                let fleet = Fleet::new(AwsApi::new(http, endpoint, account));
                fleet.instances(region).await
            }
        }
    }
}

fn seen(role: AwsRole) -> SeenRole {
    let mut policies = role.policies;
    policies.extend(
        role.attached
            .iter()
            .filter_map(|arn| managed_policies::document(arn)),
    );
    SeenRole {
        arn: role.arn,
        trust: role.trust,
        policies,
    }
}
