//! The CloudFormation custom-resource protocol for Lambda functions.
//!
//! A stack that gets no answer hangs for up to an hour, and a wrong physical id makes
//! CloudFormation delete what it should keep. So the whole protocol is here, once, and a
//! [`Handler`] only says how its resource is created, updated and deleted:
//!
//! * every event that holds a `ResponseURL` is answered, exactly once: on success, error, panic,
//!   unreadable properties, an unknown request type, and before Lambda kills the function
//!   ([`Responder`]);
//! * physical ids follow the rules of [`PhysicalId`], also for what failed half-way;
//! * an answer goes to CloudFormation's own bucket or nowhere ([`ResponseUrl`]), is at most 4096
//!   bytes, and is sent again until it is accepted ([`HttpReplySender`]);
//! * the pre-signed address is never printed;
//! * work that takes longer than a function may run is answered later, once ([`DeferringHandler`]).
//!
//! What a request wants is read by the strict rules of [`scalars`]; a property that does not fit
//! is named by its path.
//!
//! ```
//! use custom_resource::{Context, Done, Failure, Handler, PhysicalId, Router};
//!
//! struct Folder;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase", deny_unknown_fields)]
//! struct Properties {
//!     name: String,
//! }
//!
//! impl Handler for Folder {
//!     type Properties = Properties;
//!
//!     async fn create(&self, wanted: Properties, context: &Context) -> Result<Done, Failure> {
//!         let id: PhysicalId = wanted.name.parse().map_err(|_| Failure::new("Name: too long"))?;
//!         context.declare(id.clone());
//!         // … make it …
//!         Ok(Done::new(id).with("Path", format!("/{}", wanted.name)))
//!     }
//!
//!     async fn update(
//!         &self,
//!         wanted: Properties,
//!         _old: &serde_json::Value,
//!         _id: &PhysicalId,
//!         context: &Context,
//!     ) -> Result<Done, Failure> {
//!         self.create(wanted, context).await
//!     }
//!
//!     async fn delete(
//!         &self,
//!         _raw: &serde_json::Value,
//!         _id: &PhysicalId,
//!         _context: &Context,
//!     ) -> Result<(), Failure> {
//!         Ok(())
//!     }
//! }
//!
//! let router = Router::new().with("Custom::Folder", Folder);
//! # let _ = router;
//! ```

mod deferred;
mod handler;
mod inert;
mod invocation;
mod physical_id;
mod properties;
mod reply;
mod request;
mod responder;
mod response;
mod response_url;
mod router;
pub mod scalars;

pub use deferred::{
    Answer, AnswerClaims, Asked, Claim, ClaimError, DeferringHandler, KeptRequest, Served,
};
pub use handler::{Context, Done, Failure, Handler};
pub use inert::inert;
pub use invocation::Invocation;
pub use physical_id::{InvalidPhysicalId, PhysicalId};
pub use properties::{InvalidProperties, parse_properties};
pub use reply::{HttpReplySender, ReplyError, ReplySender};
pub use request::{Operation, Request, RequestIds, Unanswerable};
pub use responder::{Responder, Unanswered};
pub use response::{MAXIMUM_BODY_BYTES, Response, Status};
pub use response_url::{RejectedUrl, ResponseOrigins, ResponseUrl};
pub use router::Router;
