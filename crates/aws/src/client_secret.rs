//! The client secret of the Azure application, in Secrets Manager.

use std::fmt;

use aws_config::{Region, SdkConfig};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use onboarding::{FailureKind, PortError};
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;

const ACTION: &str = "secretsmanager:GetSecretValue";
const PARAMETER: &str = "AzureClientSecretArn";
/// The key under which a secret that is a JSON object holds the client secret.
const KEY: &str = "clientSecret";

/// The client secret, read anew each time so that a rotated one is picked up.
///
/// The secret's value is the client secret itself, or a JSON object that holds it under
/// `clientSecret`.
pub struct StoredClientSecret {
    client: Client,
    arn: String,
    place: String,
}

impl fmt::Debug for StoredClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredClientSecret")
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

impl StoredClientSecret {
    /// The secret of this ARN; nothing is sent yet.
    pub fn new(sdk: &SdkConfig, arn: impl Into<String>) -> Self {
        let arn = arn.into();
        let mut config = Builder::from(sdk);
        // The secret may be in another Region than the function.
        if let Some(region) = arn.split(':').nth(3).filter(|region| !region.is_empty()) {
            config = config.region(Region::new(region.to_owned()));
        }
        let place = format!("for {arn} ({PARAMETER})");
        Self {
            client: Client::from_conf(config.build()),
            arn,
            place,
        }
    }

    /// The client secret as it is now.
    pub async fn fetch(&self, deadline: Instant) -> Result<SecretString, PortError> {
        self.read(deadline)
            .await
            .map_err(|failure| explain(failure).into())
    }

    async fn read(&self, deadline: Instant) -> Result<SecretString, Failure> {
        let call = Call {
            action: ACTION,
            place: &self.place,
            deadline,
        };
        let request = self.client.get_secret_value().secret_id(&self.arn);
        let value = call.send(request.send()).await?.secret_string;
        let unusable = |expected: &str| call.failure(FailureKind::Invalid, expected);
        let text = value.ok_or_else(|| unusable("expected text, but the secret is binary"))?;
        client_secret(&text)
            .map(SecretString::from)
            .map_err(unusable)
    }
}

/// The client secret in a secret's value; the error says what was expected and nothing of it.
fn client_secret(text: &str) -> Result<String, &'static str> {
    // Whoever stores a secret with echo stores a line end as well; Entra's own hold no blanks.
    let text = text.trim();
    let secret = match serde_json::from_str(text) {
        Ok(Value::Object(mut fields)) => match fields.remove(KEY) {
            Some(Value::String(secret)) => secret.trim().to_owned(),
            _ => {
                return Err(
                    "expected the key clientSecret with a text in the secret's JSON object",
                );
            }
        },
        _ => text.to_owned(),
    };
    if secret.is_empty() {
        Err("expected the client secret, but it is empty")
    } else {
        Ok(secret)
    }
}

fn explain(failure: Failure) -> Failure {
    if failure.is("ResourceNotFound") {
        return failure.advised(format!(
            "Set {PARAMETER} to the ARN of a secret that exists"
        ));
    }
    failure.denied_advice(|action| {
        format!(
            "The function's role must be allowed {action} on the secret of {PARAMETER}, and \
             kms:Decrypt where a customer managed key encrypts it"
        )
    })
}

#[cfg(test)]
mod tests;
