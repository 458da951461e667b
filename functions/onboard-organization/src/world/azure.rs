//! The subscription: connectors by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use onboarding::connector::{OrganizationalData, ScanInterval};
use onboarding::deployment::DEPLOYMENT_ID;
use onboarding::{
    AccountId, ApiVersionSetting, Connector, Deployment, Plans, PortError, RoleArn, RoleKey,
    RoleNames, WantedConnector,
};
use serde_json::Value;
use tokio::time::Instant;

use super::stops::Stops;
use super::{DEPLOYMENT, GUID, STACK};
use crate::connectors::SeenConnectors;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) connectors: BTreeMap<String, Connector>,
    /// Why they cannot be listed.
    pub(crate) refusal: Option<PortError>,
    pub(crate) lists: usize,
    /// How often each account was written.
    pub(crate) writes: BTreeMap<AccountId, usize>,
    /// Who gets a connector right after the next list.
    pub(crate) late: Option<AccountId>,
    /// How often each account was deleted.
    pub(crate) deletes: BTreeMap<AccountId, usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Azure(Arc<Mutex<State>>, Arc<Stops>);

impl Azure {
    pub(crate) fn new(stops: Arc<Stops>) -> Self {
        Self(Arc::default(), stops)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A connector of ours is written, as it is wanted.
    pub(crate) fn write(&self, account: &AccountId) -> String {
        let connector = connector(account, DEPLOYMENT);
        let id = connector.id.to_string();
        let mut state = self.state();
        *state.writes.entry(account.clone()).or_default() += 1;
        state
            .connectors
            .insert(connector.id.name.to_string(), connector);
        id
    }

    /// A connector of another deployment is there.
    pub(crate) fn put_others(&self, account: &AccountId, deployment: &str) {
        let connector = connector(account, deployment);
        let name = format!("{}-{deployment}", connector.id.name);
        self.state().connectors.insert(name, connector);
    }

    /// Defender has made a connector for a member.
    pub(crate) fn put_member(&self, account: &AccountId) {
        let mut connector = connector(account, "");
        connector.tags.clear();
        connector.organizational_data = Some(OrganizationalData::Member { parent: None });
        let name = format!("discovered-{account}");
        self.state().connectors.insert(name, connector);
    }

    /// A connector is there that stands for the whole organization.
    pub(crate) fn put_for_all(&self, account: &AccountId, deployment: &str) {
        let mut connector = connector(account, deployment);
        connector.organizational_data = Some(OrganizationalData::Organization {
            stack_set_name: "x".to_owned(),
            excluded_account_ids: BTreeSet::new(),
        });
        let mut state = self.state();
        state.connectors.clear();
        state.connectors.insert("for-all".to_owned(), connector);
    }

    /// The connector of ours is deleted.
    pub(crate) fn delete(&self, account: &AccountId) -> bool {
        let mut state = self.state();
        let name = format!("aws-{account}");
        let was_there = state.connectors.remove(&name).is_some();
        if was_there {
            *state.deletes.entry(account.clone()).or_default() += 1;
        }
        was_there
    }

    /// The accounts that have a connector of ours.
    pub(crate) fn connected(&self) -> BTreeSet<AccountId> {
        let state = self.state();
        let deployment = ours();
        let ours = state
            .connectors
            .values()
            .filter(|one| one.is_owned_by(&deployment));
        ours.map(|one| one.hierarchy_identifier.parse().unwrap())
            .collect()
    }

    /// How often accounts were written since this was asked last.
    pub(crate) fn take_writes(&self) -> BTreeMap<AccountId, usize> {
        std::mem::take(&mut self.state().writes)
    }
}

/// Who we are.
pub(crate) fn ours() -> Deployment {
    Deployment {
        id: DEPLOYMENT.parse().unwrap(),
        stack_id: STACK.to_owned(),
    }
}

/// What is wanted for an account by default.
pub(crate) fn wanted(account: &AccountId) -> WantedConnector {
    let id = format!(
        "/subscriptions/{GUID}/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/aws-{account}"
    );
    let role = |key: RoleKey| {
        let name = RoleNames::default().get(key);
        RoleArn::new(&"aws".parse().unwrap(), account, &name)
    };
    WantedConnector {
        id: id.parse().unwrap(),
        account: account.clone(),
        location: "eastus".parse().unwrap(),
        scan_interval: ScanInterval::DEFAULT,
        regions: BTreeSet::new(),
        organization: None,
        offerings: Plans::default().offerings(role),
        tags: ours().tags(),
        withdrawn_tags: BTreeSet::new(),
    }
}

/// What Azure shows of it, once it is written for a deployment.
fn connector(account: &AccountId, deployment: &str) -> Connector {
    let wanted = wanted(account);
    let mut tags = wanted.tags;
    tags.insert(DEPLOYMENT_ID.to_owned(), deployment.to_owned());
    Connector {
        id: wanted.id,
        environment: "AWS".to_owned(),
        hierarchy_identifier: account.to_string(),
        location: "East US".to_owned(),
        tags,
        scan_interval_hours: Some(wanted.scan_interval.hours()),
        regions: wanted.regions,
        organizational_data: None,
        offerings: wanted.offerings,
        body: Value::Null,
    }
}

impl SeenConnectors for Azure {
    async fn read<T: Send>(
        &self,
        _: ApiVersionSetting,
        _: Instant,
        read: impl Fn(&Connector) -> Option<T> + Send + Sync,
    ) -> Result<Vec<T>, PortError> {
        self.1
            .pass(|| {
                let mut state = self.state();
                state.lists += 1;
                if let Some(refusal) = state.refusal.take() {
                    return Err(refusal);
                }
                Ok(state.connectors.values().filter_map(read).collect())
            })
            .await
            .inspect(|_| {
                let late = self.state().late.take();
                if let Some(late) = late {
                    self.write(&late);
                }
            })
    }
}
