//! The deployment's S3 bucket, and single objects in it.

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::types::ServerSideEncryption;
use onboarding::{FailureKind, PortError};
use tokio::time::{Instant, sleep, timeout_at};

use crate::call::Call;
use crate::failure::Failure;
use crate::former_connectors::FormerConnectorStore;

mod json;
mod leaving;
mod requests;
mod runs;

pub use leaving::Leaving;

/// How often a conditional write is sent that collides with another one at the same time.
const COLLISIONS: u32 = 5;
const COLLISION_PAUSE: Duration = Duration::from_millis(200);

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
        FormerConnectorStore::new(self.objects(deadline))
    }

    /// Single objects in it, for one request.
    pub fn objects(&self, deadline: Instant) -> RunObjects {
        RunObjects {
            bucket: self.clone(),
            place: format!("in bucket {}", self.name),
            deadline,
        }
    }
}

/// Single JSON objects of the run bucket, for one request.
#[derive(Debug, Clone)]
pub struct RunObjects {
    bucket: RunBucket,
    place: String,
    deadline: Instant,
}

impl RunObjects {
    /// Where an object is, for a person.
    pub fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket.name)
    }

    /// Writes an object.
    pub async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), PortError> {
        self.write(key, body).await.map_err(explain)
    }

    /// Writes an object unless it is there; whether it was not.
    pub async fn create(&self, key: &str, body: Vec<u8>) -> Result<bool, PortError> {
        self.write_first(key, body).await.map_err(explain)
    }

    /// Reads an object; `None` where object or bucket is not there.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.read(key).await.map_err(explain)
    }

    /// Deletes an object. Absent is success.
    pub async fn remove(&self, key: &str) -> Result<(), PortError> {
        self.delete(key).await.map_err(explain)
    }

    pub(crate) fn client(&self) -> (&Client, &str) {
        (&self.bucket.client, &self.bucket.name)
    }

    pub(crate) fn call(&self, action: &'static str) -> Call<'_> {
        Call {
            action,
            place: &self.place,
            deadline: self.deadline,
        }
    }

    pub(crate) async fn write(&self, key: &str, body: Vec<u8>) -> Result<(), Failure> {
        let (client, bucket) = self.client();
        let request = client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .server_side_encryption(ServerSideEncryption::Aes256)
            .body(body.into());
        self.call("s3:PutObject")
            .send(Box::pin(request.send()))
            .await
            .map(drop)
    }

    async fn write_first(&self, key: &str, body: Vec<u8>) -> Result<bool, Failure> {
        let (client, bucket) = self.client();
        let mut collisions = 0;
        loop {
            let request = client
                .put_object()
                .bucket(bucket)
                .key(key)
                .if_none_match("*")
                .content_type("application/json")
                .server_side_encryption(ServerSideEncryption::Aes256)
                .body(body.clone().into());
            let sent = self.call("s3:PutObject").send(Box::pin(request.send()));
            match sent.await {
                Ok(_) => return Ok(true),
                Err(failure) if failure.is("PreconditionFailed") => return Ok(false),
                Err(failure)
                    if failure.is("ConditionalRequestConflict") && collisions < COLLISIONS =>
                {
                    collisions += 1;
                    sleep(COLLISION_PAUSE).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    pub(crate) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let (client, bucket) = self.client();
        let call = self.call("s3:GetObject");
        let request = client.get_object().bucket(bucket).key(key);
        let answer = match call.send(request.send()).await {
            Ok(answer) => answer,
            Err(failure) if is_gone(&failure) => return Ok(None),
            // To whoever may not list the whole bucket, S3 says so of what is not there as well.
            Err(failure) if failure.is("AccessDenied") && self.is_absent(key).await => {
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        let read = timeout_at(self.deadline, answer.body.collect()).await;
        let broken = || call.failure(FailureKind::Transient, "the answer broke off");
        let bytes = read.ok().and_then(Result::ok).ok_or_else(broken)?;
        Ok(Some(bytes.into_bytes().to_vec()))
    }

    /// Whether a listing that may be made does not have the object.
    async fn is_absent(&self, key: &str) -> bool {
        let (client, bucket) = self.client();
        let request = client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(key)
            .max_keys(1);
        let listing = Box::pin(request.send());
        let listed = self.call("s3:ListBucket").send(listing).await;
        listed.is_ok_and(|listed| {
            let mut keys = listed.contents().iter().filter_map(|object| object.key());
            !keys.any(|listed| listed == key)
        })
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), Failure> {
        let (client, bucket) = self.client();
        let request = client.delete_object().bucket(bucket).key(key);
        match self.call("s3:DeleteObject").send(request.send()).await {
            Err(failure) if !is_gone(&failure) => Err(failure),
            _ => Ok(()),
        }
    }
}

/// The object or the whole bucket.
pub(crate) fn is_gone(failure: &Failure) -> bool {
    failure.is("NoSuchKey") || failure.is("NoSuchBucket")
}

pub(crate) fn explain(failure: Failure) -> PortError {
    failure
        .denied_advice(|action| {
            format!("The function's role must be allowed {action} on the stack's run bucket")
        })
        .into()
}

#[cfg(test)]
mod tests;
