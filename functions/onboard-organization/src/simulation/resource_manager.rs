//! Azure Resource Manager with its token buckets, and a child of the Map that writes to it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use onboarding::AccountId;
use onboarding::decision::{Seen, Step, Terms, decide};
use onboarding::deployment::Deployment;
use onboarding::{Connector, ConnectorId, WantedConnector};
use serde_json::{Value, json};
use testkit::quotas::Quotas;
use tokio::time::{Instant, sleep, sleep_until};

use crate::world::azure::{Azure, ours, wanted};
use crate::world::tokens::Tokens;

/// How long a read takes.
const READ: Duration = Duration::from_millis(200);

/// How long Systems Manager takes over the tags of an account.
pub(super) const TAGGING: Duration = Duration::from_mins(1);

/// Simulated time beside that of the world, which stands still meanwhile.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) listed: Instant,
    pub(super) epoch_seconds: u64,
}

impl Clock {
    fn at(self, epoch_seconds: u64) -> Instant {
        self.listed + Duration::from_secs(epoch_seconds.saturating_sub(self.epoch_seconds))
    }
}

pub(super) struct ResourceManager {
    azure: Azure,
    deployment: Deployment,
    latency: Duration,
    reads: Tokens,
    pub(super) writes: Tokens,
    pub(super) deletes: Tokens,
    pub(super) gets: AtomicUsize,
}

impl ResourceManager {
    pub(super) fn new(azure: Azure, quotas: &Quotas, latency: Duration) -> Self {
        Self {
            azure,
            deployment: ours(),
            latency,
            reads: Tokens::full(quotas.resource_manager.reads),
            writes: Tokens::full(quotas.resource_manager.writes),
            deletes: Tokens::full(quotas.resource_manager.deletes),
            gets: AtomicUsize::new(0),
        }
    }

    /// Waits as long as the service says, in whole seconds as it says it, until it is let in.
    async fn admitted(tokens: &Tokens) {
        while let Err(wait) = tokens.take() {
            sleep(Duration::from_secs(wait.as_secs() + 1)).await;
        }
    }

    async fn get(&self, id: &ConnectorId) -> Option<Connector> {
        Self::admitted(&self.reads).await;
        self.gets.fetch_add(1, Ordering::Relaxed);
        sleep(READ).await;
        self.azure.state().connectors.get(id.name.as_str()).cloned()
    }

    /// What a child comes to, and how long that takes from its turn.
    pub(super) async fn child(
        &self,
        entry: &Value,
        clock: Clock,
        is_stopped: bool,
    ) -> Option<Value> {
        if let Some(turn) = entry["NotBeforeEpochSeconds"].as_u64() {
            sleep_until(clock.at(turn)).await;
        }
        let began = Instant::now();
        let mut result = self.work(entry, is_stopped).await?;
        if entry["Arc"] == "Onboard" {
            sleep(TAGGING).await;
        }
        result["Milliseconds"] = json!(began.elapsed().as_millis());
        Some(result)
    }

    /// One that is stopped has written and says nothing: it is as if its function had been killed on
    /// the way out.
    async fn work(&self, entry: &Value, is_stopped: bool) -> Option<Value> {
        let id = &entry["AccountId"];
        let account: AccountId = id.as_str().unwrap().parse().unwrap();
        if entry["Action"] == "Offboard" {
            Self::admitted(&self.deletes).await;
            sleep(self.latency).await;
            self.azure.delete(&account);
            return Some(json!({"AccountId": id, "Outcome": "Offboarded"}));
        }
        if entry["AsWanted"] == true {
            return Some(json!({"AccountId": id, "Outcome": "AlreadyConnected"}));
        }
        let mut seen = Vec::new();
        for connector in entry["Connectors"].as_array().unwrap() {
            seen.extend(
                self.get(&connector.as_str().unwrap().parse().unwrap())
                    .await,
            );
        }
        let wanted: WantedConnector = wanted(&account);
        let seen = Seen {
            connectors: &seen,
            readiness: None,
        };
        let decision = decide(&wanted, &seen, &self.deployment, &Terms::default()).unwrap();
        if decision.step == Step::Nothing {
            return Some(json!({"AccountId": id, "Outcome": "AlreadyConnected"}));
        }
        let began = Instant::now();
        Self::admitted(&self.writes).await;
        sleep(self.latency).await;
        let connector = self.azure.write(&account);
        if is_stopped {
            return None;
        }
        let took = u32::try_from(began.elapsed().as_millis()).unwrap();
        Some(
            json!({"AccountId": id, "Outcome": "Connected", "Connector": connector,
            "PutMilliseconds": took}),
        )
    }
}
