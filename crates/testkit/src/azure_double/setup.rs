//! What a test sets up: tenants, subscriptions, rights, throttling. The wire form is camelCase JSON.

use std::sync::LazyLock;

use serde::Deserialize;

use super::aws_view::AwsView;
use super::paths::Namespace;
use crate::bodies::Recorder;
use crate::federation_issuer::TOKEN_EXCHANGE_AUDIENCE;
use crate::quotas::{Quotas, ResourceManager};

/// What a double starts with.
#[derive(Clone, Debug)]
pub struct DoubleSetup {
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Where Defender looks.
    pub aws: AwsView,
    /// Keeps the bodies of connectors: as the process's environment asks for it, unless set.
    pub bodies: Recorder,
}

impl Default for DoubleSetup {
    fn default() -> Self {
        Self {
            port: 0,
            aws: AwsView::NotLookedAt,
            bodies: Recorder::of_process(),
        }
    }
}

/// An Entra tenant with its applications. Not `Debug`: it holds client secrets.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSetup {
    /// Directory (tenant) id.
    pub tenant_id: String,
    /// The applications that may sign in.
    #[serde(default)]
    pub applications: Vec<ApplicationSetup>,
    /// How long an access token is good for.
    #[serde(default = "default_token_lifetime_seconds")]
    pub token_lifetime_seconds: u64,
}

/// An application (or managed identity) of a tenant.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplicationSetup {
    /// Application (client) id.
    pub client_id: String,
    /// Object id of the service principal, named in refusals; made up when absent.
    pub object_id: Option<String>,
    /// Client secrets that are accepted.
    #[serde(default)]
    pub client_secrets: Vec<String>,
    /// Client secrets that were right until they expired.
    #[serde(default)]
    pub expired_client_secrets: Vec<String>,
    /// Whose assertions are accepted.
    #[serde(default)]
    pub federated_credentials: Vec<FederatedCredential>,
    /// So many federated sign-ins fail first, as while a new credential replicates.
    #[serde(default)]
    pub replication_failures: u32,
}

/// Which assertions an application accepts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FederatedCredential {
    /// Claim `iss`, to the letter.
    pub issuer: String,
    /// Claim `sub`, to the letter.
    pub subject: String,
    /// Claim `aud`.
    #[serde(default = "default_audience")]
    pub audience: String,
}

/// A subscription and what may be done in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionSetup {
    /// Subscription id.
    pub subscription_id: String,
    /// The tenant whose tokens it trusts.
    pub tenant_id: String,
    /// Resource groups that exist.
    #[serde(default)]
    pub resource_groups: Vec<String>,
    /// Where the provider offers connectors, by display name.
    #[serde(default = "default_locations")]
    pub locations: Vec<String>,
    /// Of Microsoft.Security: `Registered`, `NotRegistered`, `Registering` or `Unregistering`.
    #[serde(default = "default_registration_state")]
    pub registration_state: String,
    /// Of Microsoft.HybridCompute.
    #[serde(default = "default_registration_state")]
    pub hybrid_compute_registration_state: String,
    /// API versions the provider offers for connectors.
    #[serde(default = "default_api_versions")]
    pub api_versions: Vec<String>,
    /// Role assignments, flattened to actions.
    #[serde(default)]
    pub rights: Vec<Right>,
    /// Depth and refill of the token buckets.
    #[serde(default)]
    pub throttle: ThrottleSetup,
}

/// Actions that one client may perform.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Right {
    /// Application (client) id.
    pub client_id: String,
    /// Allowed actions; `*` stands for anything, slashes included.
    pub actions: Vec<String>,
    /// Taken away again from this entry's own actions.
    #[serde(default)]
    pub not_actions: Vec<String>,
    /// Only in this resource group; the whole subscription when absent.
    #[serde(default)]
    pub resource_group: Option<String>,
}

/// Token buckets per subscription, principal and kind of operation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ThrottleSetup {
    /// Refill of the bucket for reads.
    pub reads_per_second: f64,
    /// Depth of the bucket for reads.
    pub read_burst: u32,
    /// Refill of the bucket for writes.
    pub writes_per_second: f64,
    /// Depth of the bucket for writes.
    pub write_burst: u32,
    /// Refill of the bucket for deletes.
    pub deletes_per_second: f64,
    /// Depth of the bucket for deletes.
    pub delete_burst: u32,
}

impl Default for ThrottleSetup {
    /// What Microsoft publishes.
    fn default() -> Self {
        let published = *RESOURCE_MANAGER;
        Self {
            reads_per_second: published.reads.per_second,
            read_burst: published.reads.burst,
            writes_per_second: published.writes.per_second,
            write_burst: published.writes.burst,
            deletes_per_second: published.deletes.per_second,
            delete_burst: published.deletes.burst,
        }
    }
}

static RESOURCE_MANAGER: LazyLock<ResourceManager> = LazyLock::new(|| {
    Quotas::published()
        .unwrap_or_else(|error| panic!("data/quotas.json is no table of quotas: {error}"))
        .resource_manager
});

impl TenantSetup {
    /// A tenant with one application.
    pub fn new(tenant_id: impl Into<String>, application: ApplicationSetup) -> Self {
        Self {
            tenant_id: tenant_id.into(),
            applications: vec![application],
            token_lifetime_seconds: default_token_lifetime_seconds(),
        }
    }
}

impl ApplicationSetup {
    /// Signs in with a client secret.
    pub fn with_secret(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secrets: vec![secret.into()],
            ..Self::default()
        }
    }

    /// Signs in with assertions of one issuer and subject.
    pub fn federated(
        client_id: impl Into<String>,
        issuer: impl Into<String>,
        subject: impl Into<String>,
    ) -> Self {
        let credential = FederatedCredential {
            issuer: issuer.into(),
            subject: subject.into(),
            audience: default_audience(),
        };
        Self {
            client_id: client_id.into(),
            federated_credentials: vec![credential],
            ..Self::default()
        }
    }
}

impl SubscriptionSetup {
    /// A registered subscription with one resource group, in which `client_id` may do everything.
    pub fn new(
        subscription_id: impl Into<String>,
        tenant_id: impl Into<String>,
        resource_group: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        Self {
            subscription_id: subscription_id.into(),
            tenant_id: tenant_id.into(),
            resource_groups: vec![resource_group.into()],
            locations: default_locations(),
            registration_state: default_registration_state(),
            hybrid_compute_registration_state: default_registration_state(),
            api_versions: default_api_versions(),
            rights: vec![Right::of(client_id, &["*"])],
            throttle: ThrottleSetup::default(),
        }
    }
}

impl SubscriptionSetup {
    pub(crate) fn registration_of(&self, namespace: Namespace) -> &str {
        match namespace {
            Namespace::Security => &self.registration_state,
            Namespace::HybridCompute => &self.hybrid_compute_registration_state,
        }
    }
}

impl Right {
    /// These actions in the whole subscription.
    pub fn of(client_id: impl Into<String>, actions: &[&str]) -> Self {
        Self {
            client_id: client_id.into(),
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
            not_actions: Vec::new(),
            resource_group: None,
        }
    }
}

fn default_token_lifetime_seconds() -> u64 {
    3599
}

fn default_audience() -> String {
    TOKEN_EXCHANGE_AUDIENCE.to_owned()
}

fn default_locations() -> Vec<String> {
    ["Central US", "East US", "North Europe", "West Europe"]
        .map(str::to_owned)
        .to_vec()
}

fn default_registration_state() -> String {
    "Registered".to_owned()
}

/// Newest first, as the registration lists them. The double plays the first two.
fn default_api_versions() -> Vec<String> {
    [
        "2026-08-01-preview",
        "2024-08-01-preview",
        "2024-07-01-preview",
        "2024-03-01-preview",
        "2023-10-01-preview",
        "2023-03-01-preview",
        "2022-08-01-preview",
        "2022-05-01-preview",
        "2021-12-01-preview",
        "2021-07-01-preview",
    ]
    .map(str::to_owned)
    .to_vec()
}
