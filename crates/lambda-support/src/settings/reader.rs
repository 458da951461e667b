//! Reads settings one by one and remembers what was wrong with each.

use std::fmt;

use onboarding::InvalidValue;
use url::Url;

use crate::Environment;

/// What is wrong with the environment: every variable at once, so that one deploy mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSettings(Vec<Problem>);

/// What is wrong with one variable. Its value is not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable.
    pub variable: &'static str,
    /// Whether it is set at all.
    pub is_set: bool,
    /// What would be accepted.
    pub expected: &'static str,
}

impl InvalidSettings {
    /// One for each variable.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl std::error::Error for InvalidSettings {}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the function's settings cannot be used: ")?;
        for (position, problem) in self.0.iter().enumerate() {
            let gap = if position == 0 { "" } else { "; " };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.variable)?;
        if let Some(parameter) = parameter(self.variable) {
            write!(f, " (stack parameter {parameter})")?;
        }
        if !self.is_set {
            f.write_str(" is missing")?;
        }
        write!(f, ": {}", self.expected)
    }
}

/// The stack parameter that a variable gets its value from.
fn parameter(variable: &str) -> Option<&'static str> {
    Some(match variable {
        "AZURE_TENANT_ID" => "AzureTenantId",
        "AZURE_CLIENT_ID" => "AzureClientId",
        "AZURE_SUBSCRIPTION_ID" => "AzureSubscriptionId",
        "AZURE_RESOURCE_GROUP" => "AzureResourceGroup",
        "AZURE_LOCATION" => "AzureLocation",
        "AZURE_AUTHENTICATION" => "AzureAuthentication",
        "AZURE_CLIENT_SECRET_ARN" => "AzureClientSecretArn",
        "DEPLOYMENT_ID" => "DeploymentId",
        _ => return None,
    })
}

/// Reads variables; each method is `None` after a problem, which is kept.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            problems: Vec::new(),
        }
    }

    /// What was built of the values, unless one of them was a problem.
    pub(super) fn finish<T>(self, built: Option<T>) -> Result<T, InvalidSettings> {
        built
            .filter(|_| self.problems.is_empty())
            .ok_or(InvalidSettings(self.problems))
    }

    /// A variable that must be there.
    pub(super) fn required<T>(&mut self, variable: &'static str) -> Option<T>
    where
        T: TryFrom<String, Error = InvalidValue>,
    {
        self.checked(variable, |text| T::try_from(text.to_owned()))
    }

    /// A variable that must be there and pass a check.
    pub(super) fn checked<T>(
        &mut self,
        variable: &'static str,
        check: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        // An empty text fails every check, and the check says what was expected.
        self.checked_or(variable, "", check)
    }

    /// A variable with a default that must pass a check.
    pub(super) fn checked_or<T>(
        &mut self,
        variable: &'static str,
        default: &str,
        check: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        let Ok(text) = self.environment.text(variable) else {
            self.problem(variable, true, "expected text in UTF-8");
            return None;
        };
        match check(text.unwrap_or(default)) {
            Ok(value) => Some(value),
            Err(InvalidValue { expected }) => {
                self.problem(variable, text.is_some(), expected);
                None
            }
        }
    }

    /// A base URL with a default.
    pub(super) fn url(&mut self, variable: &'static str, default: &str) -> Option<Url> {
        self.checked_or(variable, default, base_url)
    }

    /// A base URL that may be absent, which is not a problem.
    pub(super) fn optional_url(&mut self, variable: &'static str) -> Option<Url> {
        self.checked_or(variable, "", |text| match text {
            "" => Ok(None),
            text => base_url(text).map(Some),
        })
        .flatten()
    }

    fn problem(&mut self, variable: &'static str, is_set: bool, expected: &'static str) {
        self.problems.push(Problem {
            variable,
            is_set,
            expected,
        });
    }
}

/// Plain http is accepted here and nowhere else: whoever may set these variables could as well
/// replace the function.
fn base_url(text: &str) -> Result<Url, InvalidValue> {
    let invalid = || InvalidValue {
        expected: "expected a base URL such as https://example.com, without user, query or fragment",
    };
    let url = Url::parse(text).map_err(|_| invalid())?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if matches!(url.scheme(), "https" | "http") && url.has_host() && bare {
        Ok(url)
    } else {
        Err(invalid())
    }
}

/// Region, account and resource of an ARN of a service.
pub(super) fn arn_fields<'a>(arn: &'a str, service: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let mut fields = arn.splitn(6, ':');
    let (prefix, _, named) = (fields.next()?, fields.next()?, fields.next()?);
    let (region, account, resource) = (fields.next()?, fields.next()?, fields.next()?);
    let printable = arn.bytes().all(|byte| byte.is_ascii_graphic());
    (prefix == "arn" && named == service && !resource.is_empty() && printable)
        .then_some((region, account, resource))
}
