//! The function: takes requests of `CloudFormation` and commands of the state machine, measures.

use custom_resource::{
    Answer, Failure, HttpReplySender, Invocation, Responder, ResponseOrigins, Router, Status,
};
use lambda_runtime::{Diagnostic, LambdaEvent};
use lambda_support::metrics::{self, Metric};
use lambda_support::{Boot, StartError};
use serde_json::Value;
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::command::Command;
use crate::error::RegisterError;
use crate::identity_provider::IdentityProvider;
use crate::security_connector::SecurityConnector;
use crate::step;

/// The function. What could not be made at the start is kept as the reason for it.
#[derive(Debug)]
pub struct RegisterAccount {
    responder: Result<Responder<HttpReplySender>, StartError>,
    cloud: Result<Cloud, StartError>,
}

impl RegisterAccount {
    /// The function with what was found at the start.
    pub fn new(boot: &Boot) -> Self {
        Self {
            responder: responder(boot),
            cloud: Cloud::new(boot, &boot.aws()),
        }
    }

    /// Does what one event asks for. An error of a request is one that `CloudFormation` got no
    /// answer to: it makes Lambda hand the event to the reply guard.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let started = Instant::now();
        let invocation = Invocation::ending_at_epoch_milliseconds(event.context.deadline)
            .with_log_stream(event.context.env_config.log_stream.as_str());
        let event = event.payload;
        if Command::is(&event) {
            let result = self.command(&event, &invocation).await;
            measure_command(&event, &result, started);
            return result.map_err(|error| {
                tracing::error!(failure = error.name(), "{error}");
                error.into()
            });
        }
        let answered = self.request(&event, &invocation).await;
        measure(&event, answered.as_ref().ok(), started);
        Ok(answered.map(|_| Value::Null)?)
    }

    async fn request(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Answer, RegisterError> {
        let no_responder = |error: &StartError| RegisterError::Unanswered(error.to_string());
        let responder = self.responder.as_ref().map_err(no_responder)?;
        let answered = match &self.cloud {
            Ok(cloud) => responder.answer(&router(cloud), event, invocation).await,
            Err(error) => {
                let failure = Failure::new(format!("the function could not start: {error}"));
                let refused = responder.refuse(event, &failure, None, invocation);
                refused.await.map(Answer::Sent)
            }
        };
        answered.map_err(|error| RegisterError::Unanswered(error.to_string()))
    }

    async fn command(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Value, RegisterError> {
        let could_not_start = |error: &StartError| {
            RegisterError::Invalid(format!("the function could not start: {error}"))
        };
        let command = Command::read(event)?;
        let cloud = self.cloud.as_ref().map_err(could_not_start)?;
        // On the heap: clients, retries and paging make this future tens of kilobytes large.
        let outcome = Box::pin(step::take(cloud, &command, invocation)).await?;
        tracing::info!(account.id = %command.account_id, run.id = %command.run_id, outcome = ?outcome.ending, "{:?} of account {}: {:?}", command.operation, command.account_id, outcome.ending);
        // Numbers and texts: there is nothing in it that JSON could not hold.
        Ok(serde_json::to_value(outcome).unwrap_or_default())
    }
}

fn responder(boot: &Boot) -> Result<Responder<HttpReplySender>, StartError> {
    let settings = boot.reply_settings()?;
    let origins = ResponseOrigins::new(&settings.aws_region, settings.aws_endpoint);
    Ok(Responder::new(HttpReplySender::new(boot.http()?), origins))
}

fn router(cloud: &Cloud) -> Router<'_> {
    Router::new()
        .with("Custom::IdentityProvider", IdentityProvider(cloud))
        .with("Custom::SecurityConnector", SecurityConnector(cloud))
}

fn measure_command(event: &Value, result: &Result<Value, RegisterError>, started: Instant) {
    let outcome = match result {
        Ok(outcome) => outcome["Outcome"].as_str().unwrap_or_default(),
        Err(error) => error.name(),
    };
    let operation = event["Operation"].as_str().unwrap_or_default();
    metrics::emit(
        &[
            Metric::count("Steps", 1),
            Metric::duration("Duration", started.elapsed()),
        ],
        &[("Operation", operation), ("Outcome", outcome)],
    );
}

fn measure(event: &Value, answer: Option<&Answer>, started: Instant) {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    let outcome = match answer {
        Some(Answer::Sent(Status::Success)) => "Success",
        Some(Answer::Sent(Status::Failed)) => "Failed",
        Some(Answer::Later) => "Later",
        None => "Unanswered",
    };
    metrics::emit(
        &[
            Metric::count("Answers", 1),
            Metric::duration("Duration", started.elapsed()),
        ],
        &[
            ("ResourceType", text("ResourceType")),
            ("RequestType", text("RequestType")),
            ("Outcome", outcome),
        ],
    );
}

#[cfg(test)]
mod tests;
