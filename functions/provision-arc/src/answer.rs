//! The answer to a request, once the run that it began has come to something.

use custom_resource::{
    Done, Failure, Invocation, KeptRequest, Operation, PhysicalId, ReplySender, Request, Responder,
    Status,
};
use onboarding::AccountId;
use onboarding::arc::RunId;
use onboarding::physical_id::{arc_account, arc_tags};
use tracing::info;

use crate::arc_regions::ArcRegions;
use crate::cloud::Cloud;
use crate::command::StepError;
use crate::error::ProvisionError;
use crate::properties::account_in;
use crate::result::Outcome;

/// What became of a run.
#[derive(Debug)]
pub enum Ended {
    /// It came to this, done or not.
    Outcome(Outcome),
    /// It could not go on.
    Error(StepError),
}

/// Answers the request that began a run, if it still waits. `None` where it does not.
pub async fn answer<S: ReplySender>(
    responder: &Responder<S>,
    cloud: &Cloud,
    request_id: &RunId,
    ended: Ended,
    invocation: &Invocation,
) -> Result<Option<Status>, ProvisionError> {
    let bucket = cloud.bucket(invocation.answer_until());
    let port = ProvisionError::port(&cloud.own_account());
    let Some(kept) = bucket.request(request_id).await.map_err(port)? else {
        info!(request.id = %request_id, "no request {request_id} waits for an answer");
        return Ok(None);
    };
    send(responder, cloud, &kept, ended, invocation)
        .await
        .map(Some)
}

async fn send<S: ReplySender>(
    responder: &Responder<S>,
    cloud: &Cloud,
    kept: &KeptRequest,
    ended: Ended,
    invocation: &Invocation,
) -> Result<Status, ProvisionError> {
    let request = responder
        .recall(kept)
        .map_err(|failure| ProvisionError::Invalid(failure.reason().to_owned()))?;
    let (id, result) = match &request.operation {
        Operation::Update { id, .. } if request.ids.resource_type == "Custom::ArcRegions" => {
            let until = invocation.work_until();
            let regions = ArcRegions(cloud);
            let narrowed = regions.narrowed(&request, id.clone(), ended, until).await;
            (id.clone(), narrowed)
        }
        _ => {
            let id = physical_id(&request, &cloud.own_account())?;
            (id.clone(), result(&request, ended, id))
        }
    };
    let bucket = cloud.bucket(invocation.answer_until());
    responder
        .answer_kept(kept, &bucket, result, Some(&id), invocation)
        .await
        .map_err(|error| ProvisionError::Unanswered(error.to_string()))
}

/// The id that the resource has from now on: another one only where the account is another one.
fn physical_id(request: &Request, own: &AccountId) -> Result<PhysicalId, ProvisionError> {
    let account = account_in(&request.properties);
    match &request.operation {
        Operation::Delete { id } => return Ok(id.clone()),
        Operation::Update { id, .. } => {
            let named = arc_account(id.as_str());
            // CloudFormation deletes what a replacement leaves behind: only what certainly is
            // another account's may become one.
            if named.is_none() || named == account {
                return Ok(id.clone());
            }
        }
        Operation::Create => {}
    }
    let account = account.as_ref().unwrap_or(own);
    arc_tags(&request.ids.stack_id, account)
        .parse()
        .map_err(|_| ProvisionError::Invalid("StackId: too long".to_owned()))
}

fn result(request: &Request, ended: Ended, id: PhysicalId) -> Result<Done, Failure> {
    let deletes = matches!(request.operation, Operation::Delete { .. });
    let resource = &request.ids.logical_id;
    let skip = || {
        format!(
            "Delete the stack again once that is put right; to skip it and leave in place what is \
             there, delete the stack with --retain-resources {resource}"
        )
    };
    match ended {
        Ended::Outcome(outcome) if deletes && !outcome.done => Err(Failure::new(format!(
            "the tags are not all taken away yet, and the run goes on; {} instances are left. {}",
            outcome.counts.instances_pending,
            skip()
        ))),
        Ended::Outcome(_) if deletes => Ok(Done::new(id)),
        // What is left when it is time to answer is done by the run, which goes on, and by the
        // next sweep: to roll back would take the tags of all others.
        Ended::Outcome(outcome) => {
            let attributes = outcome.attributes().into_iter();
            Ok(attributes.fold(Done::new(id), |done, (name, value)| done.with(name, value)))
        }
        Ended::Error(error) if deletes => {
            Err(Failure::new(format!("{}. {}", error.told(), skip())))
        }
        Ended::Error(error) => Err(Failure::new(error.told())),
    }
}

#[cfg(test)]
mod tests;
