//! The settings of the function that onboards an organization.

use onboarding::InvalidValue;

use super::reader::{InvalidSettings, Reader, arn_fields};
use super::{ArcSettings, Settings};
use crate::Environment;

/// What a function needs that onboards an organization.
#[derive(Debug, Clone)]
pub struct OrganizationSettings {
    /// What it needs as the function does that registers accounts.
    pub shared: Settings,
    /// The name of the Systems Manager parameter that holds what the stack wants.
    pub wanted_state_parameter: String,
    /// The ARN of the state machine that carries runs out.
    pub state_machine: String,
}

impl OrganizationSettings {
    /// Reads all of them; the error names every variable that is missing or malformed.
    pub fn from_environment(environment: &Environment) -> Result<Self, InvalidSettings> {
        let mut read = Reader::new(environment);
        let arc = ArcSettings::read(&mut read);
        let state_machine = read.checked("STATE_MACHINE_ARN", state_machine);
        let settings = || {
            let ArcSettings {
                shared,
                wanted_state_parameter,
            } = arc?;
            Some(Self {
                shared,
                wanted_state_parameter,
                state_machine: state_machine?,
            })
        };
        read.finish(settings())
    }
}

fn state_machine(text: &str) -> Result<String, InvalidValue> {
    let resource = arn_fields(text, "states").map(|(_, _, resource)| resource);
    match resource.and_then(|resource| resource.strip_prefix("stateMachine:")) {
        Some(name) if !name.is_empty() && !name.contains(':') => Ok(text.to_owned()),
        _ => Err(InvalidValue {
            expected: "expected the ARN of a state machine",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::with;
    use super::*;

    const NAME: &str = "/defender-connector/mdc/wanted-state";
    const MACHINE: &str =
        "arn:aws:states:eu-west-1:111122223333:stateMachine:DefenderConnector-OnboardOrganization";
    const BOTH: [(&str, &str); 2] = [
        ("WANTED_STATE_PARAMETER", NAME),
        ("STATE_MACHINE_ARN", MACHINE),
    ];

    #[test]
    fn they_are_the_shared_ones_parameter_and_machine() {
        let settings = OrganizationSettings::from_environment(&with(&BOTH)).unwrap();
        assert_eq!(settings.wanted_state_parameter, NAME);
        assert_eq!(settings.state_machine, MACHINE);
        assert_eq!(settings.shared.account.as_str(), "111122223333");
    }

    #[test]
    fn each_variable_that_is_wrong_is_named() {
        for (name, bad) in [
            ("STATE_MACHINE_ARN", ""),
            ("STATE_MACHINE_ARN", "DefenderConnector-OnboardOrganization"),
            (
                "STATE_MACHINE_ARN",
                "arn:aws:states:eu-west-1:111122223333:execution:X:1",
            ),
            (
                "STATE_MACHINE_ARN",
                "arn:aws:states:eu-west-1:111122223333:stateMachine:X:1",
            ),
            ("WANTED_STATE_PARAMETER", "a b"),
            ("AZURE_TENANT_ID", "1"),
        ] {
            let changed: Vec<(&str, &str)> = BOTH.into_iter().chain([(name, bad)]).collect();
            let error = OrganizationSettings::from_environment(&with(&changed)).unwrap_err();
            let problems: Vec<&str> = error.problems().iter().map(|one| one.variable).collect();
            assert_eq!(problems, [name], "{bad}");
        }
    }
}
