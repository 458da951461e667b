//! What the application proves its identity with.

use std::fmt;
use std::future::Future;

use onboarding::PortError;
use secrecy::SecretString;

use crate::Deadline;

/// Gives federated assertions: signed tokens of another issuer that Entra was told to trust.
pub trait ClientAssertion: Send + Sync {
    /// A fresh assertion for the audience `api://AzureADTokenExchange`. It lives minutes only, so
    /// one is fetched for each request.
    fn assertion(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<SecretString, PortError>> + Send;
}

/// Gives the application's client secret.
pub trait ClientSecret: Send + Sync {
    /// The secret as it is now; it is asked for again with each token, so that a rotated one is
    /// picked up.
    fn client_secret(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<SecretString, PortError>> + Send;
}

/// What a token request carries as proof.
pub enum Proof {
    /// A signed token of a trusted issuer.
    Assertion(SecretString),
    /// The client secret.
    Secret(SecretString),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assertion(_) => "Proof::Assertion",
            Self::Secret(_) => "Proof::Secret",
        })
    }
}

/// A way to prove the application's identity.
pub trait Credential: Send + Sync {
    /// The proof for one token request.
    fn proof(&self, deadline: Deadline) -> impl Future<Output = Result<Proof, PortError>> + Send;
}

/// Signs in with a federated assertion: no secret is stored anywhere.
pub struct FederatedCredential<A>(A);

impl<A: ClientAssertion> FederatedCredential<A> {
    /// Takes its assertions from here.
    pub fn new(assertions: A) -> Self {
        Self(assertions)
    }
}

impl<A> fmt::Debug for FederatedCredential<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FederatedCredential")
    }
}

impl<A: ClientAssertion> Credential for FederatedCredential<A> {
    async fn proof(&self, deadline: Deadline) -> Result<Proof, PortError> {
        self.0.assertion(deadline).await.map(Proof::Assertion)
    }
}

/// Signs in with a client secret.
pub struct ClientSecretCredential<S>(S);

impl<S: ClientSecret> ClientSecretCredential<S> {
    /// Takes the secret from here.
    pub fn new(secrets: S) -> Self {
        Self(secrets)
    }
}

impl<S> fmt::Debug for ClientSecretCredential<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretCredential")
    }
}

impl<S: ClientSecret> Credential for ClientSecretCredential<S> {
    async fn proof(&self, deadline: Deadline) -> Result<Proof, PortError> {
        self.0.client_secret(deadline).await.map(Proof::Secret)
    }
}

/// Either way to sign in, as the parameter `AzureAuthentication` chooses.
#[derive(Debug)]
pub enum SignIn<A, S> {
    /// `Federation`.
    Federation(FederatedCredential<A>),
    /// `ClientSecret`.
    ClientSecret(ClientSecretCredential<S>),
}

impl<A: ClientAssertion, S: ClientSecret> Credential for SignIn<A, S> {
    async fn proof(&self, deadline: Deadline) -> Result<Proof, PortError> {
        match self {
            Self::Federation(credential) => credential.proof(deadline).await,
            Self::ClientSecret(credential) => credential.proof(deadline).await,
        }
    }
}
