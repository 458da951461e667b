//! What the state machine and the schedule ask for.

use deferral::StepError;
use onboarding::AccountId;
use onboarding::arc::RunId;
use serde::Deserialize;
use serde_json::Value;

use crate::error::ProvisionError;
use crate::result::Outcome;

/// An invocation that is no request of `CloudFormation`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "Operation", rename_all_fields = "PascalCase")]
pub enum Command {
    /// To put the tags on.
    Onboard(AccountRun),
    /// To take them away.
    Offboard(AccountRun),
    /// To take them away in the Regions that an update takes out.
    Narrow {
        /// The account.
        account_id: AccountId,
        /// The run.
        run_id: RunId,
        /// The request that began it; nothing else does.
        request_id: RunId,
    },
    /// To answer the request that began a run.
    Answer {
        /// The request.
        request_id: RunId,
        /// What came of it.
        outcome: Option<Outcome>,
        /// Why nothing did.
        error: Option<StepError>,
    },
}

/// The part of a run that is about one account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountRun {
    /// The account.
    #[serde(rename = "AccountId")]
    pub account: AccountId,
    /// The run.
    #[serde(rename = "RunId")]
    pub run: RunId,
    /// The request that began it. A sweep has none, and what a run over the organization does with
    /// single accounts goes by that run's own wanted state.
    #[serde(rename = "RequestId")]
    pub request: Option<RunId>,
    /// Whether a run over the organization saw the account as it is wanted: to be taken out, it has
    /// no connector any more.
    #[serde(rename = "AsWanted", default)]
    pub is_as_wanted: bool,
}

impl Command {
    /// Reads an event.
    pub fn read(event: &Value) -> Result<Self, ProvisionError> {
        Self::deserialize(event).map_err(|error| {
            ProvisionError::Invalid(format!("the event asks for nothing that is known: {error}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::properties::ArcProperties;

    #[test]
    fn a_sweep_has_no_request_and_a_run_of_a_request_has_one() {
        let id: RunId = "8d1e".parse().unwrap();
        let sweep = json!({"Operation": "Onboard", "AccountId": "111122223333", "RunId": "8d1e"});
        let account: AccountId = "111122223333".parse().unwrap();
        assert_eq!(
            Command::read(&sweep).unwrap(),
            Command::Onboard(AccountRun {
                account: account.clone(),
                run: id.clone(),
                request: None,
                is_as_wanted: false,
            })
        );
        let mut asked = sweep.clone();
        asked["Operation"] = json!("Offboard");
        asked["RequestId"] = json!("8d1e");
        assert_eq!(
            Command::read(&asked).unwrap(),
            Command::Offboard(AccountRun {
                account,
                run: id.clone(),
                request: Some(id),
                is_as_wanted: false,
            })
        );
        asked["RequestId"] = json!(null);
        assert!(Command::read(&asked).is_ok());
        asked["Operation"] = json!("Narrow");
        assert!(Command::read(&asked).is_err(), "nobody asked for it");
    }

    #[test]
    fn every_sample_event_is_understood() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let mut understood = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.starts_with("provision-arc-") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let event: Value = serde_json::from_str(&text).unwrap();
            if event["RequestType"].is_null() {
                Command::read(&event).unwrap();
            } else if event["ResourceType"] == "Custom::ArcAutoProvisioning" {
                let account = "111111111111".parse().unwrap();
                let read = ArcProperties::lenient(&event["ResourceProperties"], &account);
                assert!(read.state_machine().is_ok(), "{name}");
            }
            understood += 1;
        }
        assert!(understood > 5, "{understood}");
    }

    #[test]
    fn what_is_not_known_is_refused_as_invalid() {
        for odd in [
            json!({}),
            json!("x"),
            json!({"Operation": "Reset"}),
            json!({"Operation": "Onboard", "AccountId": "1", "RunId": "8d1e"}),
            json!({"Operation": "Onboard", "AccountId": "111122223333", "RunId": "../x"}),
            json!({"Operation": "Answer", "RequestId": "a/b"}),
        ] {
            assert_eq!(Command::read(&odd).unwrap_err().name(), "Invalid", "{odd}");
        }
    }

    #[test]
    fn an_outcome_comes_back_as_it_went() {
        let outcome = Outcome {
            done: true,
            regions_failed: 1,
            report_uri: "s3://x".to_owned(),
            ..Outcome::default()
        };
        let event = json!({"Operation": "Answer", "RequestId": "8d1e", "RunId": "8d1e", "Outcome": outcome});
        let Command::Answer { outcome: read, .. } = Command::read(&event).unwrap() else {
            panic!()
        };
        assert_eq!(read, Some(outcome));
    }
}
