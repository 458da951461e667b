//! The clouds as the function was started for them: clients that live as long as the function,
//! and what one request needs of them.

use std::sync::Arc;

use aws::{
    AccountAccess, FormerConnectorStore, IamIdentity, RoleSessions, RunBucket, SessionName,
    StoredClientSecret, WebIdentityToken,
};
use azure::{
    ArmClient, ClientSecretCredential, Deadline, Dialect, EntraApplication, FederatedCredential,
    Patience, SecurityConnectors, SignIn, TokenSource,
};
use custom_resource::Context;
use lambda_support::settings::{Authentication, Settings};
use lambda_support::{Boot, StartError};
use onboarding::{AccountId, Deployment, Partition, PortError};
use secrecy::SecretString;

use crate::properties::Limits;
use crate::registration::{Propagation, Registration};

type Azure = SignIn<Assertion, Secret>;

/// Every client that the function needs, made once.
#[derive(Debug)]
pub struct Cloud {
    settings: Settings,
    arm: ArmClient<Azure>,
    access: AccountAccess,
    bucket: RunBucket,
}

/// What one request works with.
pub type RequestRegistration<'a> =
    Registration<SecurityConnectors<'a, Azure>, IamIdentity, FormerConnectorStore>;

impl Cloud {
    /// The clients; nothing is sent yet.
    pub fn new(boot: &Boot) -> Result<Self, StartError> {
        let settings = boot.settings()?;
        let sdk = &boot.aws();
        let sessions = Arc::new(RoleSessions::new(sdk));
        let credential = match &settings.authentication {
            Authentication::Federation => {
                let role = settings.sign_in_role.clone();
                let tokens = WebIdentityToken::new(sdk, Arc::clone(&sessions), role);
                SignIn::Federation(FederatedCredential::new(Assertion(tokens)))
            }
            Authentication::ClientSecret { arn } => {
                let secret = StoredClientSecret::new(sdk, arn.as_str());
                SignIn::ClientSecret(ClientSecretCredential::new(Secret(secret)))
            }
        };
        let application = EntraApplication {
            authority: settings.authority_host.clone(),
            tenant_id: settings.tenant_id.clone(),
            client_id: settings.client_id.to_string(),
        };
        let http = boot.http()?;
        let patience = Patience::default();
        let tokens = TokenSource::new(http.clone(), application, credential, patience.clone());
        let resource_manager = settings.resource_manager_url.clone();
        Ok(Self {
            arm: ArmClient::new(http, resource_manager, tokens, patience),
            access: AccountAccess::new(sdk, sessions, settings.partition.clone()),
            bucket: RunBucket::new(sdk, settings.run_bucket.as_str()),
            settings,
        })
    }

    /// Everything that registering an account needs, until the request's time is over.
    pub fn registration(
        &self,
        account: &AccountId,
        dialect: Dialect,
        context: &Context,
    ) -> RequestRegistration<'_> {
        let until = context.work_until();
        let subscription = self.settings.subscription_id.clone();
        let session = SessionName::for_request(&context.ids().request_id);
        Registration {
            connectors: SecurityConnectors::new(&self.arm, subscription, Deadline::at(until))
                .speaking(dialect),
            identity: self.access.identity(account, session, until),
            former: self.bucket.former_connectors(until),
            deployment: self.settings.deployment.clone(),
            tenant: self.settings.tenant_id.clone(),
            partition: self.settings.partition.clone(),
            propagation: Propagation::default(),
        }
    }

    /// What the environment allows a request to name.
    pub fn limits(&self) -> Limits {
        Limits {
            subscription: self.settings.subscription_id.clone(),
            resource_group: self.settings.resource_group.clone(),
            tenant: self.settings.tenant_id.clone(),
            partition: self.settings.partition.clone(),
        }
    }

    /// Who we are.
    pub fn deployment(&self) -> &Deployment {
        &self.settings.deployment
    }

    /// The partition that the function runs in.
    pub fn partition(&self) -> &Partition {
        &self.settings.partition
    }

    /// The account that the stack is in.
    pub fn own_account(&self) -> AccountId {
        self.settings.account.clone()
    }
}

/// AWS's token as Entra's assertion: the two sides know nothing of each other.
#[derive(Debug)]
pub struct Assertion(WebIdentityToken);

impl azure::ClientAssertion for Assertion {
    async fn assertion(&self, deadline: Deadline) -> Result<SecretString, PortError> {
        self.0.fetch(deadline.moment()).await
    }
}

/// The secret in Secrets Manager as Entra's client secret.
#[derive(Debug)]
pub struct Secret(StoredClientSecret);

impl azure::ClientSecret for Secret {
    async fn client_secret(&self, deadline: Deadline) -> Result<SecretString, PortError> {
        self.0.fetch(deadline.moment()).await
    }
}
