//! Why a pass over an account came to nothing, by the names that leave the function.

use deferral::AnswerError;
use lambda_runtime::Diagnostic;
use onboarding::{AccountId, FailureKind, PortError};

/// A failure that is not one of single instances or Regions.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// AWS did not do as asked, in any Region.
    #[error("AWS account {account}: {error}")]
    Port {
        /// The account.
        account: AccountId,
        /// What happened.
        #[source]
        error: PortError,
    },
    /// The way out was not begun by a Delete.
    #[error(
        "AWS account {0}: its tags are taken away only by the delete of the stack, and none is under way"
    )]
    NotLeaving(AccountId),
    /// A Delete is under way.
    #[error("AWS account {0}: nothing is put in while a delete takes it out")]
    Leaving(AccountId),
    /// The way out has ended and something is left.
    #[error("AWS account {account}: {what} could not be taken away: {reason}")]
    LeftBehind {
        /// The account.
        account: AccountId,
        /// Of what.
        what: String,
        /// Why.
        reason: String,
        /// What can be done about it.
        kind: FailureKind,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// `CloudFormation` did not get its answer.
    #[error("{0}")]
    Unanswered(String),
    /// `CloudFormation` did not get its later answer.
    #[error(transparent)]
    Unsettled(#[from] AnswerError),
}

impl ProvisionError {
    /// A failure of a port while working on an account.
    pub fn port(account: &AccountId) -> impl Fn(PortError) -> Self + use<> {
        let account = account.clone();
        move |error| Self::Port {
            account: account.clone(),
            error,
        }
    }

    /// Whether another try may come to more.
    pub fn is_passing(&self) -> bool {
        let kind = self.of_cloud();
        matches!(
            kind,
            Some(FailureKind::Throttled { .. } | FailureKind::Transient)
        )
    }

    /// Whether AWS refused it, and will again.
    pub fn is_denied(&self) -> bool {
        self.of_cloud() == Some(FailureKind::Denied)
    }

    fn of_cloud(&self) -> Option<FailureKind> {
        match self {
            Self::Port { error, .. } => Some(error.kind),
            Self::LeftBehind { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    /// The stable name: `Throttled`, `Transient`, `Denied`, `Conflict` or `Invalid`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Port { error, .. } => stable(error.kind),
            Self::LeftBehind { kind, .. } => stable(*kind),
            Self::Leaving(_) => FailureKind::Conflict.name(),
            Self::NotLeaving(_) | Self::Invalid(_) => FailureKind::Invalid.name(),
            Self::Unanswered(_) => FailureKind::Transient.name(),
            Self::Unsettled(error) => stable(error.kind()),
        }
    }
}

/// The state machine knows no `NotFound`.
fn stable(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotFound => FailureKind::Invalid.name(),
        kind => kind.name(),
    }
}

impl From<ProvisionError> for Diagnostic {
    fn from(error: ProvisionError) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stable_names_leave() {
        let account: AccountId = "111122223333".parse().unwrap();
        let port = |kind| ProvisionError::port(&account)(PortError::new(kind, "why"));
        for (error, name) in [
            (
                port(FailureKind::Throttled { retry_after: None }),
                "Throttled",
            ),
            (port(FailureKind::Transient), "Transient"),
            (port(FailureKind::Denied), "Denied"),
            (port(FailureKind::Conflict), "Conflict"),
            (port(FailureKind::NotFound), "Invalid"),
            (port(FailureKind::Invalid), "Invalid"),
            (ProvisionError::NotLeaving(account.clone()), "Invalid"),
            (ProvisionError::Leaving(account.clone()), "Conflict"),
            (ProvisionError::Unanswered("x".to_owned()), "Transient"),
        ] {
            let passes = ["Throttled", "Transient"].contains(&name);
            let is_of_aws = matches!(error, ProvisionError::Port { .. });
            assert_eq!(error.is_passing(), passes && is_of_aws, "{error}");
            assert_eq!(Diagnostic::from(error).error_type, name);
        }
        let diagnostic = Diagnostic::from(port(FailureKind::Denied));
        assert_eq!(diagnostic.error_message, "AWS account 111122223333: why");
    }
}
