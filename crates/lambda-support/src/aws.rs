//! The AWS SDK's configuration. The SDK is the one layer that retries calls to AWS.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::Environment;

const CONNECT: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(15);
const OPERATION: Duration = Duration::from_secs(50);
/// Connections that outlive a frozen environment are dead; see [`crate::http`].
const IDLE: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 5;
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);

/// Region, credentials and endpoint as Lambda gives them, with every call bounded in time.
///
/// Credentials come from the environment alone, as Lambda documents it: the SDK's default chain
/// would also look for profiles and ask metadata services, which no function has, and is a tenth
/// of the binary.
pub(crate) fn configuration(environment: &Environment) -> SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .pool_idle_timeout(IDLE)
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_max_backoff(LONGEST_BACKOFF);
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    let region = environment
        .text_or_none("AWS_REGION")
        .map(|name| Region::new(name.to_owned()));
    let mut configuration = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .credentials_provider(credentials)
        .region(region);
    if let Some(endpoint) = environment.text_or_none("AWS_ENDPOINT_URL") {
        configuration = configuration.endpoint_url(endpoint);
    }
    configuration.build()
}
