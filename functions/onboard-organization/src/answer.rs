//! The answer to a request, once the run that it began has come to something.

use custom_resource::{
    Done, Failure, Invocation, Operation, PhysicalId, ReplySender, Request, Responder, Status,
};
use deferral::Ended;
use onboarding::arc::RunId;
use onboarding::organization::RunCounts;
use onboarding::physical_id::{organization_narrowing, organization_onboarding};

use crate::bucket::Bucket;
use crate::error::OrganizationError;
use crate::outcome::{CommonFault, Outcome};

/// Answers the request that began a run, if it still waits. `None` where it does not.
pub async fn answer<S: ReplySender>(
    responder: &Responder<S>,
    bucket: &Bucket,
    request_id: &RunId,
    mut ended: Ended<Outcome>,
    invocation: &Invocation,
) -> Result<Option<Status>, OrganizationError> {
    if let Ended::Outcome(outcome) = &mut ended
        && outcome.run.report_uri.is_empty()
    {
        // An output of the stack cannot be empty, and that is where it will be.
        outcome.run.report_uri = bucket.report_uri(request_id);
    }
    let requests = bucket.requests();
    let answered = deferral::answer(
        responder,
        &requests,
        request_id,
        async |request: &Request| {
            let id = physical_id(request)?;
            let result = result(request, ended, id.clone());
            Ok((id, result))
        },
        invocation,
    );
    Ok(answered.await?)
}

/// The id that the resource has from now on. It is one for each stack and never changes.
fn physical_id(request: &Request) -> Result<PhysicalId, Failure> {
    let stack = &request.ids.stack_id;
    let made = match &request.operation {
        Operation::Update { id, .. } | Operation::Delete { id } => return Ok(id.clone()),
        Operation::Create if request.ids.resource_type == "Custom::OrganizationNarrowing" => {
            organization_narrowing(stack)
        }
        Operation::Create => organization_onboarding(stack),
    };
    made.parse().map_err(|_| Failure::new("StackId: too long"))
}

fn result(request: &Request, ended: Ended<Outcome>, id: PhysicalId) -> Result<Done, Failure> {
    let deletes = matches!(request.operation, Operation::Delete { .. });
    let resource = &request.ids.logical_id;
    match ended {
        Ended::Outcome(outcome) if deletes => match left(&outcome) {
            None => Ok(Done::new(id)),
            Some(left) => Err(Failure::to_delete(left, resource)),
        },
        Ended::Outcome(outcome) => {
            if let Some(fault) = &outcome.common_fault {
                return Err(Failure::new(told(fault, &outcome.run.report_uri)));
            }
            // Single accounts never fail the stack: to roll back would take out all others.
            let attributes = outcome.attributes().into_iter();
            Ok(attributes.fold(Done::new(id), |done, (name, value)| done.with(name, value)))
        }
        Ended::Error(error) if deletes => Err(Failure::to_delete(error.told(), resource)),
        Ended::Error(error) => Err(Failure::new(error.told())),
    }
}

/// What a delete has left; `None` where it is nothing.
fn left(outcome: &Outcome) -> Option<String> {
    let RunCounts {
        accounts_in_scope,
        accounts_failed,
        accounts_offboarded,
        ..
    } = outcome.run.counts;
    let report = &outcome.run.report_uri;
    if !outcome.run.done {
        let open = accounts_in_scope.saturating_sub(accounts_offboarded);
        return Some(format!(
            "the run goes on; so far {accounts_offboarded} accounts are taken out and {open} are \
             left. What came of each will be in {report}"
        ));
    }
    if let Some(fault) = &outcome.common_fault {
        return Some(told(fault, report));
    }
    (accounts_failed > 0).then(|| {
        format!(
            "{accounts_failed} accounts could not be taken out, {accounts_offboarded} are; which \
             and why is in {report}"
        )
    })
}

fn told(fault: &CommonFault, report: &str) -> String {
    format!(
        "all {} accounts failed alike, so that the fault is none of theirs: {} [{}]; each is in \
         {report}",
        fault.accounts, fault.reason, fault.error_type
    )
}

#[cfg(test)]
mod tests;
