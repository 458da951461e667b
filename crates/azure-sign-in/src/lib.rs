//! Signs the functions in to Azure with what AWS has: a token that it signs, or a secret that it
//! keeps.
//!
//! `aws` and `azure` know nothing of each other. This is where they meet, for every function that
//! calls Azure.

use std::sync::Arc;

use aws::{RoleSessions, StoredClientSecret, WebIdentityToken};
use aws_config::SdkConfig;
use azure::{
    ArmClient, ClientAssertion, ClientSecret, ClientSecretCredential, Deadline, EntraApplication,
    FederatedCredential, Patience, SignIn, TokenSource,
};
use lambda_support::Settings;
use lambda_support::settings::Authentication;
use onboarding::PortError;
use secrecy::SecretString;

/// How the functions prove who they are, as the settings choose it.
pub type StackIdentity = SignIn<Assertion, Secret>;

/// A client of Resource Manager that signs in as the settings say; nothing is sent yet.
pub fn resource_manager(
    settings: &Settings,
    sdk: &SdkConfig,
    sessions: &Arc<RoleSessions>,
    http: reqwest::Client,
    patience: Patience,
) -> ArmClient<StackIdentity> {
    let application = EntraApplication {
        authority: settings.authority_host.clone(),
        tenant_id: settings.tenant_id.clone(),
        client_id: settings.client_id.to_string(),
    };
    let credential = identity(settings, sdk, sessions);
    let tokens = TokenSource::new(http.clone(), application, credential, patience.clone());
    ArmClient::new(
        http,
        settings.resource_manager_url.clone(),
        tokens,
        patience,
    )
}

fn identity(settings: &Settings, sdk: &SdkConfig, sessions: &Arc<RoleSessions>) -> StackIdentity {
    match &settings.authentication {
        Authentication::Federation => {
            let role = settings.sign_in_role.clone();
            let tokens = WebIdentityToken::new(sdk, Arc::clone(sessions), role);
            SignIn::Federation(FederatedCredential::new(Assertion(tokens)))
        }
        Authentication::ClientSecret { arn } => {
            let secret = StoredClientSecret::new(sdk, arn.as_str());
            SignIn::ClientSecret(ClientSecretCredential::new(Secret(secret)))
        }
    }
}

/// AWS's token as Entra's assertion.
#[derive(Debug)]
pub struct Assertion(WebIdentityToken);

impl ClientAssertion for Assertion {
    async fn assertion(&self, deadline: Deadline) -> Result<SecretString, PortError> {
        self.0.fetch(deadline.moment()).await
    }
}

/// The secret in Secrets Manager as Entra's client secret.
#[derive(Debug)]
pub struct Secret(StoredClientSecret);

impl ClientSecret for Secret {
    async fn client_secret(&self, deadline: Deadline) -> Result<SecretString, PortError> {
        self.0.fetch(deadline.moment()).await
    }
}

#[cfg(test)]
mod tests;
