//! What a run has come to, as the state machine tells it.

use serde::Deserialize;
use serde_json::Value;

/// What a run has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended<O> {
    /// This, done or not.
    Outcome(O),
    /// It could not go on.
    Error(StepError),
}

impl<O> Ended<O> {
    /// By the two members of a call, of which the machine sends one.
    pub fn of(outcome: Option<O>, error: Option<StepError>) -> Self {
        outcome.map_or_else(|| Self::Error(error.unwrap_or_default()), Self::Outcome)
    }
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
    use super::*;

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

    #[test]
    fn an_outcome_goes_before_an_error_and_neither_is_an_error() {
        let error = StepError {
            error: "X".to_owned(),
            cause: None,
        };
        assert_eq!(Ended::of(Some(1), Some(error.clone())), Ended::Outcome(1));
        assert_eq!(
            Ended::<u8>::of(None, Some(error.clone())),
            Ended::Error(error)
        );
        assert_eq!(
            Ended::<u8>::of(None, None),
            Ended::Error(StepError::default())
        );
    }
}
