//! The function's environment. The process' own is read here and nowhere else.

use std::collections::HashMap;
use std::ffi::OsString;

/// Every variable that the functions read, and what it means.
///
/// | variable | meaning |
/// |---|---|
/// | `AZURE_…`, `DEPLOYMENT_ID`, `STACK_ID`, `RUN_BUCKET`, `WANTED_STATE_PARAMETER`, `STATE_MACHINE_ARN` | set by the stack from its parameters |
/// | `AZURE_AUTHORITY_HOST`, `AZURE_RESOURCE_MANAGER_URL`, `AWS_ENDPOINT_URL` | other clouds than the public ones |
/// | `AWS_REGION`, `AWS_LAMBDA_…` | set by Lambda |
pub const VARIABLES: &[(&str, &str)] = &[
    (
        "AZURE_TENANT_ID",
        "Microsoft Entra tenant that the functions sign in to",
    ),
    (
        "AZURE_CLIENT_ID",
        "client id of the application or managed identity that signs in",
    ),
    (
        "AZURE_SUBSCRIPTION_ID",
        "the one Azure subscription that is written to",
    ),
    (
        "AZURE_RESOURCE_GROUP",
        "the one resource group that connectors are written to",
    ),
    ("AZURE_LOCATION", "Azure location of new connectors"),
    (
        "AZURE_AUTHENTICATION",
        "Federation (default): a token from AWS; ClientSecret: a secret in Secrets Manager",
    ),
    (
        "AZURE_CLIENT_SECRET_ARN",
        "ARN of the client secret; read where AZURE_AUTHENTICATION is ClientSecret",
    ),
    (
        "AZURE_SIGN_IN_ROLE_ARN",
        "ARN of the role that is the subject of the federated credential",
    ),
    (
        "DEPLOYMENT_ID",
        "owner that is written into the tags of what is made",
    ),
    (
        "STACK_ID",
        "ARN of the stack, written into tags for information",
    ),
    ("RUN_BUCKET", "S3 bucket of the deployment"),
    (
        "WANTED_STATE_PARAMETER",
        "name of the Systems Manager parameter that holds what the stack wants",
    ),
    (
        "STATE_MACHINE_ARN",
        "ARN of the state machine that carries out what events of the organization lead to",
    ),
    (
        "AZURE_AUTHORITY_HOST",
        "base URL of Microsoft Entra (default https://login.microsoftonline.com)",
    ),
    (
        "AZURE_RESOURCE_MANAGER_URL",
        "base URL of Azure Resource Manager (default https://management.azure.com)",
    ),
    (
        "AWS_ENDPOINT_URL",
        "base URL of all AWS services (default: each service's own)",
    ),
    ("AWS_REGION", "AWS Region that the function runs in"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON, or anything else for text"),
    (
        "AWS_LAMBDA_LOG_LEVEL",
        "TRACE, DEBUG, INFO (default), WARN or ERROR",
    ),
];

/// The variables that are set, by name.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, OsString>);

/// Shows names only: a value may be anything.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A value that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotText;

impl Environment {
    /// Those of [`VARIABLES`] that the process has.
    pub fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the environment"
        )]
        let read = |(name, _): &(&str, &str)| Some(((*name).to_owned(), std::env::var_os(name)?));
        Self(VARIABLES.iter().filter_map(read).collect())
    }

    /// The text of a variable. One that is empty counts as not set, as `CloudFormation` has no
    /// other way to leave one out; white space around it is not part of it.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, NotText> {
        debug_assert!(
            VARIABLES.iter().any(|(known, _)| *known == name),
            "{name} is missing in VARIABLES"
        );
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let text = value.to_str().ok_or(NotText)?.trim();
        Ok((!text.is_empty()).then_some(text))
    }

    /// The text of a variable where a malformed one is as good as none.
    pub(crate) fn text_or_none(&self, name: &str) -> Option<&str> {
        self.text(name).ok().flatten()
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(variables: T) -> Self {
        let pair = |(name, value): (N, V)| (name.into(), value.into());
        Self(variables.into_iter().map(pair).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_not_set_and_blanks_are_not_part_of_a_value() {
        let environment: Environment = [
            ("RUN_BUCKET", " a "),
            ("STACK_ID", ""),
            ("AZURE_LOCATION", "  "),
        ]
        .into_iter()
        .collect();
        assert_eq!(environment.text("RUN_BUCKET"), Ok(Some("a")));
        assert_eq!(environment.text("STACK_ID"), Ok(None));
        assert_eq!(environment.text("AZURE_LOCATION"), Ok(None));
        assert_eq!(environment.text("AWS_REGION"), Ok(None));
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_an_error_and_no_panic() {
        use std::os::unix::ffi::OsStringExt;
        let bytes = OsString::from_vec(vec![0xff]);
        let environment: Environment = [("RUN_BUCKET", bytes)].into_iter().collect();
        assert_eq!(environment.text("RUN_BUCKET"), Err(NotText));
        assert_eq!(environment.text_or_none("RUN_BUCKET"), None);
    }

    #[test]
    fn debug_shows_no_values() {
        let environment: Environment = [("RUN_BUCKET", "hidden")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"{"RUN_BUCKET"}"#);
    }
}
