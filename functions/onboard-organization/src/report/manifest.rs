//! Where Step Functions has put the results of a Distributed Map.

use std::collections::BTreeMap;

use onboarding::arc::RunId;
use serde::Deserialize;

use crate::bucket::Bucket;
use crate::error::OrganizationError;

/// The list of the files: `ResultWriter`'s `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Manifest {
    /// Those of each ending: `SUCCEEDED`, `FAILED`, `PENDING`.
    result_files: BTreeMap<String, Vec<File>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    key: String,
}

impl Manifest {
    /// Reads it. It and its files are those of the run, or none.
    pub(super) async fn read(
        bucket: &Bucket,
        run: &RunId,
        key: &str,
    ) -> Result<Self, OrganizationError> {
        let of_run = format!("runs/{run}/results/");
        let invalid = |what: &str| {
            OrganizationError::Invalid(format!("the list of the results of the run {run} {what}"))
        };
        if !key.starts_with(&of_run) {
            return Err(invalid("is that of another one"));
        }
        let bytes = bucket.result(key).await?;
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|_| invalid("cannot be read"))?;
        if manifest.files().all(|key| key.starts_with(&of_run)) {
            Ok(manifest)
        } else {
            Err(invalid("names files that are not of it"))
        }
    }

    /// The keys of all files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let all = self.result_files.values().flatten();
        all.map(|file| file.key.as_str())
    }
}
