//! What the function keeps in the run bucket, beside requests and the marks of those that are being
//! taken out, by key:
//!
//! | key | |
//! |---|---|
//! | `runs/<run>/wanted.json` | the properties that a request began a run with |
//! | `runs/<run>/dropped.json` | the same of a run that only takes off what Regions lose |
//! | `runs/<run>/<account>/arc/<region>.json` | what a run remembers of a Region |
//! | `runs/<run>/<account>/arc/<region>/batches.json` | the batches that it has started there |
//! | `runs/<run>/<account>/arc-report.json` | what came of it |

use std::collections::BTreeMap;

use aws::{Leaving, RunObjects};
use onboarding::arc::ports::Records;
use onboarding::arc::{AccountReport, ExecutionId, RegionRecord, RunId};
use onboarding::{AccountId, FailureKind, PortError, RegionName};
use tracing::warn;

use crate::properties::ArcProperties;
use crate::provision::{Errand, Reach};

/// The run bucket, for one invocation.
#[derive(Debug, Clone)]
pub struct Bucket {
    objects: RunObjects,
    reach: Reach,
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
    /// The objects of the bucket, for a run of this reach.
    pub fn new(objects: RunObjects, reach: Reach) -> Self {
        Self { objects, reach }
    }

    /// Keeps the properties that a run is begun with.
    pub async fn keep_wanted(
        &self,
        errand: Errand,
        run: &RunId,
        properties: &ArcProperties,
    ) -> Result<(), PortError> {
        self.objects
            .put_json(&wanted(errand, run), properties)
            .await
    }

    /// The properties that a run was begun with; `None` where no request began it.
    pub async fn wanted(
        &self,
        errand: Errand,
        run: &RunId,
    ) -> Result<Option<ArcProperties>, PortError> {
        self.objects.get_json(&wanted(errand, run)).await
    }
}

impl Records for Bucket {
    async fn region(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
    ) -> Result<Option<RegionRecord>, PortError> {
        let key = region_record(run, account, region);
        match self.objects.get_json(&key).await {
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
        self.objects
            .put_json(&region_record(run, account, region), record)
            .await
    }

    async fn batches(
        &self,
        run: &RunId,
        account: &AccountId,
        region: &RegionName,
    ) -> Result<BTreeMap<ExecutionId, u16>, PortError> {
        let batches = self
            .objects
            .get_json(&region_batches(run, account, region))
            .await?;
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
        self.objects.put_json(&key, batches).await
    }

    async fn report(&self, report: &AccountReport) -> Result<String, PortError> {
        let key = report_key(&report.run_id, &report.account_id);
        self.objects.put_json(&key, report).await?;
        Ok(self.objects.uri(&key))
    }

    async fn is_leaving(&self, account: &AccountId) -> Result<bool, PortError> {
        match self.reach {
            Reach::OwnAccount => {
                let mark = Leaving::ArcOf(account);
                self.objects.is_marked_leaving(mark).await
            }
            Reach::Organization => self.objects.is_arc_leaving(account).await,
        }
    }
}
