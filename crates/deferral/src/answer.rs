//! Answers a request from where it is kept.

use custom_resource::{
    Done, Failure, Invocation, PhysicalId, ReplySender, Request, Responder, Status,
};
use onboarding::arc::RunId;
use onboarding::{FailureKind, PortError};
use tracing::info;

use crate::requests::Requests;

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It could not be read.
    #[error(transparent)]
    Unread(#[from] PortError),
    /// What is kept makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// `CloudFormation` did not get the answer, or whether it has one could not be found out.
    #[error("{0}")]
    Unanswered(String),
}

impl AnswerError {
    /// What can be done about it.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Unread(error) => error.kind,
            Self::Invalid(_) => FailureKind::Invalid,
            Self::Unanswered(_) => FailureKind::Transient,
        }
    }
}

/// Answers a request, if it still waits. `None` where it does not. `result` says what with, and
/// which id the resource has from now on, also where it failed.
pub async fn answer<S: ReplySender>(
    responder: &Responder<S>,
    requests: &Requests,
    id: &RunId,
    result: impl AsyncFnOnce(&Request) -> Result<(PhysicalId, Result<Done, Failure>), Failure>,
    invocation: &Invocation,
) -> Result<Option<Status>, AnswerError> {
    let Some(kept) = requests.kept(id).await? else {
        info!(request.id = %id, "no request {id} waits for an answer");
        return Ok(None);
    };
    let invalid = |failure: Failure| AnswerError::Invalid(failure.reason().to_owned());
    let request = responder.recall(&kept).map_err(invalid)?;
    let (physical_id, result) = result(&request).await.map_err(invalid)?;
    responder
        .answer_kept(&kept, requests, result, Some(&physical_id), invocation)
        .await
        .map(Some)
        .map_err(|error| AnswerError::Unanswered(error.to_string()))
}

#[cfg(test)]
mod tests;
