//! One function, several types of resource.

use std::collections::BTreeMap;

use futures::future::{BoxFuture, FutureExt as _};
use serde_json::Value;

use crate::deferred::{Asked, DeferringHandler, KeptRequest, Served};
use crate::handler::{Context, Done, Failure, Handler};
use crate::inert::inert;
use crate::properties::parse_properties;
use crate::request::{Operation, Request};

/// Finds the [`Handler`] of a request by its `ResourceType`.
#[derive(Default)]
pub struct Router<'a> {
    handlers: BTreeMap<&'static str, Box<dyn Serve + 'a>>,
}

impl<'a> Router<'a> {
    /// A router that knows no type yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handler of a type, such as `Custom::SecurityConnector`.
    #[must_use]
    pub fn with(mut self, resource_type: &'static str, handler: impl Handler + 'a) -> Self {
        self.handlers.insert(resource_type, Box::new(handler));
        self
    }

    /// Adds the handler of a type whose requests may be answered later.
    #[must_use]
    pub fn with_deferring(
        mut self,
        resource_type: &'static str,
        handler: impl DeferringHandler + 'a,
    ) -> Self {
        self.handlers
            .insert(resource_type, Box::new(Deferring(handler)));
        self
    }

    /// Reads the properties and does what is asked, or has it done later.
    pub(crate) async fn serve(
        &self,
        event: &Value,
        request: &Request,
        context: &Context,
    ) -> Result<Served, Failure> {
        let resource_type = request.ids.resource_type.as_str();
        let Some(handler) = self.handlers.get(resource_type) else {
            let known: Vec<&str> = self.handlers.keys().copied().collect();
            return Err(Failure::new(format!(
                "ResourceType: this function serves {}, not \"{}\"",
                known.join(", "),
                inert(resource_type, 64)
            )));
        };
        handler.serve(event, request, context).await
    }
}

impl std::fmt::Debug for Router<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.handlers.keys()).finish()
    }
}

/// A handler whose properties' type is forgotten, so that different ones fit in one map.
trait Serve: Send + Sync {
    fn serve<'s>(
        &'s self,
        event: &'s Value,
        request: &'s Request,
        context: &'s Context,
    ) -> BoxFuture<'s, Result<Served, Failure>>;
}

impl<H: Handler> Serve for H {
    fn serve<'s>(
        &'s self,
        _: &'s Value,
        request: &'s Request,
        context: &'s Context,
    ) -> BoxFuture<'s, Result<Served, Failure>> {
        async move {
            let raw = &request.properties;
            let done = match &request.operation {
                Operation::Create => self.create(parse_properties(raw)?, context).await,
                Operation::Update { id, old_properties } => {
                    self.update(parse_properties(raw)?, old_properties, id, context)
                        .await
                }
                Operation::Delete { id } => self
                    .delete(raw, id, context)
                    .await
                    .map(|()| Done::new(id.clone())),
            };
            done.map(Served::Done)
        }
        .boxed()
    }
}

/// Tells the two kinds of handlers apart.
struct Deferring<H>(H);

impl<H: DeferringHandler> Serve for Deferring<H> {
    fn serve<'s>(
        &'s self,
        event: &'s Value,
        request: &'s Request,
        context: &'s Context,
    ) -> BoxFuture<'s, Result<Served, Failure>> {
        async move {
            let asked = Asked::of(request)?;
            let kept = KeptRequest::of(event);
            self.0.start(asked, &kept, context).await
        }
        .boxed()
    }
}
