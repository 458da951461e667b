//! One function, several types of resource.

use std::collections::BTreeMap;

use futures::future::{BoxFuture, FutureExt as _};

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

    /// Reads the properties and does what is asked.
    pub(crate) async fn serve(
        &self,
        request: &Request,
        context: &Context,
    ) -> Result<Done, Failure> {
        let resource_type = request.ids.resource_type.as_str();
        let Some(handler) = self.handlers.get(resource_type) else {
            let known: Vec<&str> = self.handlers.keys().copied().collect();
            return Err(Failure::new(format!(
                "ResourceType: this function serves {}, not \"{}\"",
                known.join(", "),
                inert(resource_type, 64)
            )));
        };
        handler.serve(request, context).await
    }
}

impl std::fmt::Debug for Router<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.handlers.keys()).finish()
    }
}

/// A [`Handler`] whose properties' type is forgotten, so that different ones fit in one map.
trait Serve: Send + Sync {
    fn serve<'s>(
        &'s self,
        request: &'s Request,
        context: &'s Context,
    ) -> BoxFuture<'s, Result<Done, Failure>>;
}

impl<H: Handler> Serve for H {
    fn serve<'s>(
        &'s self,
        request: &'s Request,
        context: &'s Context,
    ) -> BoxFuture<'s, Result<Done, Failure>> {
        async move {
            let raw = &request.properties;
            match &request.operation {
                Operation::Create => self.create(parse_properties(raw)?, context).await,
                Operation::Update { id, old_properties } => {
                    self.update(parse_properties(raw)?, old_properties, id, context)
                        .await
                }
                Operation::Delete { id } => self
                    .delete(raw, id, context)
                    .await
                    .map(|()| Done::new(id.clone())),
            }
        }
        .boxed()
    }
}
