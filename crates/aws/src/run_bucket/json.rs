//! Objects that hold JSON.

use onboarding::{FailureKind, PortError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RunObjects;

impl RunObjects {
    /// Writes an object.
    pub async fn put_json(&self, key: &str, value: &impl Serialize) -> Result<(), PortError> {
        let body = serde_json::to_vec(value).map_err(|_| unreadable(key))?;
        self.put(key, body).await
    }

    /// Reads an object; `None` where it is not there.
    pub async fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, PortError> {
        let Some(bytes) = self.get(key).await? else {
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
