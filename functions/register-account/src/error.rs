//! Why an account could not be registered or released.

use custom_resource::{Context, Failure};
use lambda_runtime::Diagnostic;
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
    /// The account lacks what its connector relies on, and a stack set makes that.
    #[error("AWS account {account} is not ready: {what}")]
    NotReady {
        /// The account.
        account: AccountId,
        /// What it lacks.
        what: String,
    },
    /// The account is being taken out.
    #[error("AWS account {0}: nothing is put in while it is taken out")]
    Leaving(AccountId),
    /// The run belongs to a request that was refused.
    #[error("AWS account {0}: the request that began this run was refused meanwhile")]
    RolledBack(AccountId),
    /// The way out was begun neither by a Delete nor by our own look at the organization.
    #[error(
        "AWS account {0}: it is taken out only by the delete of the stack, or when it is no longer in scope, and neither is under way"
    )]
    NotLeaving(AccountId),
    /// A run is to take the stack's own account out.
    #[error(
        "AWS account {0} is the stack's own: its connector goes with the resource SecurityConnector"
    )]
    OwnAccount(AccountId),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// `CloudFormation` did not get its answer.
    #[error("{0}")]
    Unanswered(String),
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

    /// An account that lacks roles.
    pub fn not_ready(account: &AccountId, missing: &[RoleArn]) -> Self {
        let names: Vec<&str> = missing.iter().map(RoleArn::as_str).collect();
        let (roles, are) = match names[..] {
            [_] => ("role", "is"),
            _ => ("roles", "are"),
        };
        Self::NotReady {
            account: account.clone(),
            what: format!("the IAM {roles} {} {are} missing", names.join(", ")),
        }
    }

    /// The stable name that leaves the function as `errorType`: that of [`Self::kind`] or
    /// `NotReady`. The state machine knows no `NotFound`. Where Defender itself registered a member,
    /// its connector goes a while after the one that stands for the organization: to wait is all
    /// there is to do.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotReady { .. } => "NotReady",
            Self::Refused(Refusal::MemberConnector { .. }) => FailureKind::Transient.name(),
            other => match other.kind() {
                FailureKind::NotFound => FailureKind::Invalid.name(),
                kind => kind.name(),
            },
        }
    }

    /// What can be done about it.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(Refusal::NotRegistered(_) | Refusal::LocationNotOffered { .. }) => {
                FailureKind::Invalid
            }
            Self::Refused(_)
            | Self::RoleCollision { .. }
            | Self::Leaving(_)
            | Self::RolledBack(_)
            | Self::NotLeaving(_) => FailureKind::Conflict,
            Self::Port { error, .. } => error.kind,
            Self::Unusable { .. }
            | Self::NewerProperty { .. }
            | Self::OwnAccount(_)
            | Self::Invalid(_) => FailureKind::Invalid,
            Self::NotReady { .. } => FailureKind::NotFound,
            Self::Unanswered(_) => FailureKind::Transient,
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

/// The failure of a Delete.
pub fn failed_to_delete(error: RegisterError, context: &Context) -> Failure {
    let reason = format!("{error} [{}]", error.kind().name());
    Failure::to_delete(reason, &context.ids().logical_id).caused_by(error)
}

/// The failure that `CloudFormation` is answered with.
pub fn failed(error: RegisterError) -> Failure {
    Failure::new(format!("{error} [{}]", error.kind().name())).caused_by(error)
}

impl From<RegisterError> for Diagnostic {
    fn from(error: RegisterError) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}
