//! Why a step of a run came to nothing, by the names that leave the function.

use deferral::AnswerError;
use lambda_runtime::Diagnostic;
use onboarding::organization::wanted::InvalidWantedState;
use onboarding::{FailureKind, PortError};

/// A failure that is not one of single accounts.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// AWS or Azure did not do as asked.
    #[error(transparent)]
    Port(#[from] PortError),
    /// What is wanted makes no sense.
    #[error(transparent)]
    WantedState(#[from] InvalidWantedState),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It must not be done now.
    #[error("{0}")]
    Conflict(String),
    /// Something changed meanwhile; begun anew it may go well.
    #[error("{0}")]
    Changed(String),
    /// `CloudFormation` did not get its answer.
    #[error(transparent)]
    Unanswered(#[from] AnswerError),
    /// The function did not start as it should have.
    #[error("the function could not start: {0}")]
    NotStarted(String),
}

impl OrganizationError {
    /// The stable name: `Throttled`, `Transient`, `Denied`, `Conflict` or `Invalid`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Port(error) => stable(error.kind),
            Self::Unanswered(error) => stable(error.kind()),
            Self::Conflict(_) => FailureKind::Conflict.name(),
            Self::Changed(_) => FailureKind::Transient.name(),
            Self::WantedState(_) | Self::Invalid(_) | Self::NotStarted(_) => {
                FailureKind::Invalid.name()
            }
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

impl From<OrganizationError> for Diagnostic {
    fn from(error: OrganizationError) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use onboarding::organization::WantedState;

    use super::*;

    #[test]
    fn only_the_stable_names_leave() {
        let port = |kind| OrganizationError::Port(PortError::new(kind, "why"));
        let state = WantedState::read("{").unwrap_err();
        let unanswered = AnswerError::Unanswered("x".to_owned());
        for (error, name) in [
            (
                port(FailureKind::Throttled { retry_after: None }),
                "Throttled",
            ),
            (port(FailureKind::Transient), "Transient"),
            (port(FailureKind::Denied), "Denied"),
            (port(FailureKind::Conflict), "Conflict"),
            (port(FailureKind::NotFound), "Invalid"),
            (OrganizationError::WantedState(state), "Invalid"),
            (OrganizationError::Invalid("x".to_owned()), "Invalid"),
            (OrganizationError::Conflict("x".to_owned()), "Conflict"),
            (OrganizationError::Changed("x".to_owned()), "Transient"),
            (OrganizationError::Unanswered(unanswered), "Transient"),
            (OrganizationError::NotStarted("x".to_owned()), "Invalid"),
        ] {
            assert_eq!(Diagnostic::from(error).error_type, name);
        }
        let diagnostic = Diagnostic::from(port(FailureKind::Denied));
        assert_eq!(diagnostic.error_message, "why");
    }
}
