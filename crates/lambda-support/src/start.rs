//! What is done once per environment, before the first event.

use aws_config::SdkConfig;

use crate::http::ClientError;
use crate::settings::{ArcSettings, InvalidSettings, OrganizationSettings};
use crate::{Environment, ReplySettings, Settings, aws, http, logging, settings};

/// Why a function cannot do its work. It runs nevertheless, and answers with this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A variable is missing or malformed.
    #[error(transparent)]
    Settings(InvalidSettings),
    /// There is nothing to send requests with.
    #[error(transparent)]
    Http(ClientError),
}

/// What a function works with. Made once; all of it is cheap to clone.
#[derive(Debug, Clone)]
pub struct Boot {
    environment: Environment,
    http: Result<reqwest::Client, ClientError>,
}

/// Starts the function: reads the environment, turns logging on and makes the HTTP client. Never
/// fails; see [`StartError`].
pub fn start() -> Boot {
    let environment = Environment::of_process();
    logging::start(&environment);
    Boot::of(environment)
}

impl Boot {
    /// What a function would start with in this environment.
    pub fn of(environment: Environment) -> Self {
        let http = http::client(&environment);
        Self { environment, http }
    }

    /// The environment as it was read.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The SDK's configuration, for the function that calls AWS. To be asked for once, as it
    /// brings an HTTP client of its own.
    pub fn aws(&self) -> SdkConfig {
        aws::configuration(&self.environment)
    }

    /// The one HTTP client.
    pub fn http(&self) -> Result<reqwest::Client, StartError> {
        self.http.clone().map_err(StartError::Http)
    }

    /// The settings of the function that registers accounts.
    pub fn settings(&self) -> Result<Settings, StartError> {
        Settings::from_environment(&self.environment).map_err(StartError::Settings)
    }

    /// The settings of the function that provisions Arc.
    pub fn arc_settings(&self) -> Result<ArcSettings, StartError> {
        ArcSettings::from_environment(&self.environment).map_err(StartError::Settings)
    }

    /// The settings of the function that onboards an organization.
    pub fn organization_settings(&self) -> Result<OrganizationSettings, StartError> {
        OrganizationSettings::from_environment(&self.environment).map_err(StartError::Settings)
    }

    /// The settings of a function that does nothing but answer.
    pub fn reply_settings(&self) -> Result<ReplySettings, StartError> {
        ReplySettings::from_environment(&self.environment).map_err(StartError::Settings)
    }

    /// The name of the deployment's S3 bucket alone, for a function that can do without it.
    pub fn run_bucket(&self) -> Result<String, StartError> {
        settings::run_bucket(&self.environment).map_err(StartError::Settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_starts_without_settings_and_says_so_when_asked() {
        let boot = start();
        let error = boot.settings().unwrap_err().to_string();
        assert!(error.contains("AZURE_TENANT_ID"), "{error}");
        assert!(boot.http().is_ok());
        assert_eq!(start().settings().unwrap_err().to_string(), error);
    }

    #[test]
    fn calls_to_aws_are_bounded_and_retried_by_the_sdk() {
        let boot = start();
        let configuration = boot.aws();
        let timeouts = configuration.timeout_config().unwrap();
        assert!(timeouts.connect_timeout() < timeouts.operation_attempt_timeout());
        assert!(timeouts.operation_attempt_timeout() < timeouts.operation_timeout());
        assert!(configuration.retry_config().unwrap().max_attempts() > 1);
    }
}
