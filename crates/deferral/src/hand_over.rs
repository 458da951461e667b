//! Hands a request over to a state machine.

use aws::{StateMachineArn, StateMachines};
use custom_resource::{Context, Failure, KeptRequest};
use onboarding::PortError;
use onboarding::arc::RunId;
use serde_json::{Map, Value};
use tracing::warn;

use crate::requests::Requests;

/// A request that is about to be handed over.
#[derive(Debug)]
pub struct HandOver<'a> {
    /// Where it is kept meanwhile.
    pub requests: Requests,
    /// What starts the machine.
    pub machines: &'a StateMachines,
    /// The machine.
    pub machine: &'a StateMachineArn,
    /// How the execution's name begins, before the request's id. One that was started by that name
    /// before is left alone, so a request that is delivered twice is carried out once.
    pub prefix: &'a str,
    /// What the machine is told, but for `RequestId` and `RunId`, which are added. It is shown to
    /// whoever may look at executions.
    pub input: Map<String, Value>,
}

impl HandOver<'_> {
    /// Has `prepare` put down what the run needs, keeps the request and starts the machine. A
    /// request that was answered already changes nothing, not even by `prepare`: what it asked for
    /// may be undone again. A failure is to be answered at once; nothing answers it from where it
    /// was kept any more.
    pub async fn begin<P>(
        self,
        request: &KeptRequest,
        context: &Context,
        prepare: impl FnOnce(RunId) -> P + Send,
    ) -> Result<(), Failure>
    where
        P: Future<Output = Result<(), PortError>> + Send,
    {
        let id: RunId = context.ids().request_id.parse().map_err(|_| {
            Failure::new("RequestId: expected letters, digits, '.', '_' or '-' only")
        })?;
        if self.requests.is_answered(&id).await.map_err(failed)? {
            return Ok(());
        }
        prepare(id.clone()).await.map_err(failed)?;
        self.requests.keep(&id, request).await.map_err(failed)?;
        let name = format!("{}-{id}", self.prefix);
        let mut input = self.input;
        for key in ["RequestId", "RunId"] {
            input.insert(key.to_owned(), id.as_str().into());
        }
        let until = context.work_until();
        let input = Value::Object(input);
        let started = self.machines.start(self.machine, &name, &input, until);
        let Err(error) = started.await else {
            return Ok(());
        };
        // It is answered from here now. Should the machine run nevertheless, it finds nothing to
        // answer.
        if let Err(error) = self.requests.forget(&id).await {
            warn!("a request that failed is still kept: {error}");
        }
        // It may have begun all the same, and have answered before its request was forgotten.
        if matches!(self.requests.is_answered(&id).await, Ok(true)) {
            return Ok(());
        }
        Err(failed(error))
    }
}

fn failed(error: PortError) -> Failure {
    let reason = format!("{error} [{}]", error.kind.name());
    Failure::new(reason).caused_by(error)
}

#[cfg(test)]
mod tests;
