//! What the state machine asks for.

use std::collections::BTreeSet;

use deferral::StepError;
use onboarding::AccountId;
use onboarding::arc::RunId;
use onboarding::organization::Intent;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::OrganizationError;
use crate::outcome::Outcome;

/// An invocation that is neither a request of `CloudFormation` nor a batch of events.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "Operation", rename_all_fields = "PascalCase")]
pub enum Command {
    /// To find the accounts that a run works on.
    ListAccounts(ListAccounts),
    /// To have those stacks of an account made again that failed or are missing.
    RepairStackInstances {
        /// The account.
        account_id: AccountId,
        /// The run.
        run_id: RunId,
    },
    /// To put down what came of a run.
    Report(Report),
    /// To say what a run has come to so far.
    Progress {
        /// The run.
        run_id: RunId,
    },
    /// To answer the request that began a run.
    Answer {
        /// The request.
        request_id: RunId,
        /// The run.
        run_id: RunId,
        /// What came of it.
        outcome: Option<Outcome>,
        /// Why nothing did.
        error: Option<StepError>,
    },
}

/// The accounts of a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListAccounts {
    /// What the run is for.
    pub intent: Intent,
    /// The run.
    pub run_id: RunId,
    /// The request that began it; what events and the schedule begin has none.
    pub request_id: Option<RunId>,
    /// The accounts that are asked for, where it is not all.
    #[serde(default, deserialize_with = "accounts")]
    pub account_ids: Option<BTreeSet<AccountId>>,
    /// The run whose failed accounts are asked for.
    pub redrive: Option<RunId>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// The run.
    pub run_id: RunId,
    /// What it was for.
    pub intent: Intent,
    /// Where the state machine has listed the results; a run without accounts has none.
    pub results_key: Option<String>,
}

/// A list, or what a query language makes of a list of one.
fn accounts<'de, D>(deserializer: D) -> Result<Option<BTreeSet<AccountId>>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Accounts {
        Many(BTreeSet<AccountId>),
        One(AccountId),
    }
    let given = Option::<Accounts>::deserialize(deserializer)?;
    Ok(given.map(|given| match given {
        Accounts::Many(all) => all,
        Accounts::One(only) => BTreeSet::from([only]),
    }))
}

impl Command {
    /// Reads an event.
    pub fn read(event: &Value) -> Result<Self, OrganizationError> {
        Self::deserialize(event).map_err(|error| {
            OrganizationError::Invalid(format!("the event asks for nothing that is known: {error}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listing(more: &Value) -> ListAccounts {
        let mut event = json!({"Operation": "ListAccounts", "Intent": "Onboard", "RunId": "8d1e"});
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        match Command::read(&event).unwrap() {
            Command::ListAccounts(listing) => listing,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_sweep_is_over_all_accounts_and_events_are_over_some() {
        let sweep = listing(&json!({}));
        assert_eq!((sweep.request_id, sweep.account_ids), (None, None));
        let one: AccountId = "111122223333".parse().unwrap();
        for given in [json!([one, one]), json!(one)] {
            let events = listing(&json!({"AccountIds": given}));
            assert_eq!(events.account_ids, Some(BTreeSet::from([one.clone()])));
        }
        assert_eq!(listing(&json!({"AccountIds": null})).account_ids, None);
        let redrive = listing(&json!({"Redrive": "run-1"})).redrive.unwrap();
        assert_eq!(redrive.as_str(), "run-1");
    }

    #[test]
    fn every_sample_event_is_understood() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let mut understood = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let event: Value = serde_json::from_str(&text).unwrap();
            if name.starts_with("onboard-organization-") && event.get("Operation").is_some() {
                Command::read(&event).unwrap();
                understood.insert(event["Operation"].as_str().unwrap().to_owned());
            }
        }
        let known = [
            "Answer",
            "ListAccounts",
            "Progress",
            "RepairStackInstances",
            "Report",
        ];
        assert!(understood.iter().eq(known), "{understood:?}");
    }

    #[test]
    fn what_is_not_known_is_refused_as_invalid() {
        for odd in [
            json!({}),
            json!("x"),
            json!({"Operation": "Reset"}),
            json!({"Operation": "ListAccounts", "Intent": "Reset", "RunId": "8d1e"}),
            json!({"Operation": "ListAccounts", "Intent": "Onboard", "RunId": "../x"}),
            json!({"Operation": "ListAccounts", "Intent": "Onboard", "RunId": "x", "AccountIds": ["1"]}),
            json!({"Operation": "RepairStackInstances", "AccountId": "1", "RunId": "x"}),
            json!({"Operation": "Answer", "RequestId": "a/b", "RunId": "x"}),
        ] {
            assert_eq!(Command::read(&odd).unwrap_err().name(), "Invalid", "{odd}");
        }
    }
}
