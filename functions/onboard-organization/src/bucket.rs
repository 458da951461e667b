//! What the function keeps in the run bucket, by key:
//!
//! | key | |
//! |---|---|
//! | `runs/<run>/asked.json` | what a request asked for that began a run |
//! | `runs/<run>/run.json` | what a run is |
//! | `runs/<run>/wanted-state.json` | the wanted state that it goes by |
//! | `runs/<run>/accounts.json` | the accounts that it works on; the state machine reads them |
//! | `runs/<run>/skipped.json` | those that it does not, and why |
//! | `runs/<run>/results/…` | what the state machine writes of each account |
//! | `runs/<run>/report.json` | what came of it |
//! | `runs/last.json` | what the last run has measured |
//! | `runs/subscription.json` | the Azure subscription that members are registered in |
//! | `runs/migration.json` | that a change of who registers the members is under way |

use std::collections::BTreeSet;

use aws::{Leaving, RunObjects};
use deferral::Requests;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use onboarding::arc::RunId;
use onboarding::organization::{LastRun, Skipped, WantedState};
use onboarding::{AccountId, FailureKind, PortError, SubscriptionId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::run::{Asked, Entry, Migrating, Run};

/// What the last run has measured.
const LAST: &str = "runs/last.json";
/// That a change of who registers the members is under way.
const MIGRATION: &str = "runs/migration.json";
/// The Azure subscription that members are registered in.
const SUBSCRIPTION: &str = "runs/subscription.json";
/// How many marks are written at once.
const AT_ONCE: usize = 32;

/// The run bucket, for one invocation.
#[derive(Debug, Clone)]
pub struct Bucket(RunObjects);

fn key(run: &RunId, name: &str) -> String {
    format!("runs/{run}/{name}.json")
}

impl Bucket {
    /// The bucket with these objects.
    pub fn new(objects: RunObjects) -> Self {
        Self(objects)
    }

    /// The requests in it.
    pub fn requests(&self) -> Requests {
        Requests::new(self.0.clone())
    }

    /// Keeps what a request asks for.
    pub async fn keep_asked(&self, run: &RunId, asked: &Asked) -> Result<(), PortError> {
        self.0.put_json(&key(run, "asked"), asked).await
    }

    /// What the request asked for that began a run; `None` where none did.
    pub async fn asked(&self, run: &RunId) -> Result<Option<Asked>, PortError> {
        self.0.get_json(&key(run, "asked")).await
    }

    /// Keeps what a run is.
    pub async fn keep_run(&self, id: &RunId, run: &Run) -> Result<(), PortError> {
        self.0.put_json(&key(id, "run"), run).await
    }

    /// What a run is; `None` where it has not begun.
    pub async fn run(&self, id: &RunId) -> Result<Option<Run>, PortError> {
        self.0.get_json(&key(id, "run")).await
    }

    /// Keeps the wanted state that a run goes by.
    pub async fn keep_wanted(&self, run: &RunId, state: &WantedState) -> Result<(), PortError> {
        self.0.keep_wanted_state(run, &state.to_value()).await
    }

    /// The wanted state that a run goes by, unread; `None` where it has none.
    pub async fn wanted(&self, run: &RunId) -> Result<Option<Value>, PortError> {
        self.0.wanted_state(run).await
    }

    /// Keeps the accounts that a run works on; the key under which the state machine finds them.
    pub async fn keep_entries(&self, run: &RunId, all: &[Entry]) -> Result<String, PortError> {
        let key = key(run, "accounts");
        self.0.put_json(&key, &all).await?;
        Ok(key)
    }

    /// The accounts that a run works on.
    pub async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, PortError> {
        self.needed(&key(run, "accounts")).await
    }

    /// Keeps the accounts that a run does not work on.
    pub async fn keep_skipped(&self, run: &RunId, all: &[Skipped]) -> Result<(), PortError> {
        self.0.put_json(&key(run, "skipped"), &all).await
    }

    /// The accounts that a run does not work on.
    pub async fn skipped(&self, run: &RunId) -> Result<Vec<Skipped>, PortError> {
        self.needed(&key(run, "skipped")).await
    }

    /// Keeps the report of a run.
    pub async fn keep_report(&self, run: &RunId, body: Vec<u8>) -> Result<(), PortError> {
        self.0.put(&key(run, "report"), body).await
    }

    /// The report of a run; `None` where it has not ended.
    pub async fn report(&self, run: &RunId) -> Result<Option<Vec<u8>>, PortError> {
        self.0.get(&key(run, "report")).await
    }

    /// Where the report of a run is, or will be.
    pub fn report_uri(&self, run: &RunId) -> String {
        self.0.uri(&key(run, "report"))
    }

    /// Keeps what a run has measured.
    pub async fn keep_last(&self, last: &LastRun) -> Result<(), PortError> {
        self.0.put_json(LAST, last).await
    }

    /// What the last run has measured.
    pub async fn last(&self) -> Result<Option<LastRun>, PortError> {
        self.0.get_json(LAST).await
    }

    /// Keeps that a migration is under way, from the first time that it is told.
    pub async fn begin_migration(&self, migrating: &Migrating) -> Result<(), PortError> {
        match self.migration().await? {
            Some(known) if known.to == migrating.to => Ok(()),
            _ => self.0.put_json(MIGRATION, migrating).await,
        }
    }

    /// The migration that is under way.
    pub async fn migration(&self) -> Result<Option<Migrating>, PortError> {
        self.0.get_json(MIGRATION).await
    }

    /// Notes that a migration has ended.
    pub async fn end_migration(&self) -> Result<(), PortError> {
        self.0.remove(MIGRATION).await
    }

    /// The subscription that members are registered in, where it is another than this one.
    pub async fn other_subscription(
        &self,
        this: &SubscriptionId,
    ) -> Result<Option<SubscriptionId>, PortError> {
        let known: Option<SubscriptionId> = self.0.get_json(SUBSCRIPTION).await?;
        Ok(known.filter(|known| known != this))
    }

    /// Keeps which subscription members are registered in.
    pub async fn keep_subscription(&self, this: &SubscriptionId) -> Result<(), PortError> {
        self.0.put_json(SUBSCRIPTION, this).await
    }

    /// Notes that members are to be registered in none.
    pub async fn forget_subscription(&self) -> Result<(), PortError> {
        self.0.remove(SUBSCRIPTION).await
    }

    /// An object that the state machine has written for a run.
    pub async fn result(&self, key: &str) -> Result<Vec<u8>, PortError> {
        self.0.get(key).await?.ok_or_else(|| missing(key))
    }

    /// Whether a delete of the whole deployment is under way.
    pub async fn is_all_leaving(&self) -> Result<bool, PortError> {
        self.0.is_marked_leaving(Leaving::All).await
    }

    /// Marks who is being taken out, or who is not.
    pub async fn put_mark(&self, who: Leaving<'_>, leaves: bool) -> Result<(), PortError> {
        if leaves {
            self.0.mark_leaving(who).await
        } else {
            self.0.unmark_leaving(who).await
        }
    }

    /// The accounts that are marked as being taken out, one by one.
    pub async fn leaving(&self) -> Result<BTreeSet<AccountId>, PortError> {
        self.0.leaving_accounts().await
    }

    /// Marks that accounts are being taken out, or that they are not.
    pub async fn mark(
        &self,
        accounts: impl IntoIterator<Item = &AccountId>,
        leave: bool,
    ) -> Result<(), PortError> {
        let marks = accounts
            .into_iter()
            .map(|account| async move { self.put_mark(Leaving::Account(account), leave).await });
        let marks: Vec<_> = marks.collect();
        stream::iter(marks)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn needed<T: DeserializeOwned>(&self, key: &str) -> Result<T, PortError> {
        self.0.get_json(key).await?.ok_or_else(|| missing(key))
    }
}

fn missing(key: &str) -> PortError {
    let reason = format!("the object {key} of the run bucket is not there");
    PortError::new(FailureKind::Invalid, reason)
}
