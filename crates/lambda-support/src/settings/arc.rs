//! The settings of the function that provisions Arc.

use onboarding::InvalidValue;

use super::Settings;
use super::reader::{InvalidSettings, Reader};
use crate::Environment;

/// What a function needs that provisions Arc.
#[derive(Debug, Clone)]
pub struct ArcSettings {
    /// What it needs as the function does that registers accounts.
    pub shared: Settings,
    /// The name of the Systems Manager parameter that holds what the stack wants.
    pub wanted_state_parameter: String,
}

impl ArcSettings {
    /// Reads all of them; the error names every variable that is missing or malformed.
    pub fn from_environment(environment: &Environment) -> Result<Self, InvalidSettings> {
        let mut read = Reader::new(environment);
        let settings = Self::read(&mut read);
        read.finish(settings)
    }

    pub(super) fn read(read: &mut Reader<'_>) -> Option<Self> {
        let shared = Settings::read(read);
        let wanted_state_parameter = read.checked("WANTED_STATE_PARAMETER", parameter_name);
        Some(Self {
            shared: shared?,
            wanted_state_parameter: wanted_state_parameter?,
        })
    }
}

fn parameter_name(text: &str) -> Result<String, InvalidValue> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
    if (1..=1011).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue {
            expected: "expected the name of a Systems Manager parameter",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::with;
    use super::*;

    const NAME: &str = "/defender-connector/mdc/wanted-state";

    #[test]
    fn they_are_the_shared_ones_and_the_parameter() {
        let environment = with(&[("WANTED_STATE_PARAMETER", NAME)]);
        let settings = ArcSettings::from_environment(&environment).unwrap();
        assert_eq!(settings.wanted_state_parameter, NAME);
        assert_eq!(settings.shared.account.as_str(), "111122223333");
        assert_eq!(settings.shared.run_bucket, "defender-runs");
    }

    #[test]
    fn each_variable_that_is_wrong_is_named() {
        for (name, bad) in [
            ("WANTED_STATE_PARAMETER", "a b"),
            ("WANTED_STATE_PARAMETER", ""),
            ("AZURE_SUBSCRIPTION_ID", "1"),
            ("AZURE_SIGN_IN_ROLE_ARN", "DefenderConnectorAzureSignIn"),
            ("RUN_BUCKET", "A_B"),
        ] {
            let environment = with(&[("WANTED_STATE_PARAMETER", NAME), (name, bad)]);
            let error = ArcSettings::from_environment(&environment).unwrap_err();
            let problems: Vec<&str> = error.problems().iter().map(|one| one.variable).collect();
            assert_eq!(problems, [name], "{bad}");
        }
    }

    #[test]
    fn what_is_missing_of_both_is_named_at_once() {
        let missed_by_one = Settings::from_environment(&Environment::default()).unwrap_err();
        let error = ArcSettings::from_environment(&Environment::default()).unwrap_err();
        assert_eq!(error.problems().len(), missed_by_one.problems().len() + 1);
    }
}
