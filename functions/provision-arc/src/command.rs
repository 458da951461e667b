//! What the state machine and the schedule ask for.

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
    Onboard {
        /// The account.
        account_id: AccountId,
        /// The run.
        run_id: RunId,
        /// The request that began it; a sweep has none.
        request_id: Option<RunId>,
    },
    /// To take them away.
    Offboard {
        /// The account.
        account_id: AccountId,
        /// The run.
        run_id: RunId,
        /// The request that began it.
        request_id: Option<RunId>,
    },
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

/// An error as Step Functions hands it on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StepError {
    /// Its name.
    pub error: String,
    /// Its text, which is JSON where a function failed.
    pub cause: Option<String>,
}

impl Command {
    /// Reads an event.
    pub fn read(event: &Value) -> Result<Self, ProvisionError> {
        Self::deserialize(event).map_err(|error| {
            ProvisionError::Invalid(format!("the event asks for nothing that is known: {error}"))
        })
    }
}

impl StepError {
    /// What it says to a person.
    pub fn told(&self) -> String {
        let cause = self.cause.as_deref().unwrap_or_default();
        let of_function = serde_json::from_str::<Value>(cause).ok();
        let message = of_function
            .as_ref()
            .and_then(|cause| cause["errorMessage"].as_str());
        let text = message.unwrap_or(cause).trim();
        match (text, self.error.as_str()) {
            ("", "") => "the run ended without a reason".to_owned(),
            ("", error) => format!("the run ended with {error}"),
            (text, "") => text.to_owned(),
            (text, error) => format!("{text} [{error}]"),
        }
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
        let account_id: AccountId = "111122223333".parse().unwrap();
        assert_eq!(
            Command::read(&sweep).unwrap(),
            Command::Onboard {
                account_id: account_id.clone(),
                run_id: id.clone(),
                request_id: None
            }
        );
        let mut asked = sweep.clone();
        asked["Operation"] = json!("Offboard");
        asked["RequestId"] = json!("8d1e");
        assert_eq!(
            Command::read(&asked).unwrap(),
            Command::Offboard {
                account_id,
                run_id: id.clone(),
                request_id: Some(id)
            }
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

    #[test]
    fn an_error_is_told_in_the_functions_words() {
        let told = |error: &str, cause: Option<&str>| {
            StepError {
                error: error.to_owned(),
                cause: cause.map(str::to_owned),
            }
            .told()
        };
        let cause = r#"{"errorType":"Denied","errorMessage":"sts:AssumeRole: no","stackTrace":[]}"#;
        assert_eq!(told("Denied", Some(cause)), "sts:AssumeRole: no [Denied]");
        assert_eq!(
            told("States.Timeout", None),
            "the run ended with States.Timeout"
        );
        assert_eq!(told("X", Some("plain")), "plain [X]");
        assert_eq!(told("", None), "the run ended without a reason");
    }
}
