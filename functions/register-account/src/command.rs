//! What the state machine asks for: one account of a run over the organization.

use onboarding::AccountId;
use onboarding::arc::RunId;
use serde::Deserialize;
use serde_json::Value;

use crate::error::RegisterError;

/// An invocation that is no request of `CloudFormation`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Command {
    /// What is to be done.
    pub operation: Operation,
    /// With which account.
    pub account_id: AccountId,
    /// As part of which run.
    pub run_id: RunId,
    /// The ARM ids of all connectors that the run has seen for the account, whoever they belong to.
    #[serde(default)]
    pub connectors: Vec<String>,
    /// Whether what the run has seen in Azure is as wanted, so that Azure need not be asked.
    #[serde(default)]
    pub as_wanted: bool,
}

/// What is to be done with an account. The names are the state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Operation {
    /// Bring it to what is wanted.
    Onboard,
    /// Take out what we put into it.
    Offboard,
    /// Remove its connector; in the account itself nothing can be done.
    RemoveConnector,
}

impl Command {
    /// Whether an event is one.
    pub fn is(event: &Value) -> bool {
        event.get("ResponseURL").is_none() && event.get("RequestType").is_none()
    }

    /// Reads an event.
    pub fn read(event: &Value) -> Result<Self, RegisterError> {
        Self::deserialize(event).map_err(|error| {
            RegisterError::Invalid(format!("the event asks for nothing that is known: {error}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(operation: &str) -> Value {
        json!({"Operation": operation, "AccountId": "111122223333", "RunId": "8d1e"})
    }

    #[test]
    fn what_the_state_machine_sends_is_understood() {
        let mut asked = event("RemoveConnector");
        let least = Command::read(&asked).unwrap();
        assert_eq!(least.operation, Operation::RemoveConnector);
        assert!(least.connectors.is_empty() && !least.as_wanted);
        asked["Connectors"] = json!(["/subscriptions/x"]);
        asked["AsWanted"] = json!(true);
        let read = Command::read(&asked).unwrap();
        assert_eq!(read.connectors, ["/subscriptions/x"]);
        assert!(read.as_wanted);
    }

    #[test]
    fn every_sample_event_is_told_from_a_request_and_understood() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let (mut commands, mut requests) = (0, 0);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.starts_with("register-account-") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let event: Value = serde_json::from_str(&text).unwrap();
            if Command::is(&event) {
                Command::read(&event).unwrap();
                commands += 1;
            } else {
                requests += 1;
            }
        }
        assert_eq!((commands, requests), (3, 6));
    }

    #[test]
    fn what_is_not_known_is_refused_as_invalid() {
        let mut odd_account = event("Onboard");
        odd_account["AccountId"] = json!("1");
        let mut odd_run = event("Onboard");
        odd_run["RunId"] = json!("../x");
        for odd in [json!({}), json!("x"), event("Reset"), odd_account, odd_run] {
            assert_eq!(Command::read(&odd).unwrap_err().name(), "Invalid", "{odd}");
        }
    }
}
