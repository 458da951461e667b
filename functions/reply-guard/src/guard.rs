//! The function: takes invocation records and has their requests answered.

use custom_resource::{
    Failure, HttpReplySender, Invocation, Responder, ResponseOrigins, Unanswered,
};
use lambda_runtime::LambdaEvent;
use lambda_support::{Boot, StartError};
use serde_json::Value;

use crate::left_behind::left_behind;
use crate::reason::reason;
use crate::record::Record;

/// The function. What could not be made at the start is kept, and fails each event: Lambda then
/// tries again, and an alarm watches this function's errors.
#[derive(Debug)]
pub struct ReplyGuard {
    responder: Result<Responder<HttpReplySender>, StartError>,
}

impl ReplyGuard {
    /// The function with what was found at the start.
    pub fn new(boot: &Boot) -> Self {
        Self {
            responder: responder(boot),
        }
    }

    /// Answers the request of one record. An error is an answer that did not arrive; a record
    /// without a request to answer is none, since trying again would not give it one.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<(), lambda_runtime::Error> {
        let responder = self.responder.as_ref().map_err(Clone::clone)?;
        let invocation = Invocation::ending_at_epoch_milliseconds(event.context.deadline);
        Ok(answer(responder, &event.payload, &invocation).await?)
    }
}

fn responder(boot: &Boot) -> Result<Responder<HttpReplySender>, StartError> {
    let settings = boot.reply_settings()?;
    let origins = ResponseOrigins::new(&settings.aws_region, settings.aws_endpoint);
    Ok(Responder::new(HttpReplySender::new(boot.http()?), origins))
}

async fn answer(
    responder: &Responder<HttpReplySender>,
    event: &Value,
    invocation: &Invocation,
) -> Result<(), Unanswered> {
    let Some(record) = Record::of(event) else {
        tracing::error!("this event is no record of a failed invocation: nothing to answer");
        return Ok(());
    };
    // The reason points to the log of the function that failed, not to this one's.
    let failure = Failure::new(reason(&record));
    let left_behind = record
        .may_have_written()
        .then(|| left_behind(record.request))
        .flatten();
    match responder
        .refuse(record.request, &failure, left_behind.as_ref(), invocation)
        .await
    {
        Ok(_) | Err(Unanswered::Unanswerable(_)) => Ok(()),
        Err(undelivered) => Err(undelivered),
    }
}

#[cfg(test)]
mod tests;
