//! Long-running operations: 201 and 202, followed until the service says how they ended.
//!
//! Security connectors are documented as synchronous. Resource Manager may answer any write this
//! way all the same.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::fault::Fault;
use super::{ArmClient, Call, Request, SERVICE, Success, is_gone};
use crate::sign_in::Credential;
use crate::{Error, Kind};

/// Where the state of an operation is shown.
#[derive(Debug, Clone)]
enum Watch {
    /// `Azure-AsyncOperation`: a document with a `status`.
    Operation(Url),
    /// `Location`: 202 until it is done.
    Location(Url),
    /// The resource itself: its `provisioningState`, or its absence after a deletion.
    Resource,
}

/// What a look showed.
enum Look {
    Done(Value),
    Running {
        state: String,
        pause: Option<Duration>,
    },
}

impl<C: Credential> ArmClient<C> {
    /// Waits for what a write began. Returns the resource, or `Null` where the service did not
    /// show it.
    pub(super) async fn finish(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        begun: Success,
    ) -> Result<Value, Error> {
        let Some(watch) = self.watch(request, &begun)? else {
            return Ok(begun.body);
        };
        let mut pause = begun.answer.retry_after();
        let mut state = "Accepted".to_owned();
        loop {
            let wait = pause
                .filter(|pause| !pause.is_zero())
                .unwrap_or(self.patience.poll);
            if !request.deadline.allows(wait) {
                return Err(still_running(request, begun, &state));
            }
            tokio::time::sleep(wait).await;
            match self.look(&watch, call, request).await {
                Ok(Look::Done(resource)) => return Ok(resource),
                Ok(Look::Running {
                    state: seen,
                    pause: asked,
                }) => (state, pause) = (seen, asked),
                // The time was up during this look: what was seen before says more.
                Err(error) if error.status().is_none() && !request.deadline.allows(wait) => {
                    return Err(still_running(request, begun, &state));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn watch(&self, request: &Request<'_>, begun: &Success) -> Result<Option<Watch>, Error> {
        let accepted = begun.answer.status == StatusCode::ACCEPTED;
        if let Some(link) = begun.answer.header("azure-asyncoperation") {
            return Ok(Some(Watch::Operation(
                self.own_link(link, request.operation)?,
            )));
        }
        // With 201 it is the new resource's own address.
        if let Some(link) = begun.answer.header("location").filter(|_| accepted) {
            return Ok(Some(Watch::Location(
                self.own_link(link, request.operation)?,
            )));
        }
        let running = provisioning_state(&begun.body).is_some_and(|state| !is_final(state));
        Ok((accepted || (running && request.method != Method::DELETE)).then_some(Watch::Resource))
    }

    async fn look(
        &self,
        watch: &Watch,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Look, Error> {
        let url = match watch {
            Watch::Operation(url) | Watch::Location(url) => url,
            Watch::Resource => &request.url,
        };
        let deleting = request.method == Method::DELETE;
        let asked = Request {
            operation: call.operation,
            method: Method::GET,
            url: url.clone(),
            body: None,
            deadline: call.deadline,
        };
        let seen = match self.send(&asked).await {
            Ok(seen) => seen,
            Err(error) if deleting && is_gone(&error) => return Ok(Look::Done(Value::Null)),
            // Accepted, and not shown yet.
            Err(error) if is_gone(&error) && matches!(watch, Watch::Resource) => {
                let state = "not there yet".to_owned();
                return Ok(Look::Running { state, pause: None });
            }
            Err(error) => return Err(error),
        };
        let pause = seen.answer.retry_after();
        let state = match watch {
            Watch::Operation(_) => seen.body.get("status").and_then(Value::as_str),
            Watch::Location(_) | Watch::Resource => provisioning_state(&seen.body),
        };
        match state {
            Some(state) if is_failure(state) => Err(failed(call, &asked, &seen, state)),
            Some(state) if !is_final(state) => Ok(Look::Running {
                state: state.to_owned(),
                pause,
            }),
            None if seen.answer.status == StatusCode::ACCEPTED => Ok(Look::Running {
                state: "Accepted".to_owned(),
                pause,
            }),
            // The resource is still there although it is to go.
            _ if deleting && matches!(watch, Watch::Resource) => Ok(Look::Running {
                state: "Deleting".to_owned(),
                pause,
            }),
            // An operation's document is not the resource.
            _ if matches!(watch, Watch::Operation(_)) => Ok(Look::Done(Value::Null)),
            _ => Ok(Look::Done(seen.body)),
        }
    }
}

fn still_running(request: &Request<'_>, begun: Success, state: &str) -> Error {
    let still = format!("still in state {state} when the time was up");
    Error::new(Kind::Transient, SERVICE, request.operation, &still)
        .request(request.method.as_str(), request.url.path())
        .correlated(begun.answer.correlation)
}

fn provisioning_state(body: &Value) -> Option<&str> {
    body.pointer("/properties/provisioningState")
        .and_then(Value::as_str)
}

fn is_failure(state: &str) -> bool {
    ["Failed", "Canceled", "Cancelled"]
        .iter()
        .any(|end| end.eq_ignore_ascii_case(state))
}

fn is_final(state: &str) -> bool {
    state.eq_ignore_ascii_case("Succeeded") || is_failure(state)
}

fn failed(call: &Call<'_>, asked: &Request<'_>, seen: &Success, state: &str) -> Error {
    let fault = Fault::read(&seen.answer.body);
    let code = fault
        .code
        .as_deref()
        .filter(|_| seen.body.get("error").is_some());
    let reason = if code.is_some() {
        fault.message.as_str()
    } else {
        "no reason given"
    };
    let advice = code.and_then(|code| crate::advice::for_resource(call.path, code, reason));
    Error::new(
        Kind::Invalid,
        SERVICE,
        call.operation,
        &format!("it ended as {state}: {reason}"),
    )
    .request(asked.method.as_str(), call.path)
    .answered(seen.answer.status.as_u16(), code)
    .correlated(seen.answer.correlation.clone())
    .advised(advice)
}
