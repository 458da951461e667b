//! The answer to a request, once the run that it began has come to something.

use custom_resource::{
    Done, Failure, Invocation, Operation, PhysicalId, ReplySender, Request, Responder, Status,
};
use deferral::Ended;
use onboarding::AccountId;
use onboarding::arc::RunId;
use onboarding::physical_id::{arc_account, arc_tags};

use crate::arc_regions::ArcRegions;
use crate::cloud::Cloud;
use crate::error::ProvisionError;
use crate::properties::account_in;
use crate::result::Outcome;

/// Answers the request that began a run, if it still waits. `None` where it does not.
pub async fn answer<S: ReplySender>(
    responder: &Responder<S>,
    cloud: &Cloud,
    request_id: &RunId,
    ended: Ended<Outcome>,
    invocation: &Invocation,
) -> Result<Option<Status>, ProvisionError> {
    let requests = cloud.requests(invocation.answer_until());
    let told = async |request: &Request| match &request.operation {
        Operation::Update { id, .. } if request.ids.resource_type == "Custom::ArcRegions" => {
            let until = invocation.work_until();
            let regions = ArcRegions(cloud);
            let narrowed = regions.narrowed(request, id.clone(), ended, until).await;
            Ok((id.clone(), narrowed))
        }
        _ => {
            let id = physical_id(request, &cloud.own_account())?;
            Ok((id.clone(), result(request, ended, id)))
        }
    };
    Ok(deferral::answer(responder, &requests, request_id, told, invocation).await?)
}

/// The id that the resource has from now on: another one only where the account is another one.
fn physical_id(request: &Request, own: &AccountId) -> Result<PhysicalId, Failure> {
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
        .map_err(|_| Failure::new("StackId: too long"))
}

fn result(request: &Request, ended: Ended<Outcome>, id: PhysicalId) -> Result<Done, Failure> {
    let deletes = matches!(request.operation, Operation::Delete { .. });
    let undeleted = |reason: String| Err(Failure::to_delete(reason, &request.ids.logical_id));
    match ended {
        Ended::Outcome(outcome) if deletes && !outcome.done => undeleted(format!(
            "the tags are not all taken away yet, and the run goes on; {} instances are left",
            outcome.counts.instances_pending
        )),
        Ended::Outcome(_) if deletes => Ok(Done::new(id)),
        // What is left when it is time to answer is done by the run, which goes on, and by the
        // next sweep: to roll back would take the tags of all others.
        Ended::Outcome(outcome) => {
            let attributes = outcome.attributes().into_iter();
            Ok(attributes.fold(Done::new(id), |done, (name, value)| done.with(name, value)))
        }
        Ended::Error(error) if deletes => undeleted(error.told()),
        Ended::Error(error) => Err(Failure::new(error.told())),
    }
}

#[cfg(test)]
mod tests;
