//! The run bucket: the former bodies of adopted connectors, kept until they are restored.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ServerSideEncryption};
use onboarding::ports::FormerConnectors;
use onboarding::{AccountId, Connector, ConnectorId, FailureKind, PortError};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::call::Call;
use crate::failure::Failure;

/// The deployment's S3 bucket. Made once.
#[derive(Clone)]
pub struct RunBucket {
    client: Client,
    name: String,
}

impl fmt::Debug for RunBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunBucket")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl RunBucket {
    /// The bucket of this name; nothing is sent yet.
    pub fn new(sdk: &SdkConfig, name: impl Into<String>) -> Self {
        // What stands in for AWS has one host name, and none for each bucket.
        let stands_in = sdk.endpoint_url().is_some();
        let config = Builder::from(sdk).force_path_style(stands_in).build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
        }
    }

    /// The former connectors in it, for one request.
    pub fn former_connectors(&self, deadline: Instant) -> FormerConnectorStore {
        let place = format!("in bucket {}", self.name);
        FormerConnectorStore {
            bucket: self.clone(),
            place,
            deadline,
        }
    }
}

/// The former bodies of adopted connectors, one object each:
/// `adopted/<account>/<connector name>.json` holds `{"id": …, "body": …}`.
#[derive(Debug)]
pub struct FormerConnectorStore {
    bucket: RunBucket,
    place: String,
    deadline: Instant,
}

/// Azure does not tell names apart by case, and answers in any.
fn key(account: &AccountId, id: &ConnectorId) -> String {
    format!("adopted/{account}/{}.json", id.name.as_str().to_lowercase())
}

impl FormerConnectorStore {
    fn call(&self, action: &'static str) -> Call<'_> {
        Call {
            action,
            place: &self.place,
            deadline: self.deadline,
        }
    }

    async fn put(&self, account: &AccountId, former: &Connector) -> Result<(), Failure> {
        let record = json!({"id": former.id.to_string(), "body": former.body});
        let RunBucket { client, name } = &self.bucket;
        let request = client
            .put_object()
            .bucket(name)
            .key(key(account, &former.id))
            .content_type("application/json")
            .server_side_encryption(ServerSideEncryption::Aes256)
            .body(record.to_string().into_bytes().into());
        self.call("s3:PutObject")
            .send(Box::pin(request.send()))
            .await
            .map(drop)
    }

    async fn get(&self, account: &AccountId, id: &ConnectorId) -> Result<Option<Value>, Failure> {
        let key = key(account, id);
        let RunBucket { client, name } = &self.bucket;
        let call = self.call("s3:GetObject");
        let answer = match call
            .send(client.get_object().bucket(name).key(&key).send())
            .await
        {
            Ok(answer) => answer,
            Err(failure) if is_gone(&failure) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let read = tokio::time::timeout_at(self.deadline, answer.body.collect()).await;
        let broken = || call.failure(FailureKind::Transient, "the answer broke off");
        let bytes = read
            .ok()
            .and_then(Result::ok)
            .ok_or_else(broken)?
            .into_bytes();
        let unreadable = || {
            let message = format!("the object {key} is no record of a former connector");
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

    async fn remove(&self, account: &AccountId, id: &ConnectorId) -> Result<(), Failure> {
        let RunBucket { client, name } = &self.bucket;
        let request = client.delete_object().bucket(name).key(key(account, id));
        match self.call("s3:DeleteObject").send(request.send()).await {
            Err(failure) if !is_gone(&failure) => Err(failure),
            _ => Ok(()),
        }
    }

    /// The bucket keeps no versions (template.yaml), so a plain listing shows all that is in it.
    async fn remove_all(&self) -> Result<(), Failure> {
        let RunBucket { client, name } = &self.bucket;
        let mut pages = client
            .list_objects_v2()
            .bucket(name)
            .into_paginator()
            .send();
        let call = self.call("s3:ListBucket");
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
        let call = self.call("s3:DeleteObject");
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
        let RunBucket { client, name } = &self.bucket;
        let answer = call
            .send(client.delete_objects().bucket(name).delete(delete).send())
            .await?;
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

/// The object or the whole bucket.
fn is_gone(failure: &Failure) -> bool {
    failure.is("NoSuchKey") || failure.is("NoSuchBucket")
}

fn explain(failure: Failure) -> PortError {
    failure
        .denied_advice(|action| {
            format!("The function's role must be allowed {action} on the stack's run bucket")
        })
        .into()
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
        self.remove(account, id).await.map_err(explain)
    }

    async fn empty(&self) -> Result<(), PortError> {
        self.remove_all().await.map_err(explain)
    }
}

#[cfg(test)]
mod tests;
