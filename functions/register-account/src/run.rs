//! The run over the organization that an account is worked on for.

use std::future::Future;

use aws::RunObjects;
use deferral::Requests;
use onboarding::arc::RunId;
use onboarding::{AccountId, PortError};
use serde_json::Value;

/// What decides, while an account is worked on, whether that is still wanted.
pub trait Marks: Send + Sync {
    /// Whether the account is being taken out, alone or with all the others.
    fn is_leaving(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
    /// Whether the request that began the run was refused, so that it is being rolled back.
    fn is_refused(&self) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// The run, as it is written down in the run bucket.
#[derive(Debug)]
pub struct Run {
    objects: RunObjects,
    id: RunId,
}

impl Run {
    /// The run of this id, in this bucket.
    pub fn new(objects: RunObjects, id: RunId) -> Self {
        Self { objects, id }
    }

    /// The wanted state that it goes by; `None` where it is no run over the organization.
    pub async fn wanted_state(&self) -> Result<Option<Value>, PortError> {
        self.objects.wanted_state(&self.id).await
    }
}

impl Marks for Run {
    async fn is_leaving(&self, account: &AccountId) -> Result<bool, PortError> {
        self.objects.is_leaving(account).await
    }

    async fn is_refused(&self) -> Result<bool, PortError> {
        // A run that a request began has that request's id.
        Requests::new(self.objects.clone())
            .is_refused(&self.id)
            .await
    }
}
