//! The function: takes events, has them answered, measures.

use custom_resource::{
    Answer, Failure, HttpReplySender, Invocation, Responder, ResponseOrigins, Router, Status,
};
use lambda_runtime::LambdaEvent;
use lambda_support::metrics::{self, Metric};
use lambda_support::{Boot, StartError};
use serde_json::Value;
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::identity_provider::IdentityProvider;
use crate::security_connector::SecurityConnector;

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
            cloud: Cloud::new(boot),
        }
    }

    /// Answers one event. An error is an event that `CloudFormation` got no answer to: it makes
    /// Lambda hand the event to the reply guard.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<(), lambda_runtime::Error> {
        let started = Instant::now();
        let invocation = Invocation::ending_at_epoch_milliseconds(event.context.deadline)
            .with_log_stream(event.context.env_config.log_stream.as_str());
        let responder = self.responder.as_ref().map_err(Clone::clone)?;
        let event = event.payload;
        let answered = match &self.cloud {
            Ok(cloud) => responder.answer(&router(cloud), &event, &invocation).await,
            Err(error) => {
                let failure = Failure::new(format!("the function could not start: {error}"));
                let refused = responder.refuse(&event, &failure, None, &invocation);
                refused.await.map(Answer::Sent)
            }
        };
        measure(&event, answered.as_ref().ok(), started);
        Ok(answered.map(drop)?)
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
