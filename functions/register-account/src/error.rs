//! Why an account could not be registered or released.

use custom_resource::{Context, Failure};
use onboarding::decision::Refusal;
use onboarding::trust::Defect;
use onboarding::{AccountId, ApiVersion, FailureKind, PortError, RoleArn};

/// A failure, as the person reads it who looks at the stack's events.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// We looked and will not write.
    #[error("{0}")]
    Refused(#[source] Refusal),
    /// AWS or Azure did not do as asked.
    #[error("AWS account {account}: {error}")]
    Port {
        /// The account that was being registered or released.
        account: AccountId,
        /// What happened.
        #[source]
        error: PortError,
    },
    /// Roles of the wanted names exist and this stack did not make them.
    #[error(
        "AWS account {account} already has the IAM role{} {names}, which this stack did not make (Microsoft's own template probably ran here). Nothing was written. Set {parameters} to another name; if Defender for Cloud already has a connector for this account, also set AdoptExisting=true",
        if *.count == 1 { "" } else { "s" }
    )]
    RoleCollision {
        /// The account.
        account: AccountId,
        /// How many roles.
        count: usize,
        /// Their names.
        names: String,
        /// The stack parameters that rename them.
        parameters: String,
    },
    /// The API version in use does not know a property.
    #[error(
        "ResourceProperties.{property}: API version {version} does not know it. Set AzureApiVersion to 2026-08-01-preview where the subscription offers that, or leave the setting empty"
    )]
    NewerProperty {
        /// Its path.
        property: &'static str,
        /// The version in use.
        version: ApiVersion,
    },
    /// The service refused the connector, and our own look at the account says why.
    #[error("AWS account {account}: {defects}. The service answered: {error}")]
    Unusable {
        /// The account.
        account: AccountId,
        /// What is wrong with provider or roles.
        defects: String,
        /// The service's own answer.
        #[source]
        error: PortError,
    },
}

impl RegisterError {
    /// A failure of a port while working on an account.
    pub fn port(account: &AccountId) -> impl Fn(PortError) -> Self {
        let account = account.clone();
        move |error| Self::Port {
            account: account.clone(),
            error,
        }
    }

    /// The stable error name: `Throttled`, `Transient`, `Denied`, `Conflict`, `Invalid`.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(Refusal::NotRegistered(_) | Refusal::LocationNotOffered { .. }) => {
                FailureKind::Invalid
            }
            Self::Refused(_) | Self::RoleCollision { .. } => FailureKind::Conflict,
            Self::Port { error, .. } => error.kind,
            Self::Unusable { .. } | Self::NewerProperty { .. } => FailureKind::Invalid,
        }
    }
}

/// What is wrong with one of the things that a connector relies on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is no identity provider.
    #[error("the identity provider {0} is missing")]
    NoProvider(String),
    /// There is one, without the audience that a role asks for.
    #[error("the identity provider {provider} lacks the audience {audience}")]
    NoAudience {
        /// Its ARN.
        provider: String,
        /// The audience.
        audience: &'static str,
    },
    /// A role is not there.
    #[error("the IAM role {0} is missing")]
    NoRole(RoleArn),
    /// A role is there, but Defender cannot assume it.
    #[error("Defender cannot assume the IAM role {role}: {defect}")]
    Trust {
        /// The role.
        role: RoleArn,
        /// What is wrong with it.
        #[source]
        defect: Defect,
    },
}

/// The failure of a Delete, which must not hold the stack for ever: the person may have it go
/// without the resource.
pub fn failed_to_delete(error: RegisterError, context: &Context) -> Failure {
    let (kind, resource) = (error.kind().name(), &context.ids().logical_id);
    Failure::new(format!(
        "{error} [{kind}]. Delete the stack again once that is put right; to skip it and leave in \
         place what is there, delete the stack with --retain-resources {resource}"
    ))
    .caused_by(error)
}

/// The failure that `CloudFormation` is answered with.
pub fn failed(error: RegisterError) -> Failure {
    Failure::new(format!("{error} [{}]", error.kind().name())).caused_by(error)
}
