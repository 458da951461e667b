//! What came of a run, as the state machine carries it from the report to the answer.

use onboarding::organization::{RunCounts, RunOutcome, Shown};
use serde::{Deserialize, Serialize};

/// What came of a run, done or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Outcome {
    /// Sums, and where the report is.
    #[serde(flatten)]
    pub run: RunOutcome,
    /// What is wrong with all accounts alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_fault: Option<CommonFault>,
}

/// A refusal that every account met with: a fault of none of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommonFault {
    /// How many accounts that is.
    pub accounts: usize,
    /// Its name.
    pub error_type: String,
    /// The reason that one of them was given.
    pub reason: Shown,
}

impl Outcome {
    /// Of a run that found nothing to do.
    pub fn of_nothing() -> Self {
        Self {
            run: RunOutcome {
                counts: RunCounts::default(),
                report_uri: String::new(),
                done: true,
            },
            common_fault: None,
        }
    }

    /// What `Fn::GetAtt` reads, the most important first.
    pub fn attributes(&self) -> [(&'static str, String); 6] {
        let counts = &self.run.counts;
        [
            ("AccountsInScope", counts.accounts_in_scope.to_string()),
            ("AccountsConnected", counts.accounts_connected.to_string()),
            ("AccountsFailed", counts.accounts_failed.to_string()),
            ("AccountsSkipped", counts.accounts_skipped.to_string()),
            ("AccountsOffboarded", counts.accounts_offboarded.to_string()),
            ("ReportUri", self.run.report_uri.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn it_comes_back_as_it_went() {
        let written = json!({
            "AccountsInScope": 3, "AccountsConnected": 0, "AccountsFailed": 3,
            "AccountsSkipped": 1, "AccountsOffboarded": 0, "ReportUri": "s3://x", "Done": true,
            "CommonFault": {"Accounts": 3, "ErrorType": "Denied", "Reason": "no"},
        });
        let read: Outcome = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), written);
        assert_eq!(read.attributes()[2], ("AccountsFailed", "3".to_owned()));
    }

    #[test]
    fn the_machines_own_outcome_has_no_fault() {
        let mut written = serde_json::to_value(RunOutcome {
            counts: onboarding::organization::RunCounts::default(),
            report_uri: String::new(),
            done: false,
        })
        .unwrap();
        let read: Outcome = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(read.common_fault, None);
        written["Done"] = Value::Null;
        assert!(serde_json::from_value::<Outcome>(written).is_err());
    }
}
