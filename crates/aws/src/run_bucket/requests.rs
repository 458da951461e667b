//! Requests of `CloudFormation` whose answers come later: the request until it is answered, and
//! the answer that counts. Every function that may answer one goes by these keys.

use onboarding::{FailureKind, PortError};

use super::RunObjects;

fn pending(request_id: &str) -> String {
    format!("pending/{request_id}.json")
}

fn answered(request_id: &str) -> String {
    format!("answered/{request_id}")
}

impl RunObjects {
    /// Keeps a request until it is answered.
    pub async fn keep_request(&self, request_id: &str, request: Vec<u8>) -> Result<(), PortError> {
        self.put(&pending(request_id), request).await
    }

    /// A request that is kept; `None` where none is.
    pub async fn kept_request(&self, request_id: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.get(&pending(request_id)).await
    }

    /// Forgets a request, so that nobody answers it any more. Absent is success.
    pub async fn forget_request(&self, request_id: &str) -> Result<(), PortError> {
        self.remove(&pending(request_id)).await
    }

    /// The answer that counts, if there is one.
    pub async fn answer(&self, request_id: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.get(&answered(request_id)).await
    }

    /// Puts down the answer that counts, unless there is one: then it is returned.
    pub async fn claim_answer(
        &self,
        request_id: &str,
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, PortError> {
        if self.create(&answered(request_id), body.to_vec()).await? {
            return Ok(None);
        }
        let gone = || PortError::new(FailureKind::Transient, "an answer that was there is gone");
        self.answer(request_id).await?.map(Some).ok_or_else(gone)
    }
}
