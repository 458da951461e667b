//! The report of a run: for a person, for counts, and for the run that tries the failed accounts
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::left_behind::LeftBehind;
use super::{
    AccountOutcome, AccountResult, Action, Intent, Item, LastRun, LeftBehindFacts,
    MemberRegistration, PutTimes, Shown, Skipped, StrayStacks,
};
use crate::AccountId;
use crate::arc::RunId;

/// What is said of an account of which no result was found.
const NO_RESULT: &str = "the run ended before its turn came, or before its result was written; the \
                         next run tries again";

/// How many accounts came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RunCounts {
    /// That the run was for: those to be onboarded, or on the way out those to be taken out.
    pub accounts_in_scope: usize,
    /// That have their connector.
    pub accounts_connected: usize,
    /// That are not as wanted.
    pub accounts_failed: usize,
    /// That were left alone.
    pub accounts_skipped: usize,
    /// That were taken out.
    pub accounts_offboarded: usize,
}

/// What came of a run, as the state machine hands it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunOutcome {
    /// The sums.
    #[serde(flatten)]
    pub counts: RunCounts,
    /// Where the report is.
    pub report_uri: String,
    /// Whether every account has its outcome.
    pub done: bool,
}

/// A change of who makes the members' connectors, during which they have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Migration {
    /// Who makes them now.
    pub to: MemberRegistration,
    /// How long ago the change began, in seconds.
    pub gap_seconds: u64,
    /// How many members still have none.
    pub accounts_waiting: usize,
}

/// A report, and what else is known in the end.
#[derive(Debug, Clone)]
pub struct Report {
    /// The whole as JSON.
    pub body: Vec<u8>,
    /// The sums.
    pub counts: RunCounts,
    /// What the next run is to know; `None` where nothing was written.
    pub last_run: Option<LastRun>,
    /// How far a migration is; `None` where there is none.
    pub migration: Option<Migration>,
}

/// One account in the report.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    name: &'a Shown,
    action: Action,
    #[serde(flatten)]
    result: &'a AccountResult,
}

/// All but the lists.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Head<'a> {
    run_id: &'a RunId,
    intent: Intent,
    #[serde(flatten)]
    counts: RunCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    migration: Option<Migration>,
}

/// Puts a report together, an account at a time: only its text grows.
#[derive(Debug)]
pub struct ReportBuilder {
    run_id: RunId,
    intent: Intent,
    facts: LeftBehindFacts,
    migration: Option<(MemberRegistration, Duration)>,
    waiting: BTreeMap<AccountId, Waiting>,
    counts: RunCounts,
    times: PutTimes,
    accounts: List,
    skipped: List,
    left_behind: List,
    strays: List,
}

/// An account whose result is still to come.
#[derive(Debug)]
struct Waiting {
    action: Action,
    name: Shown,
    had_connector: bool,
}

/// The items of a JSON list.
#[derive(Debug, Default)]
struct List(Vec<u8>);

impl List {
    fn push(&mut self, item: &impl Serialize) {
        // None of the items has a map whose keys could not be written.
        let Ok(written) = serde_json::to_vec(item) else {
            return;
        };
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        self.0.extend(written);
    }
}

impl ReportBuilder {
    /// A report without accounts.
    pub fn new(run_id: RunId, intent: Intent, facts: LeftBehindFacts) -> Self {
        Self {
            run_id,
            intent,
            facts,
            migration: None,
            waiting: BTreeMap::new(),
            counts: RunCounts::default(),
            times: PutTimes::default(),
            accounts: List::default(),
            skipped: List::default(),
            left_behind: List::default(),
            strays: List::default(),
        }
    }

    /// Notes that so long ago a change began of who makes the members' connectors.
    pub fn migrating(&mut self, to: MemberRegistration, since: Duration) {
        self.migration = Some((to, since));
    }

    /// Notes an account that the run works on. All of them come before the first result.
    pub fn expect(&mut self, item: Item) {
        let is_for = match self.intent {
            Intent::Offboard => item.action != Action::Onboard,
            Intent::Onboard | Intent::Narrow => item.action == Action::Onboard,
        };
        self.counts.accounts_in_scope += usize::from(is_for);
        let waiting = Waiting {
            action: item.action,
            had_connector: item.action != Action::Onboard && !item.as_wanted,
            name: item.name,
        };
        self.waiting.insert(item.account_id, waiting);
    }

    /// Notes an account that the run does not work on.
    pub fn skip(&mut self, skipped: &Skipped) {
        self.counts.accounts_skipped += 1;
        self.skipped.push(skipped);
    }

    /// Notes stacks that are in an account that is excluded.
    pub fn stray(&mut self, stacks: &StrayStacks) {
        self.strays.push(stacks);
    }

    /// Notes what came of an account. What is not expected, or was told before, does not count.
    pub fn add(&mut self, result: &AccountResult) {
        if let Some(waiting) = self.waiting.remove(&result.account_id) {
            self.note(&waiting, result);
        }
    }

    /// The report. An account without a result has failed, so that none is lost.
    pub fn finish(mut self) -> Report {
        for (account, waiting) in std::mem::take(&mut self.waiting) {
            let result = AccountResult::failed(account, NO_RESULT);
            self.note(&waiting, &result);
        }
        let counts = self.counts;
        let migration = self.migration.map(|(to, since)| Migration {
            to,
            gap_seconds: since.as_secs(),
            accounts_waiting: counts
                .accounts_in_scope
                .saturating_sub(counts.accounts_connected),
        });
        let head = Head {
            run_id: &self.run_id,
            intent: self.intent,
            counts,
            migration,
        };
        let mut body = serde_json::to_vec(&head).unwrap_or_default();
        // Its closing brace comes after the lists.
        body.pop();
        for (name, list) in [
            ("Accounts", self.accounts),
            ("Skipped", self.skipped),
            ("LeftBehind", self.left_behind),
            ("StrayStacks", self.strays),
        ] {
            body.extend(format!(",\"{name}\":[").into_bytes());
            body.extend(list.0);
            body.push(b']');
        }
        body.push(b'}');
        Report {
            body,
            counts,
            last_run: self.times.record(&self.run_id),
            migration,
        }
    }

    fn note(&mut self, waiting: &Waiting, result: &AccountResult) {
        let count = match result.outcome {
            AccountOutcome::Connected | AccountOutcome::AlreadyConnected => {
                &mut self.counts.accounts_connected
            }
            AccountOutcome::Offboarded | AccountOutcome::Removed => {
                &mut self.counts.accounts_offboarded
            }
            AccountOutcome::Failed => &mut self.counts.accounts_failed,
            AccountOutcome::Skipped => &mut self.counts.accounts_skipped,
        };
        *count += 1;
        if let Some(time) = result.put_milliseconds {
            self.times.note(time, result.account_milliseconds);
        }
        let Waiting {
            action,
            name,
            had_connector,
        } = waiting;
        self.accounts.push(&Entry {
            name,
            action: *action,
            result,
        });
        if let Some(left) = LeftBehind::by(*action, *had_connector, result, &self.facts) {
            self.left_behind.push(&left);
        }
    }
}

/// The accounts that failed, by a report: those that a re-drive is for.
pub fn failed_accounts(report: &[u8]) -> Result<BTreeSet<AccountId>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Accounts {
        accounts: Vec<Account>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Account {
        account_id: AccountId,
        outcome: AccountOutcome,
    }
    let Accounts { accounts } = serde_json::from_slice(report)?;
    let failed = accounts
        .into_iter()
        .filter(|account| account.outcome == AccountOutcome::Failed);
    Ok(failed.map(|account| account.account_id).collect())
}

#[cfg(test)]
mod tests;
