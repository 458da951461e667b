//! What the domain asks of the outside, and how the outside fails.
//!
//! A port is made for one request: it carries that request's deadline, so no method takes one.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use crate::provider::{Adoption, Provider, Release, SeenProvider};
use crate::trust::SeenRole;
use crate::{
    AccountId, ApiVersion, ClassicConnector, Connector, ConnectorId, RoleName, WantedConnector,
};

/// What the caller can do about a failure. The names leave functions as `errorType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Too many requests; come back after this time, if one was given.
    Throttled {
        /// How long the service asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// It may work later: network, 5xx, a busy resource.
    Transient,
    /// A right is missing; only a person can give it.
    Denied,
    /// The thing addressed is not there.
    NotFound,
    /// Something else holds the name or the account.
    Conflict,
    /// The request or a setting is wrong; it will stay wrong.
    Invalid,
}

impl FailureKind {
    /// The stable name, for logs and for a state machine's `Retry`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled { .. } => "Throttled",
            Self::Transient => "Transient",
            Self::Denied => "Denied",
            Self::NotFound => "NotFound",
            Self::Conflict => "Conflict",
            Self::Invalid => "Invalid",
        }
    }
}

/// A failure of the outside.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct PortError {
    /// What can be done about it.
    pub kind: FailureKind,
    /// A sentence for the person who reads the stack event: what was tried, what the service
    /// answered (status, code, correlation id), what to change. Holds no secret.
    pub reason: String,
    /// The service's own refusal of the content of a connector, for which a look at the roles
    /// that it names may give a better reason.
    pub refused_content: bool,
    /// What caused it.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl PortError {
    /// A failure without a cause of its own.
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            refused_content: false,
            source: None,
        }
    }

    /// Adds what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// What the subscription's registration of Microsoft.Security offers for connectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOffer {
    /// `registrationState` is `Registered`.
    pub registered: bool,
    /// Locations that take connectors, as the service spells them.
    pub locations: Vec<String>,
    /// API versions of the connectors.
    pub api_versions: Vec<String>,
}

/// Security connectors in Azure Resource Manager.
pub trait Connectors: Send + Sync {
    /// Whether the provider is registered, and where.
    fn offer(&self) -> impl Future<Output = Result<ServiceOffer, PortError>> + Send;
    /// The API version that connectors are written with. Asks the service only where it has a say.
    fn api_version(&self) -> impl Future<Output = Result<ApiVersion, PortError>> + Send;
    /// Every connector of the subscription, of every environment.
    fn list(&self) -> impl Future<Output = Result<Vec<Connector>, PortError>> + Send;
    /// Every classic connector of the subscription.
    fn list_classic(&self)
    -> impl Future<Output = Result<Vec<ClassicConnector>, PortError>> + Send;
    /// One connector, `None` when it is not there.
    fn get(
        &self,
        id: &ConnectorId,
    ) -> impl Future<Output = Result<Option<Connector>, PortError>> + Send;
    /// Writes the wanted connector; what `seen` has that we do not know survives.
    fn put(
        &self,
        wanted: &WantedConnector,
        seen: Option<&Connector>,
    ) -> impl Future<Output = Result<Connector, PortError>> + Send;
    /// Writes a former body back as it was.
    fn restore(
        &self,
        id: &ConnectorId,
        former: &serde_json::Value,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Deletes a connector; absent is success.
    fn remove(&self, id: &ConnectorId) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Defender's identity providers and roles in one AWS account.
pub trait AccountIdentity: Send + Sync {
    /// Finds out whether anything can be done in the account at all: `Denied` where it cannot.
    fn access(&self) -> impl Future<Output = Result<(), PortError>> + Send;
    /// The same at this moment, whatever it was a moment ago.
    fn enter(&self) -> impl Future<Output = Result<(), PortError>> + Send;
    /// A provider, `None` when it is not there.
    fn provider(
        &self,
        which: &Provider,
    ) -> impl Future<Output = Result<Option<SeenProvider>, PortError>> + Send;
    /// Creates the provider or merges audiences into it.
    fn adopt_provider(
        &self,
        which: &Provider,
        adoption: &Adoption,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Gives the provider back. Absent is success.
    fn release_provider(
        &self,
        which: &Provider,
        release: &Release,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// A role, `None` when it is not there.
    fn role(
        &self,
        name: &RoleName,
    ) -> impl Future<Output = Result<Option<SeenRole>, PortError>> + Send;
}

/// The former bodies of adopted connectors, kept until they are restored.
pub trait FormerConnectors: Send + Sync {
    /// Keeps a connector as it is before we first write to it. Replaces an older record: whoever
    /// is about to adopt sees a connector that is not ours, so what it sees is the true former one.
    fn keep(
        &self,
        account: &AccountId,
        former: &Connector,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// The former body, `None` when none was kept.
    fn former(
        &self,
        account: &AccountId,
        id: &ConnectorId,
    ) -> impl Future<Output = Result<Option<serde_json::Value>, PortError>> + Send;
    /// Forgets the former body.
    fn forget(
        &self,
        account: &AccountId,
        id: &ConnectorId,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Removes everything from the bucket, so that the stack can delete it.
    fn empty(&self) -> impl Future<Output = Result<(), PortError>> + Send;
}
