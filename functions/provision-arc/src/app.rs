//! The function: takes requests of `CloudFormation` and commands of the state machine.

use std::time::Duration;

use custom_resource::{
    Answer, Failure, HttpReplySender, Invocation, ReplySender, Responder, ResponseOrigins, Router,
    Status,
};
use deferral::Ended;
use lambda_runtime::{Diagnostic, LambdaEvent};
use lambda_support::metrics::{self, Metric};
use lambda_support::{Boot, StartError};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::answer::answer;
use crate::arc_regions::ArcRegions;
use crate::arc_tags::ArcTags;
use crate::cloud::Cloud;
use crate::command::{AccountRun, Command};
use crate::error::ProvisionError;
use crate::properties::Circumstances;
use crate::provision::{Errand, Reach};
use crate::result::Outcome;
use crate::wanted::Wanted;

/// How long before Lambda ends the function the work is broken off: calls that are under way
/// then still end, and the report is written.
const MARGIN: Duration = Duration::from_mins(1);
/// What is left of it for the last calls.
const WAY_OUT: Duration = Duration::from_secs(5);

/// The function. What could not be made at the start is kept as the reason for it.
#[derive(Debug)]
pub struct ProvisionArc<S = HttpReplySender> {
    responder: Result<Responder<S>, StartError>,
    cloud: Result<Cloud, StartError>,
}

impl ProvisionArc {
    /// The function with what was found at the start.
    pub fn new(boot: &Boot) -> Self {
        Self {
            responder: responder(boot),
            cloud: Cloud::new(boot, &boot.aws()),
        }
    }
}

impl<S: ReplySender> ProvisionArc<S> {
    #[cfg(test)]
    pub(crate) fn of(responder: Responder<S>, cloud: Cloud) -> Self {
        Self {
            responder: Ok(responder),
            cloud: Ok(cloud),
        }
    }

    /// Does what one event asks for.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let log_stream = event.context.env_config.log_stream.as_str();
        let invocation = Invocation::ending_at_epoch_milliseconds(event.context.deadline)
            .with_log_stream(log_stream);
        // On the heap: whatever an event may ask for is in this future.
        Box::pin(self.serve(&event.payload, &invocation)).await
    }

    pub(crate) async fn serve(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Value, Diagnostic> {
        let started = Instant::now();
        if event.get("ResponseURL").is_some() || event.get("RequestType").is_some() {
            let answered = self.request(event, invocation).await;
            measure_request(event, answered.as_ref().ok(), started);
            return Ok(answered.map(|_| Value::Null)?);
        }
        let command = Command::read(event)?;
        let result = self.command(command, invocation).await;
        measure_command(
            event,
            result.as_ref().map_err(ProvisionError::name),
            started,
        );
        if let Err(error) = &result {
            tracing::error!(failure = error.name(), "{error}");
        }
        Ok(result?)
    }

    async fn request(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Answer, ProvisionError> {
        let responder = self.responder()?;
        let answered = match &self.cloud {
            Ok(cloud) => responder.answer(&router(cloud), event, invocation).await,
            Err(error) => {
                let failure = Failure::new(format!("the function could not start: {error}"));
                let refused = responder.refuse(event, &failure, None, invocation);
                refused.await.map(Answer::Sent)
            }
        };
        answered.map_err(|error| ProvisionError::Unanswered(error.to_string()))
    }

    async fn command(
        &self,
        command: Command,
        invocation: &Invocation,
    ) -> Result<Value, ProvisionError> {
        let cloud = self.cloud.as_ref().map_err(|error| {
            ProvisionError::Invalid(format!("the function could not start: {error}"))
        })?;
        let (errand, run) = match command {
            Command::Onboard(run) => (Errand::Onboard, run),
            Command::Offboard(run) => (Errand::Offboard, run),
            Command::Narrow {
                account_id,
                run_id,
                request_id,
            } => {
                let run = AccountRun {
                    account: account_id,
                    run: run_id,
                    request: Some(request_id),
                    is_as_wanted: false,
                };
                (Errand::Narrow, run)
            }
            Command::Answer {
                request_id,
                outcome,
                error,
            } => {
                let responder = self.responder()?;
                let ended = Ended::of(outcome, error);
                let status = answer(responder, cloud, &request_id, ended, invocation).await?;
                return Ok(json!({ "Answered": status.is_some() }));
            }
        };
        pass(cloud, errand, run, invocation).await
    }

    fn responder(&self) -> Result<&Responder<S>, ProvisionError> {
        let failed = |error: &StartError| ProvisionError::Unanswered(error.to_string());
        self.responder.as_ref().map_err(failed)
    }
}

async fn pass(
    cloud: &Cloud,
    errand: Errand,
    run: AccountRun,
    invocation: &Invocation,
) -> Result<Value, ProvisionError> {
    let until = invocation.clone().with_margin(MARGIN).work_until();
    let deadline = invocation.clone().with_margin(WAY_OUT).work_until();
    let Wanted { properties, reach } = Wanted::of(cloud, errand, &run, deadline).await?;
    let circumstances = Circumstances {
        partition: cloud.partition(),
        run: run.run,
        reach,
        until,
    };
    let task = properties.task(errand, circumstances);
    let outcome = match cloud.pass(task, deadline).pass().await {
        // Another run has found it out for good meanwhile, and taken the mark away.
        Err(ProvisionError::NotLeaving(_)) if run.is_as_wanted && reach == Reach::Organization => {
            Outcome::nothing_to_do()
        }
        outcome => outcome?,
    };
    measure_outcome(&outcome);
    // Numbers and texts: there is nothing in it that JSON could not hold.
    Ok(serde_json::to_value(outcome).unwrap_or_default())
}

fn responder(boot: &Boot) -> Result<Responder<HttpReplySender>, StartError> {
    let settings = boot.reply_settings()?;
    let origins = ResponseOrigins::new(&settings.aws_region, settings.aws_endpoint);
    Ok(Responder::new(HttpReplySender::new(boot.http()?), origins))
}

fn router(cloud: &Cloud) -> Router<'_> {
    Router::new()
        .with_deferring("Custom::ArcRegions", ArcRegions(cloud))
        .with_deferring("Custom::ArcAutoProvisioning", ArcTags(cloud))
}

fn measure_request(event: &Value, answer: Option<&Answer>, started: Instant) {
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

fn measure_command(event: &Value, result: Result<&Value, &'static str>, started: Instant) {
    let outcome = match result {
        Ok(value) if value["Done"] == false => "Continues",
        Ok(_) => "Done",
        Err(name) => name,
    };
    let operation = event["Operation"].as_str().unwrap_or_default();
    metrics::emit(
        &[
            Metric::count("Passes", 1),
            Metric::duration("Duration", started.elapsed()),
        ],
        &[("Operation", operation), ("Outcome", outcome)],
    );
}

fn measure_outcome(outcome: &Outcome) {
    let count = |name, value: usize| Metric::count(name, u32::try_from(value).unwrap_or(u32::MAX));
    let counts = &outcome.counts;
    metrics::emit(
        &[
            count("InstancesSeen", counts.instances_seen),
            count("InstancesTagged", counts.instances_tagged),
            count("InstancesFailed", counts.instances_failed),
            count("InstancesNotManaged", counts.instances_not_managed),
        ],
        &[],
    );
}

#[cfg(test)]
mod tests;
