//! Azure, as far as a security connector meets it: Entra's token endpoint, Resource Manager, and
//! Defender for Cloud behind it, on one base URL.
//!
//! It is strict: an unknown field, a wrong enum or a wrong type is a 400, an assertion is verified
//! to the last claim, rights and rates are enforced. What Microsoft leaves open is a switch.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use serde_json::Value;

use crate::http_server::{Server, bind};

mod admin;
mod admission;
mod answer;
mod arc_platforms;
mod arm;
mod assertion;
mod aws_accounts;
mod aws_api;
mod aws_instances;
mod aws_organization;
mod aws_view;
mod clock;
mod connectors;
mod defaults;
mod defender;
mod document;
mod entra;
mod faults;
mod fleet;
mod gate;
mod iam;
mod listing;
mod machines;
mod managed_policies;
mod operations;
mod paths;
mod permissions;
mod policy;
mod provider;
mod requests;
mod resources;
mod rights;
mod roles;
mod rules;
mod schema;
mod sent;
mod setup;
mod shown;
mod state;
mod sub_plan;
mod switches;
mod tags;
mod throttle;
mod traverse;
mod trust;
mod validation;

pub use aws_accounts::{
    AwsAccount, AwsAccounts, AwsRole, CIEM_SUBJECT, DATA_COLLECTION_EXTERNAL_ID,
};
pub use aws_instances::{AwsInstance, AwsNode};
pub use aws_organization::{AwsMember, AwsOrganization, STACK_SETS};
pub use aws_view::AwsView;
pub use defender::arc_provisioning::ArcStep;
pub use defender::discovery::DiscoveryStep;
pub use faults::Fault;
pub use requests::{Counters, RecordedRequest};
pub use setup::{
    ApplicationSetup, DoubleSetup, FederatedCredential, Right, SubscriptionSetup, TenantSetup,
    ThrottleSetup,
};
pub use switches::{
    Announcement, ArcProvisioning, AsynchronousWrites, DirectWrites, Discovery,
    DuplicateConnectors, MeetsStandalone, Outcome, ParentHierarchyId, SubPlanForm, Switches,
};

use defender::{arc_provisioning, discovery};
use state::Shared;

/// A running double; it stops when it is dropped.
pub struct AzureDouble {
    shared: Arc<Shared>,
    _server: Server,
}

impl AzureDouble {
    /// Starts on a free port; connectors are taken at their word about AWS.
    pub async fn start() -> io::Result<Self> {
        Self::start_as(DoubleSetup::default()).await
    }

    /// Starts on a port (0 takes a free one) with a view of AWS.
    pub async fn start_with(port: u16, aws: AwsView) -> io::Result<Self> {
        let setup = DoubleSetup {
            port,
            aws,
            ..DoubleSetup::default()
        };
        Self::start_as(setup).await
    }

    /// Starts as told.
    pub async fn start_as(setup: DoubleSetup) -> io::Result<Self> {
        let (listener, base_url) = bind(setup.port).await?;
        let shared = Arc::new(Shared::new(base_url, http_client()?, setup));
        let router = Router::new()
            .route("/{tenant}/oauth2/v2.0/token", post(entra::token))
            .merge(admin::router())
            .fallback(arm::handle)
            .with_state(Arc::clone(&shared));
        Ok(Self {
            shared,
            _server: Server::serve(listener, router),
        })
    }

    /// Where it listens: authority host and Resource Manager alike.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Adds a tenant, or replaces it.
    pub fn add_tenant(&self, setup: TenantSetup) {
        self.shared.world().set_tenant(setup);
    }

    /// Adds a subscription, or changes its settings; its resources stay.
    pub fn add_subscription(&self, setup: SubscriptionSetup) {
        self.shared.world().set_subscription(setup);
    }

    /// Changes where Defender looks.
    pub fn set_aws_view(&self, aws: AwsView) {
        self.shared.world().aws = aws;
    }

    /// Orders a fault in a subscription.
    pub fn fault(&self, subscription: &str, fault: Fault) {
        if let Some(subscription) = self.shared.world().subscription(subscription) {
            subscription.faults.add([fault]);
        }
    }

    /// Orders a fault at a tenant's token endpoint.
    pub fn fault_sign_in(&self, tenant: &str, fault: Fault) {
        if let Some(tenant) = self.shared.world().tenant(tenant) {
            tenant.faults.add([fault]);
        }
    }

    /// Calls off every fault that is still to come.
    pub fn clear_faults(&self) {
        let mut world = self.shared.world();
        world
            .tenants
            .values_mut()
            .for_each(|tenant| tenant.faults.clear());
        world
            .subscriptions
            .values_mut()
            .for_each(|subscription| subscription.faults.clear());
    }

    /// Everything that was asked, in order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.world().requests.all().to_vec()
    }

    /// What was asked of one subscription.
    pub fn requests_of(&self, subscription: &str) -> Vec<RecordedRequest> {
        let mut requests = self.requests();
        requests.retain(|one| {
            one.subscription
                .as_ref()
                .is_some_and(|id| id.eq_ignore_ascii_case(subscription))
        });
        requests
    }

    /// The sign-ins that one tenant saw.
    pub fn sign_ins(&self, tenant: &str) -> Vec<RecordedRequest> {
        let mut requests = self.requests();
        requests.retain(|one| {
            one.tenant
                .as_ref()
                .is_some_and(|id| id.eq_ignore_ascii_case(tenant))
        });
        requests
    }

    /// Counters of one subscription.
    pub fn counters(&self, subscription: &str) -> Counters {
        let mut world = self.shared.world();
        world
            .subscription(subscription)
            .map(|entry| entry.counters)
            .unwrap_or_default()
    }

    /// A stored document, byte for byte.
    pub fn raw(&self, path: &str) -> Option<Vec<u8>> {
        admin::read_raw(&self.shared, path)
    }

    /// Stores a document past all checks. `false` where the path names no known subscription.
    pub fn set_raw(&self, path: &str, document: impl Into<Vec<u8>>) -> bool {
        admin::write_raw(&self.shared, path, document.into())
    }

    /// Seeds a connector that someone else made: `body` with id, name and type added. Returns its
    /// id.
    pub fn seed_connector(
        &self,
        subscription: &str,
        group: &str,
        name: &str,
        mut body: Value,
    ) -> String {
        let id = paths::connector_path(subscription, group, name);
        body["id"] = id.clone().into();
        body["name"] = name.into();
        body["type"] = "Microsoft.Security/securityconnectors".into();
        self.set_raw(&id, body.to_string());
        id
    }

    /// Seeds an Arc machine that someone else made: `body` with id, name and type added. Returns
    /// its id.
    pub fn seed_machine(
        &self,
        subscription: &str,
        group: &str,
        name: &str,
        mut body: Value,
    ) -> String {
        let id = paths::machine_path(subscription, group, name);
        body["id"] = id.clone().into();
        body["name"] = name.into();
        body["type"] = "Microsoft.HybridCompute/machines".into();
        self.set_raw(&id, body.to_string());
        id
    }

    /// Has Defender look at the connectors of a subscription once, as it does in the background.
    /// `None` where there is no such subscription.
    pub async fn provision_arc(&self, subscription: &str) -> Option<ArcStep> {
        arc_provisioning::step(&self.shared, subscription).await
    }

    /// Has Defender look at the organizations of a subscription once, as it does in the background.
    /// `None` where there is no such subscription.
    pub async fn discover(&self, subscription: &str) -> Option<DiscoveryStep> {
        discovery::look(&self.shared, subscription).await
    }

    /// Makes every token issued so far expire at once.
    pub fn expire_tokens(&self) {
        let mut world = self.shared.world();
        let now = tokio::time::Instant::now();
        world
            .tokens
            .values_mut()
            .for_each(|token| token.expires = now);
    }

    /// Changes some switches, for one subscription or for all that have none of their own.
    pub fn switch(&self, subscription: Option<&str>, change: Value) -> Result<(), String> {
        admin::change_switches(&self.shared, subscription, change)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the double must not share its client with the code it tests"
)]
fn http_client() -> io::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(io::Error::other)
}
