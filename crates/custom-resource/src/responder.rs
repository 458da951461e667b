//! One answer per request, whatever happens.

use std::error::Error;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use serde_json::Value;
use tracing::Instrument as _;

use crate::PhysicalId;
use crate::deferred::{Answer, Served};
use crate::handler::{Context, Done, Failure};
use crate::inert::inert;
use crate::invocation::Invocation;
use crate::reply::{ReplyError, ReplySender};
use crate::request::{Answerable, Operation, Request, Unanswerable};
use crate::response::{Response, Status};
use crate::response_url::ResponseOrigins;
use crate::router::Router;

mod kept;

/// Answers requests.
#[derive(Debug, Clone)]
pub struct Responder<S> {
    sender: S,
    origins: ResponseOrigins,
}

/// A request that CloudFormation has no answer to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// There is nowhere to send one.
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// It did not arrive.
    #[error(transparent)]
    Undelivered(#[from] ReplyError),
    /// Whether another invocation has answered could not be found out.
    #[error("whether the request was answered already could not be found out: {0}")]
    Unclaimed(String),
}

impl<S: ReplySender> Responder<S> {
    /// Answers through `sender`, at `origins` only.
    pub fn new(sender: S, origins: ResponseOrigins) -> Self {
        Self { sender, origins }
    }

    /// Has the request handled and answers it: once, on success, error, panic, unreadable
    /// properties, and when time runs out, which ends the handler's work first. Where the work
    /// was handed over instead, nothing is sent.
    ///
    /// `Ok` once CloudFormation has taken the answer, whichever it was: an error would have
    /// Lambda send the same request again.
    pub async fn answer(
        &self,
        router: &Router<'_>,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Answer, Unanswered> {
        let raw = event;
        let event = self.first_look(event)?;
        let span = span(&event);
        async {
            let response = match &event.request {
                _ if event.deletes_nothing() => Some(nothing_to_delete(&event)),
                Ok(request) => handle(router, raw, request, &event, invocation).await,
                Err(failure) => Some(refused(&event, &event.id, failure, invocation)),
            };
            let Some(response) = response else {
                tracing::info!("the work goes on elsewhere and will be answered from there");
                return Ok(Answer::Later);
            };
            let body = response.body();
            self.send(&event, &response, body, invocation)
                .await
                .map(Answer::Sent)
        }
        .instrument(span)
        .await
    }

    /// Answers FAILED without handling the request: for a function that could not start, or on
    /// behalf of one that was killed.
    ///
    /// `left_behind` is the id under which a Create may have made something; without it the
    /// answer to a Create says that nothing was made. An Update or Delete keeps its own id, and
    /// the Delete of what was never made is a success even so.
    pub async fn refuse(
        &self,
        event: &Value,
        failure: &Failure,
        left_behind: Option<&PhysicalId>,
        invocation: &Invocation,
    ) -> Result<Status, Unanswered> {
        let event = self.first_look(event)?;
        let span = span(&event);
        async {
            let response = refusal(&event, failure, left_behind, invocation);
            let body = response.body();
            self.send(&event, &response, body, invocation).await
        }
        .instrument(span)
        .await
    }

    fn first_look(&self, event: &Value) -> Result<Answerable, Unanswerable> {
        Answerable::of(event, &self.origins)
            .inspect_err(|error| tracing::error!(%error, "this event cannot be answered"))
    }

    async fn send(
        &self,
        event: &Answerable,
        response: &Response,
        body: Vec<u8>,
        invocation: &Invocation,
    ) -> Result<Status, Unanswered> {
        self.sender
            .send(&event.url, body, invocation.answer_until())
            .await
            .inspect_err(
                |error| tracing::error!(%error, "CloudFormation did not get its answer"),
            )?;
        tracing::info!(
            cfn.status = ?response.status(),
            cfn.physical_id = %response.physical_id(),
            "answered"
        );
        Ok(response.status())
    }
}

/// Carries what tells one request's log lines from another's.
fn span(event: &Answerable) -> tracing::Span {
    let shown = |text: &str| inert(text, 256);
    tracing::info_span!(
        "custom_resource",
        cfn.request_id = %shown(&event.ids.request_id),
        cfn.stack_id = %shown(&event.ids.stack_id),
        cfn.logical_id = %shown(&event.ids.logical_id),
        cfn.request_type = %event.request_type,
    )
}

/// The answer to a request that is not handled.
fn refusal(
    event: &Answerable,
    failure: &Failure,
    left_behind: Option<&PhysicalId>,
    invocation: &Invocation,
) -> Response {
    if event.deletes_nothing() {
        return nothing_to_delete(event);
    }
    let created = left_behind.filter(|_| event.request_type == "Create");
    refused(event, created.unwrap_or(&event.id), failure, invocation)
}

fn nothing_to_delete(event: &Answerable) -> Response {
    Response::success(&event.ids, Done::new(event.id.clone()))
}

/// The answer; `None` where it comes later.
async fn handle(
    router: &Router<'_>,
    raw: &Value,
    request: &Request,
    event: &Answerable,
    invocation: &Invocation,
) -> Option<Response> {
    let context = Context::new(request.ids.clone(), invocation.work_until());
    match work(router, raw, request, &context).await {
        Ok(Served::Done(done)) => Some(Response::success(&event.ids, done)),
        Ok(Served::Later) => None,
        Err(failure) => {
            let declared = context
                .declared()
                .filter(|_| request.operation == Operation::Create);
            Some(refused(
                event,
                declared.as_ref().unwrap_or(&event.id),
                &failure,
                invocation,
            ))
        }
    }
}

/// The handler's result, with panic and deadline turned into failures. Its future is gone
/// before this returns, so nothing is written after the answer.
async fn work(
    router: &Router<'_>,
    raw: &Value,
    request: &Request,
    context: &Context,
) -> Result<Served, Failure> {
    let handled = AssertUnwindSafe(router.serve(raw, request, context)).catch_unwind();
    match tokio::time::timeout_at(context.work_until(), handled).await {
        Ok(Ok(result)) => result,
        // The panic's own text stays in the log, where the panic hook wrote it: it may hold
        // anything.
        Ok(Err(_)) => Err(Failure::new(
            "the function failed by a fault of its own (a panic)",
        )),
        Err(_) => Err(Failure::new(
            "the function ran out of time; the work was broken off before it was done",
        )),
    }
}

/// Logs a failure, here only, and makes its answer.
fn refused(
    event: &Answerable,
    id: &PhysicalId,
    failure: &Failure,
    invocation: &Invocation,
) -> Response {
    let reason = inert(failure.reason(), 16_384);
    let causes = inert(&causes(failure), 16_384);
    tracing::error!(cfn.physical_id = %id, %causes, "the request failed: {reason}");
    Response::failed(&event.ids, id, failure, invocation.log_stream())
}

fn causes(failure: &Failure) -> String {
    let mut causes = Vec::new();
    let mut source = failure.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes.join(": ")
}

#[cfg(test)]
mod tests;
