//! The proof of identity that Microsoft Entra accepts: a token that AWS signs.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Builder;
use onboarding::{FailureKind, PortError, RoleArn};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;
use crate::sessions::{RoleSessions, SessionName};

/// The audience that Entra wants in the tokens of others.
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// The one algorithm that both sides know.
const ALGORITHM: &str = "RS256";
/// The least that is sure to be enough: the token is used at once.
const LIFETIME_SECONDS: i32 = 300;
const ACTION: &str = "sts:GetWebIdentityToken";

/// Tokens that say "this is the sign-in role", signed by AWS.
///
/// The role is the subject of the federated credential in Azure, so all functions assume the same
/// one, and only for this.
pub struct WebIdentityToken {
    sdk: SdkConfig,
    sessions: Arc<RoleSessions>,
    role: RoleArn,
    place: String,
}

impl fmt::Debug for WebIdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentityToken")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl WebIdentityToken {
    /// Tokens for a role; nothing is sent yet.
    pub fn new(sdk: &SdkConfig, sessions: Arc<RoleSessions>, role: RoleArn) -> Self {
        let place = format!("as role {role}");
        Self {
            sdk: sdk.clone(),
            sessions,
            role,
            place,
        }
    }

    /// A fresh token, for one use.
    pub async fn fetch(&self, deadline: Instant) -> Result<SecretString, PortError> {
        self.request(deadline)
            .await
            .map_err(|failure| self.explain(failure))
    }

    async fn request(&self, deadline: Instant) -> Result<SecretString, Failure> {
        let name = SessionName::for_request("azure-sign-in");
        let session = self.sessions.credentials(&self.role, &name, deadline).await;
        let session = session.map_err(|failure| {
            failure.denied_advice(|action| {
                format!(
                    "The role {} must exist and trust this function's role, which must be allowed \
                     {action} on it; a service control policy can deny it as well",
                    self.role
                )
            })
        })?;
        // The SDK asks the Region's own endpoint, and only those have this call.
        let config = Builder::from(&self.sdk)
            .credentials_provider(session)
            .build();
        let request = Client::from_conf(config)
            .get_web_identity_token()
            .audience(AUDIENCE)
            .signing_algorithm(ALGORITHM)
            .duration_seconds(LIFETIME_SECONDS);
        let call = Call {
            action: ACTION,
            place: &self.place,
            deadline,
        };
        let token = call.send(request.send()).await?.web_identity_token;
        let missing = || call.failure(FailureKind::Transient, "the answer held no token");
        token
            .filter(|token| !token.is_empty())
            .map(SecretString::from)
            .ok_or_else(missing)
    }

    fn explain(&self, mut failure: Failure) -> PortError {
        if failure.refuses_session() {
            self.sessions.forget(&self.role);
        }
        if failure.is("OutboundWebIdentityFederationDisabled") {
            failure = failure.denied().advised(
                "Outbound identity federation is off in this account. Switch it on once with \
                 'aws iam enable-outbound-web-identity-federation', give the issuer that it names \
                 to the federated credential in Azure, and deploy again",
            );
        }
        failure
            .denied_advice(|action| {
                format!(
                    "The role {} must be allowed {action} for the audience {AUDIENCE}; a service \
                     control policy can deny it as well",
                    self.role
                )
            })
            .into()
    }
}

#[cfg(test)]
mod tests;
