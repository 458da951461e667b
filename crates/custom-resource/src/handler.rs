//! What a function adds to the protocol: how its resource is created, updated and deleted.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::{InvalidProperties, PhysicalId, RequestIds};

/// One type of resource.
///
/// Each method may be called more than once for the same request, also side by side, and must
/// then come to the same result. The future is dropped when time runs out: work that was
/// spawned elsewhere would go on, so none should be.
pub trait Handler: Send + Sync {
    /// The resource's properties, without `ServiceToken` and `ServiceTimeout`. Should refuse
    /// unknown fields; [`crate::scalars`] reads what may arrive as a string.
    type Properties: DeserializeOwned + Send;

    /// Makes the resource. Calls [`Context::declare`] before the first write.
    fn create(
        &self,
        wanted: Self::Properties,
        context: &Context,
    ) -> impl Future<Output = Result<Done, Failure>> + Send;

    /// Makes the resource what is wanted now. An answer with another id than `id` is a
    /// replacement: CloudFormation then sends a Delete for `id`. `old` is what was wanted
    /// before, unread, and an empty object if CloudFormation did not say.
    fn update(
        &self,
        wanted: Self::Properties,
        old: &Value,
        id: &PhysicalId,
        context: &Context,
    ) -> impl Future<Output = Result<Done, Failure>> + Send;

    /// Takes the resource away; that it is gone already is a success. `raw` are the properties
    /// unread, since a resource must go even where they were never good.
    fn delete(
        &self,
        raw: &Value,
        id: &PhysicalId,
        context: &Context,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

impl<H: Handler> Handler for &H {
    type Properties = H::Properties;

    async fn create(&self, wanted: H::Properties, context: &Context) -> Result<Done, Failure> {
        (**self).create(wanted, context).await
    }

    async fn update(
        &self,
        wanted: H::Properties,
        old: &Value,
        id: &PhysicalId,
        context: &Context,
    ) -> Result<Done, Failure> {
        (**self).update(wanted, old, id, context).await
    }

    async fn delete(&self, raw: &Value, id: &PhysicalId, context: &Context) -> Result<(), Failure> {
        (**self).delete(raw, id, context).await
    }
}

/// The request that a [`Handler`] works on.
#[derive(Debug)]
pub struct Context {
    ids: RequestIds,
    work_until: Instant,
    declared: Mutex<Option<PhysicalId>>,
}

impl Context {
    /// A request with these ids, whose work must be over at `work_until`.
    pub fn new(ids: RequestIds, work_until: Instant) -> Self {
        Self {
            ids,
            work_until,
            declared: Mutex::new(None),
        }
    }

    /// The ids of the request.
    pub fn ids(&self) -> &RequestIds {
        &self.ids
    }

    /// When the work is broken off and the request answered as failed.
    pub fn work_until(&self) -> Instant {
        self.work_until
    }

    /// Says under which id something may exist from now on. To be called before the first
    /// write: an error, a panic or the deadline then answers with this id, and the rollback
    /// finds what was made.
    pub fn declare(&self, id: PhysicalId) {
        *self.declared.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
    }

    /// The id that was declared last.
    pub fn declared(&self) -> Option<PhysicalId> {
        self.declared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A resource that is as it was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub(crate) physical_id: PhysicalId,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) no_echo: bool,
}

impl Done {
    /// The resource with this id.
    pub fn new(physical_id: PhysicalId) -> Self {
        Self {
            physical_id,
            attributes: Vec::new(),
            no_echo: false,
        }
    }

    /// Adds an attribute for `Fn::GetAtt`. The most important come first: where an answer would
    /// be too long, the last are left out.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        let name = name.into();
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, value.to_string()));
        self
    }

    /// Has CloudFormation mask the attributes wherever it shows them.
    #[must_use]
    pub fn without_echo(mut self) -> Self {
        self.no_echo = true;
        self
    }

    /// The resource's id.
    pub fn physical_id(&self) -> &PhysicalId {
        &self.physical_id
    }

    /// The attributes.
    pub fn attributes(&self) -> BTreeMap<&str, &str> {
        self.attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// A request that failed. The reason goes to CloudFormation, where whoever may describe the
/// stack reads it; its source is only logged. Neither may hold a secret.
#[derive(Debug)]
pub struct Failure {
    reason: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure for this reason: what failed, where, and what to change.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            source: None,
        }
    }

    /// Adds what caused it, for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The failure of a Delete, which must not hold the stack for ever: the person may have it go
    /// without the resource, which is named by its logical id.
    pub fn to_delete(reason: impl fmt::Display, resource: &str) -> Self {
        Self::new(format!(
            "{reason}. Delete the stack again once that is put right; to skip it and leave in \
             place what is there, delete the stack with --retain-resources {resource}"
        ))
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<InvalidProperties> for Failure {
    fn from(invalid: InvalidProperties) -> Self {
        Self::new(invalid.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_has_one_value() {
        let id: PhysicalId = "id".parse().unwrap();
        let done = Done::new(id).with("A", 1).with("B", "x").with("A", 2);
        assert_eq!(done.attributes(), BTreeMap::from([("A", "2"), ("B", "x")]));
        assert_eq!(
            done.attributes.last(),
            Some(&("A".to_owned(), "2".to_owned()))
        );
    }

    #[test]
    fn a_failure_shows_its_reason_and_keeps_its_source() {
        let failure = Failure::new("PUT failed").caused_by("connection reset");
        assert_eq!(failure.to_string(), "PUT failed");
        assert_eq!(
            failure.source().map(ToString::to_string).as_deref(),
            Some("connection reset")
        );
    }
}
