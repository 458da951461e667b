//! The function: takes invocation records and has their requests answered.

use custom_resource::{
    Failure, HttpReplySender, Invocation, ReplySender, Responder, ResponseOrigins, Unanswered,
};
use lambda_runtime::LambdaEvent;
use lambda_support::{Boot, StartError};
use serde_json::Value;

use crate::claims::ClaimBook;
use crate::left_behind::left_behind;
use crate::reason::reason;
use crate::record::Record;

/// The function. What could not be made at the start is kept, and fails each event: Lambda then
/// tries again, and an alarm watches this function's errors.
#[derive(Debug)]
pub struct ReplyGuard {
    responder: Result<Responder<HttpReplySender>, StartError>,
    claims: ClaimBook,
}

impl ReplyGuard {
    /// The function with what was found at the start.
    pub fn new(boot: &Boot) -> Self {
        Self {
            responder: responder(boot),
            claims: ClaimBook::new(boot),
        }
    }

    /// Answers the request of one record, unless somebody else does. An error is an answer that did
    /// not arrive; a record without a request to answer is none, since trying again would not give
    /// it one.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<(), lambda_runtime::Error> {
        let responder = self.responder.as_ref().map_err(Clone::clone)?;
        let invocation = Invocation::ending_at_epoch_milliseconds(event.context.deadline);
        Ok(answer(responder, &self.claims, &event.payload, &invocation).await?)
    }
}

fn responder(boot: &Boot) -> Result<Responder<HttpReplySender>, StartError> {
    let settings = boot.reply_settings()?;
    let origins = ResponseOrigins::new(&settings.aws_region, settings.aws_endpoint);
    Ok(Responder::new(HttpReplySender::new(boot.http()?), origins))
}

pub(crate) async fn answer<S: ReplySender>(
    responder: &Responder<S>,
    claims: &ClaimBook,
    event: &Value,
    invocation: &Invocation,
) -> Result<(), Unanswered> {
    let Some(record) = Record::of(event) else {
        tracing::error!("this event is no record of a failed invocation: nothing to answer");
        return Ok(());
    };
    let request = record.request;
    // The reason points to the log of the function that failed, not to this one's.
    let failure = Failure::new(reason(&record));
    let left_behind = record
        .may_have_written()
        .then(|| left_behind(request))
        .flatten();
    let left_behind = left_behind.as_ref();
    let refused = match claims.claims(request, invocation) {
        None => responder
            .refuse(request, &failure, left_behind, invocation)
            .await
            .map(drop),
        Some(claims) => responder
            .refuse_unclaimed(request, &claims, &failure, left_behind, invocation)
            .await
            .map(drop),
    };
    match refused {
        Ok(()) | Err(Unanswered::Unanswerable(_)) => Ok(()),
        Err(undelivered) => Err(undelivered),
    }
}

#[cfg(test)]
mod tests;
