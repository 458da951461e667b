//! One call of an AWS API: named, bounded in time, its failure put into words.

use std::future::Future;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use onboarding::FailureKind;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// What is called, and where.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// As IAM names it, such as `iam:GetRole`: the very permission that it needs.
    pub action: &'static str,
    /// Such as `in account 111122223333`.
    pub place: &'a str,
    /// When there is no more time for an answer.
    pub deadline: Instant,
}

impl Call<'_> {
    /// Sends it.
    pub fn send<O, E>(
        self,
        request: impl Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    ) -> impl Future<Output = Result<O, Failure>>
    where
        E: ProvideErrorMetadata,
    {
        // On the heap: the SDK's futures are large, and nest deeper than the compiler follows.
        let request = Box::pin(request);
        async move {
            match timeout_at(self.deadline, request).await {
                Ok(Ok(output)) => Ok(output),
                Ok(Err(error)) => Err(Failure::of_sdk(self.action, self.place, &error)),
                Err(_) => Err(self.failure(
                    FailureKind::Transient,
                    "no answer before the time for this request was up",
                )),
            }
        }
    }

    /// A failure of this call.
    pub fn failure(self, kind: FailureKind, message: &str) -> Failure {
        Failure::new(self.action, self.place, kind, message)
    }
}
