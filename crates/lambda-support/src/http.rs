//! The one HTTP client of a function, for everything that is not AWS.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::Environment;

const CONNECT: Duration = Duration::from_secs(5);
/// Callers set what a request may take; this ends what was forgotten.
const LONGEST_REQUEST: Duration = Duration::from_secs(150);
/// Lambda freezes the environment between invocations. A connection that was idle before is dead
/// afterwards, and the first request on it would fail.
const IDLE: Duration = Duration::from_secs(3);

/// The variables that may name a plain http endpoint.
const ENDPOINTS: [&str; 3] = [
    "AZURE_AUTHORITY_HOST",
    "AZURE_RESOURCE_MANAGER_URL",
    "AWS_ENDPOINT_URL",
];

/// The client could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client could not be made: {0}")]
pub struct ClientError(String);

/// Makes the client: TLS only unless an endpoint is named with plain http, and no redirects, since
/// each request carries a token or is itself a secret.
pub fn client(environment: &Environment) -> Result<reqwest::Client, ClientError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the factory that the lint points to"
    )]
    let builder = reqwest::Client::builder();
    builder
        .user_agent(concat!(
            "defender-connector-aws/",
            env!("CARGO_PKG_VERSION")
        ))
        .https_only(!names_plain_http(environment))
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(LONGEST_REQUEST)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(2)
        .build()
        .map_err(|error| ClientError(error.without_url().to_string()))
}

fn names_plain_http(environment: &Environment) -> bool {
    ENDPOINTS
        .iter()
        .filter_map(|name| environment.text_or_none(name))
        .any(|url| {
            url.get(..7)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
        })
}

#[cfg(test)]
mod tests;
