//! Requests that somebody else may answer as well: those are claimed first.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use aws::{RunBucket, RunObjects};
use custom_resource::{AnswerClaims, Claim, ClaimError, Invocation};
use lambda_support::{Boot, StartError};
use onboarding::arc::RunId;
use serde_json::Value;
use tokio::time::Instant;

/// The types of resources whose function may hand a request over and have it answered later.
const ANSWERED_LATER: [&str; 4] = [
    "Custom::ArcAutoProvisioning",
    "Custom::ArcRegions",
    "Custom::OrganizationNarrowing",
    "Custom::OrganizationOnboarding",
];

/// What S3 is given, the SDK's repetitions included. It leaves more than half of the guard's own
/// time for the answer.
const WITHIN: Duration = Duration::from_secs(20);

/// Where claims are made.
pub(crate) struct ClaimBook {
    boot: Boot,
    /// Made for the first request that needs it, since few do and the start is to be cheap.
    bucket: OnceLock<Result<RunBucket, StartError>>,
}

impl fmt::Debug for ClaimBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimBook").finish_non_exhaustive()
    }
}

impl ClaimBook {
    /// The book of this environment; nothing is made yet.
    pub(crate) fn new(boot: &Boot) -> Self {
        Self {
            boot: boot.clone(),
            bucket: OnceLock::new(),
        }
    }

    #[cfg(test)]
    pub(crate) fn of(bucket: RunBucket) -> Self {
        Self {
            boot: Boot::of(lambda_support::Environment::default()),
            bucket: OnceLock::from(Ok(bucket)),
        }
    }

    /// What to claim a request through. `None` where nobody else can answer it.
    pub(crate) fn claims(&self, request: &Value, invocation: &Invocation) -> Option<Claims> {
        if !is_answered_later(request) {
            return None;
        }
        let made = self.bucket.get_or_init(|| {
            let name = self.boot.run_bucket()?;
            Ok(RunBucket::new(&self.boot.aws(), name))
        });
        let deadline = invocation.work_until().min(Instant::now() + WITHIN);
        let objects = |bucket: &RunBucket| bucket.objects(deadline);
        Some(Claims(made.as_ref().map(objects).map_err(Clone::clone)))
    }
}

/// Whether the request may have been handed over. Its function takes no other ids.
fn is_answered_later(request: &Value) -> bool {
    let kind = request["ResourceType"].as_str().unwrap_or_default();
    let id = request["RequestId"].as_str().unwrap_or_default();
    ANSWERED_LATER.contains(&kind) && id.parse::<RunId>().is_ok()
}

/// The run bucket, for one request; or why there is none.
#[derive(Debug)]
pub(crate) struct Claims(Result<RunObjects, StartError>);

impl Claims {
    fn objects(&self) -> Result<&RunObjects, StartError> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

impl AnswerClaims for Claims {
    async fn claim(&self, request_id: &str, body: &[u8]) -> Result<Claim, ClaimError> {
        let earlier = self.objects()?.claim_answer(request_id, body).await?;
        Ok(earlier.map_or(Claim::Ours, Claim::Earlier))
    }

    async fn settle(&self, request_id: &str) -> Result<(), ClaimError> {
        Ok(self.objects()?.forget_request(request_id).await?)
    }
}

#[cfg(test)]
mod tests;
