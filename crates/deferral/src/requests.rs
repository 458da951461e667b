//! Requests that wait for their answers, in the run bucket.

use aws::RunObjects;
use custom_resource::{AnswerClaims, Claim, ClaimError, KeptRequest};
use onboarding::arc::RunId;
use onboarding::{FailureKind, PortError};
use serde_json::Value;

/// Requests that wait for their answers, for one invocation.
#[derive(Debug, Clone)]
pub struct Requests(RunObjects);

impl Requests {
    /// The requests in this bucket.
    pub fn new(objects: RunObjects) -> Self {
        Self(objects)
    }

    /// Keeps a request until it is answered.
    pub async fn keep(&self, id: &RunId, request: &KeptRequest) -> Result<(), PortError> {
        self.0.keep_request(id.as_str(), request.to_bytes()).await
    }

    /// A request that waits for its answer; `None` where none does.
    pub async fn kept(&self, id: &RunId) -> Result<Option<KeptRequest>, PortError> {
        let Some(bytes) = self.0.kept_request(id.as_str()).await? else {
            return Ok(None);
        };
        let unreadable = || {
            let reason = format!("the request {id} in the run bucket is not what it should be");
            PortError::new(FailureKind::Invalid, reason)
        };
        KeptRequest::from_bytes(&bytes)
            .map(Some)
            .ok_or_else(unreadable)
    }

    /// Forgets a request, so that it is not answered from here.
    pub async fn forget(&self, id: &RunId) -> Result<(), PortError> {
        self.0.forget_request(id.as_str()).await
    }

    /// Whether a request has its answer.
    pub async fn is_answered(&self, id: &RunId) -> Result<bool, PortError> {
        Ok(self.0.answer(id.as_str()).await?.is_some())
    }

    /// Whether a request has its answer, and that says that it failed: `CloudFormation` is undoing
    /// it.
    pub async fn is_refused(&self, id: &RunId) -> Result<bool, PortError> {
        let answer = self.0.answer(id.as_str()).await?;
        let answer = answer.and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        Ok(answer.is_some_and(|answer| answer["Status"] == "FAILED"))
    }
}

impl AnswerClaims for Requests {
    async fn claim(&self, request_id: &str, body: &[u8]) -> Result<Claim, ClaimError> {
        let earlier = self.0.claim_answer(request_id, body).await?;
        Ok(earlier.map_or(Claim::Ours, Claim::Earlier))
    }

    async fn settle(&self, request_id: &str) -> Result<(), ClaimError> {
        Ok(self.0.forget_request(request_id).await?)
    }
}
