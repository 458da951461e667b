//! What the function keeps in the run bucket, by key:
//!
//! | key | |
//! |---|---|
//! | `pending/<request>.json` | a request of `CloudFormation` that waits for its answer; holds the pre-signed address |
//! | `pending/leaving/<account>.json` | marks that a delete takes the account out |
//! | `answered/<request>` | the answer, put down once |
//! | `runs/<run>/wanted.json` | the properties that a run was begun with |
//! | `runs/<run>/dropped.json` | the same of a run that only takes off what Regions lose |
//! | `runs/<run>/<account>/arc/<region>.json` | what a run remembers of a Region |
//! | `runs/<run>/<account>/arc/<region>/batches.json` | the batches that it has started there |
//! | `runs/<run>/<account>/arc-report.json` | what came of it |

use std::collections::BTreeMap;

use aws::RunObjects;
use custom_resource::{AnswerClaims, Claim, ClaimError, KeptRequest};
use onboarding::arc::ports::Records;
use onboarding::arc::{AccountReport, ExecutionId, RegionRecord, RunId};
use onboarding::{AccountId, FailureKind, PortError, RegionName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::warn;

use crate::properties::ArcProperties;
use crate::provision::Errand;

/// The run bucket, for one invocation.
#[derive(Debug, Clone)]
pub struct Bucket(pub RunObjects);

fn leaving(account: &AccountId) -> String {
    format!("pending/leaving/{account}.json")
}

/// Apart, so that no other run can be begun anew as one that takes tags off.
fn wanted(errand: Errand, run: &RunId) -> String {
    let name = match errand {
        Errand::Onboard | Errand::Offboard => "wanted",
        Errand::Narrow => "dropped",
    };
    format!("runs/{run}/{name}.json")
}

fn region_record(run: &RunId, account: &AccountId, region: &RegionName) -> String {
    format!("runs/{run}/{account}/arc/{region}.json")
}

fn region_batches(run: &RunId, account: &AccountId, region: &RegionName) -> String {
    format!("runs/{run}/{account}/arc/{region}/batches.json")
}

fn report_key(run: &RunId, account: &AccountId) -> String {
    format!("runs/{run}/{account}/arc-report.json")
}

impl Bucket {
    /// Keeps a request until it is answered.
    pub async fn keep_request(&self, request: &RunId, kept: &KeptRequest) -> Result<(), PortError> {
        self.0.keep_request(request.as_str(), kept.to_bytes()).await
    }

    /// A request that waits for its answer; `None` where none does.
    pub async fn request(&self, request: &RunId) -> Result<Option<KeptRequest>, PortError> {
        let Some(bytes) = self.0.kept_request(request.as_str()).await? else {
            return Ok(None);
        };
        let kept = KeptRequest::from_bytes(&bytes);
        kept.map(Some)
            .ok_or_else(|| unreadable(&format!("pending/{request}.json")))
    }

    /// Forgets a request, so that it is not answered from here.
    pub async fn forget_request(&self, request: &RunId) -> Result<(), PortError> {
        self.0.forget_request(request.as_str()).await
    }

    /// Whether a request has its answer.
    pub async fn is_answered(&self, request: &RunId) -> Result<bool, PortError> {
        Ok(self.0.answer(request.as_str()).await?.is_some())
    }

    /// Whether a request has its answer, and that says that it failed.
    pub async fn is_refused(&self, request: &RunId) -> Result<bool, PortError> {
        let answer = self.0.answer(request.as_str()).await?;
        let answer = answer.and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        Ok(answer.is_some_and(|answer| answer["Status"] == "FAILED"))
    }

    /// Keeps the properties that a run is begun with.
    pub async fn keep_wanted(
        &self,
        errand: Errand,
        run: &RunId,
        properties: &ArcProperties,
    ) -> Result<(), PortError> {
        self.write(&wanted(errand, run), properties).await
    }

    /// The properties that a run was begun with; `None` where it was begun without.
    pub async fn wanted(
        &self,
        errand: Errand,
        run: &RunId,
    ) -> Result<Option<ArcProperties>, PortError> {
        self.read(&wanted(errand, run)).await
    }

    /// Marks that the account is being taken out, or that it is not.
    pub async fn mark_leaving(&self, account: &AccountId, is: bool) -> Result<(), PortError> {
        let key = leaving(account);
        if is {
            self.write(&key, &json!({"AccountId": account})).await
        } else {
            self.0.remove(&key).await
        }
    }

    async fn write(&self, key: &str, value: &impl Serialize) -> Result<(), PortError> {
        let body = serde_json::to_vec(value).map_err(|_| unreadable(key))?;
        self.0.put(key, body).await
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, PortError> {
        let Some(bytes) = self.0.get(key).await? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&bytes).map_err(|_| unreadable(key))?;
        Ok(Some(value))
    }
}

fn unreadable(key: &str) -> PortError {
    let reason = format!("the object {key} of the run bucket is not what it should be");
    PortError::new(FailureKind::Invalid, reason)
}

impl Records for Bucket {
    async fn region(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
    ) -> Result<Option<RegionRecord>, PortError> {
        let key = region_record(run, account, region);
        match self.read(&key).await {
            // It only helps to count.
            Err(error) if error.kind == FailureKind::Invalid => {
                warn!(aws.region = %region, "a record is ignored: {error}");
                Ok(None)
            }
            read => read,
        }
    }

    async fn keep_region(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
        record: &RegionRecord,
    ) -> Result<(), PortError> {
        self.write(&region_record(run, account, region), record)
            .await
    }

    async fn batches(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
    ) -> Result<BTreeMap<ExecutionId, u16>, PortError> {
        let batches = self.read(&region_batches(run, account, region)).await?;
        Ok(batches.unwrap_or_default())
    }

    async fn keep_batches(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
        batches: &BTreeMap<ExecutionId, u16>,
    ) -> Result<(), PortError> {
        let key = region_batches(run, account, region);
        self.write(&key, batches).await
    }

    async fn report(&self, report: &AccountReport) -> Result<String, PortError> {
        let key = report_key(&report.run_id, &report.account_id);
        self.write(&key, report).await?;
        Ok(self.0.uri(&key))
    }

    async fn is_leaving(&self, account: &AccountId) -> Result<bool, PortError> {
        let marker = self.0.get(&leaving(account)).await?;
        Ok(marker.is_some())
    }
}

impl AnswerClaims for Bucket {
    async fn claim(&self, request_id: &str, body: &[u8]) -> Result<Claim, ClaimError> {
        let earlier = self.0.claim_answer(request_id, body).await?;
        Ok(earlier.map_or(Claim::Ours, Claim::Earlier))
    }

    async fn settle(&self, request_id: &str) -> Result<(), ClaimError> {
        Ok(self.0.forget_request(request_id).await?)
    }
}
