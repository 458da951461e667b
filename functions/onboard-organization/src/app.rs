//! The function: takes requests of `CloudFormation`, commands of the state machine and batches of
//! events.

use std::time::Duration;

use custom_resource::{
    Answer, Failure, HttpReplySender, Invocation, ReplySender, Responder, ResponseOrigins, Router,
};
use deferral::{AnswerError, Ended};
use lambda_runtime::{Diagnostic, LambdaEvent};
use lambda_support::{Boot, StartError};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::answer::answer;
use crate::cloud::Cloud;
use crate::command::Command;
use crate::connectors::{SeenConnectors, Subscription};
use crate::deployment_scope::DeploymentScope;
use crate::error::OrganizationError;
use crate::list_accounts::Listing;
use crate::organization_narrowing::{Nothing, OrganizationNarrowing};
use crate::organization_onboarding::OrganizationOnboarding;
use crate::progress::progress;
use crate::queue;
use crate::repair::repair_account;
use crate::report::Reporting;

mod measure;

/// How long before Lambda ends the function its calls end.
const WAY_OUT: Duration = Duration::from_secs(5);

/// The function. What could not be made at the start is kept as the reason for it.
#[derive(Debug)]
pub struct OnboardOrganization<S = HttpReplySender, C = Subscription> {
    responder: Result<Responder<S>, StartError>,
    cloud: Result<Cloud<C>, StartError>,
}

impl OnboardOrganization {
    /// The function with what was found at the start.
    pub fn new(boot: &Boot) -> Self {
        Self {
            responder: responder(boot),
            cloud: Cloud::new(boot, &boot.aws()),
        }
    }
}

impl<S: ReplySender, C: SeenConnectors> OnboardOrganization<S, C> {
    #[cfg(test)]
    pub(crate) fn of(responder: Responder<S>, cloud: Cloud<C>) -> Self {
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
            measure::request(event, answered.as_ref().ok(), started);
            return Ok(answered.map(|_| Value::Null)?);
        }
        let deadline = invocation.clone().with_margin(WAY_OUT).work_until();
        let result = if event.get("Records").is_some() {
            let cloud = self.cloud();
            match cloud {
                Ok(cloud) => Ok(Box::pin(queue::take(cloud, event, deadline)).await),
                Err(error) => Err(error),
            }
        } else {
            self.command(event, deadline, invocation).await
        };
        let name = result.as_ref().map_err(OrganizationError::name);
        measure::invocation(event, name, started);
        if let Err(error) = &result {
            tracing::error!(failure = error.name(), "{error}");
        }
        Ok(result?)
    }

    async fn request(
        &self,
        event: &Value,
        invocation: &Invocation,
    ) -> Result<Answer, OrganizationError> {
        let responder = self.responder()?;
        let refused = match &self.cloud {
            Ok(cloud) => match check_stack(cloud, event) {
                Ok(()) => {
                    let router = router(cloud, event);
                    let answered = responder.answer(&router, event, invocation).await;
                    return answered.map_err(|error| unanswered(&error));
                }
                Err(failure) => failure,
            },
            Err(error) => Failure::new(format!("the function could not start: {error}")),
        };
        let refused = responder.refuse(event, &refused, None, invocation).await;
        refused
            .map(Answer::Sent)
            .map_err(|error| unanswered(&error))
    }

    async fn command(
        &self,
        event: &Value,
        deadline: Instant,
        invocation: &Invocation,
    ) -> Result<Value, OrganizationError> {
        let cloud = self.cloud()?;
        match Command::read(event)? {
            Command::ListAccounts(asked) => {
                let listing = Listing {
                    cloud,
                    asked: &asked,
                    deadline,
                };
                Box::pin(listing.list()).await.map(shown)
            }
            Command::RepairStackInstances { account_id, run_id } => {
                let repaired = repair_account(cloud, &account_id, &run_id, deadline);
                Box::pin(repaired).await.map(shown)
            }
            Command::Report(asked) => {
                let reporting = Reporting {
                    cloud,
                    asked: &asked,
                    deadline,
                };
                Box::pin(reporting.report()).await.map(shown)
            }
            Command::Progress { run_id } => Box::pin(progress(cloud, &run_id, deadline))
                .await
                .map(shown),
            Command::Answer {
                request_id,
                outcome,
                error,
                ..
            } => {
                let responder = self.responder()?;
                let bucket = cloud.bucket(invocation.answer_until());
                let ended = Ended::of(outcome, error);
                let status = answer(responder, &bucket, &request_id, ended, invocation).await?;
                Ok(json!({ "Answered": status.is_some() }))
            }
        }
    }

    fn responder(&self) -> Result<&Responder<S>, OrganizationError> {
        let failed = |error: &StartError| {
            OrganizationError::Unanswered(AnswerError::Unanswered(error.to_string()))
        };
        self.responder.as_ref().map_err(failed)
    }

    fn cloud(&self) -> Result<&Cloud<C>, OrganizationError> {
        let failed = |error: &StartError| OrganizationError::NotStarted(error.to_string());
        self.cloud.as_ref().map_err(failed)
    }
}

fn unanswered(error: &custom_resource::Unanswered) -> OrganizationError {
    OrganizationError::Unanswered(AnswerError::Unanswered(error.to_string()))
}

/// What goes back to the state machine.
fn shown(result: impl Serialize) -> Value {
    // Numbers and texts: there is nothing in it that JSON could not hold.
    serde_json::to_value(result).unwrap_or_default()
}

/// The function is the stack's that made it: another one's would take each other's accounts out.
fn check_stack<C>(cloud: &Cloud<C>, event: &Value) -> Result<(), Failure> {
    let own = &cloud.settings().deployment.stack_id;
    if event["StackId"] == own.as_str() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "StackId: this function serves the stack {own} and no other one"
    )))
}

fn responder(boot: &Boot) -> Result<Responder<HttpReplySender>, StartError> {
    let settings = boot.reply_settings()?;
    let origins = ResponseOrigins::new(&settings.aws_region, settings.aws_endpoint);
    Ok(Responder::new(HttpReplySender::new(boot.http()?), origins))
}

fn router<'a, C: SeenConnectors>(cloud: &'a Cloud<C>, event: &Value) -> Router<'a> {
    let router = Router::new()
        .with("Custom::DeploymentScope", DeploymentScope(cloud))
        .with_deferring(
            "Custom::OrganizationOnboarding",
            OrganizationOnboarding(cloud),
        );
    let narrowing = "Custom::OrganizationNarrowing";
    if event["RequestType"] == "Update" {
        router.with_deferring(narrowing, OrganizationNarrowing(cloud))
    } else {
        router.with(narrowing, Nothing(cloud))
    }
}

#[cfg(test)]
mod tests;
