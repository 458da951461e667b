//! The former bodies of adopted connectors, kept in the run bucket until they are restored.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use onboarding::ports::FormerConnectors;
use onboarding::{AccountId, Connector, ConnectorId, FailureKind, PortError};
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::failure::Failure;
use crate::run_bucket::{RunObjects, explain, is_gone};

/// The former bodies of adopted connectors, one object each:
/// `adopted/<account>/<connector name>.json` holds `{"id": …, "body": …}`.
#[derive(Debug)]
pub struct FormerConnectorStore(RunObjects);

/// Azure does not tell names apart by case, and answers in any.
fn key(account: &AccountId, id: &ConnectorId) -> String {
    format!("adopted/{account}/{}.json", id.name.as_str().to_lowercase())
}

impl FormerConnectorStore {
    pub(crate) fn new(objects: RunObjects) -> Self {
        Self(objects)
    }

    async fn put(&self, account: &AccountId, former: &Connector) -> Result<(), Failure> {
        let record = json!({"id": former.id.to_string(), "body": former.body});
        let body = record.to_string().into_bytes();
        self.0.write(&key(account, &former.id), body).await
    }

    async fn get(&self, account: &AccountId, id: &ConnectorId) -> Result<Option<Value>, Failure> {
        let key = key(account, id);
        let Some(bytes) = self.0.read(&key).await? else {
            return Ok(None);
        };
        let unreadable = || {
            let message = format!("the object {key} is no record of a former connector");
            let call = self.0.call("s3:GetObject");
            call.failure(FailureKind::Invalid, &message)
        };
        let mut record: Value = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        let of: Option<ConnectorId> = record["id"].as_str().and_then(|text| text.parse().ok());
        if of.as_ref() != Some(id) {
            warn!(azure.connector = %id, "the former body that is kept in {key} is that of another connector than {id}");
            return Ok(None);
        }
        match record["body"].take() {
            body @ Value::Object(_) => Ok(Some(body)),
            _ => Err(unreadable()),
        }
    }

    /// The bucket keeps no versions (template.yaml), so a plain listing shows all that is in it.
    async fn remove_all(&self) -> Result<(), Failure> {
        let (client, bucket) = self.0.client();
        let mut pages = client
            .list_objects_v2()
            .bucket(bucket)
            .into_paginator()
            .send();
        let call = self.0.call("s3:ListBucket");
        loop {
            let page = match call.send(async { pages.next().await.transpose() }).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(()),
                Err(failure) if is_gone(&failure) => return Ok(()),
                Err(failure) => return Err(failure),
            };
            let keys: Vec<&str> = page
                .contents()
                .iter()
                .filter_map(|object| object.key())
                .collect();
            self.remove_batch(&keys).await?;
        }
    }

    /// A page of a listing is never longer than what one call deletes: 1000.
    async fn remove_batch(&self, keys: &[&str]) -> Result<(), Failure> {
        let call = self.0.call("s3:DeleteObject");
        let objects: Result<Vec<_>, _> = keys
            .iter()
            .map(|key| ObjectIdentifier::builder().key(*key).build())
            .collect();
        let delete = objects.and_then(|objects| {
            Delete::builder()
                .set_objects(Some(objects))
                .quiet(true)
                .build()
        });
        let delete = delete.map_err(|_| {
            call.failure(FailureKind::Invalid, "an object of the listing has no key")
        })?;
        if delete.objects().is_empty() {
            return Ok(());
        }
        info!(
            objects = keys.len(),
            "deleting {} objects from the run bucket",
            keys.len()
        );
        let (client, bucket) = self.0.client();
        let request = client.delete_objects().bucket(bucket).delete(delete);
        let answer = call.send(request.send()).await?;
        let Some(first) = answer.errors().first() else {
            return Ok(());
        };
        let code = first.code().unwrap_or_default();
        let kind = if code == "AccessDenied" {
            FailureKind::Denied
        } else {
            FailureKind::Transient
        };
        let message = format!(
            "{} objects stayed, the first with {code}: {}",
            answer.errors().len(),
            first.message().unwrap_or_default()
        );
        Err(call.failure(kind, &message))
    }
}

impl FormerConnectors for FormerConnectorStore {
    async fn keep(&self, account: &AccountId, former: &Connector) -> Result<(), PortError> {
        self.put(account, former).await.map_err(explain)
    }

    async fn former(
        &self,
        account: &AccountId,
        id: &ConnectorId,
    ) -> Result<Option<Value>, PortError> {
        self.get(account, id).await.map_err(explain)
    }

    async fn forget(&self, account: &AccountId, id: &ConnectorId) -> Result<(), PortError> {
        self.0.remove(&key(account, id)).await
    }

    async fn empty(&self) -> Result<(), PortError> {
        self.remove_all().await.map_err(explain)
    }
}

#[cfg(test)]
mod tests;
