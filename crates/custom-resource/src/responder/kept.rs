//! The answer to a request that was kept.

use tracing::Instrument as _;

use super::{Responder, Unanswered, refused, span};
use crate::PhysicalId;
use crate::deferred::{AnswerClaims, Claim, ClaimError, KeptRequest, status_of};
use crate::handler::{Done, Failure};
use crate::inert::inert;
use crate::invocation::Invocation;
use crate::reply::ReplySender;
use crate::request::Request;
use crate::response::{Response, Status};

impl<S: ReplySender> Responder<S> {
    /// Answers a request that was kept, once the work that was handed over is done or has failed.
    ///
    /// The answer that is put down first counts: whoever comes later sends the very same, and only
    /// while the request is still kept, which it is until CloudFormation has taken the answer.
    /// `left_behind` is the id under which a Create that failed may have made something.
    pub async fn answer_kept<C: AnswerClaims>(
        &self,
        kept: &KeptRequest,
        claims: &C,
        result: Result<Done, Failure>,
        left_behind: Option<&PhysicalId>,
        invocation: &Invocation,
    ) -> Result<Status, Unanswered> {
        let event = self.first_look(kept.event())?;
        let span = span(&event);
        async {
            let created = left_behind.filter(|_| event.request_type == "Create");
            let response = match result {
                Ok(done) => Response::success(&event.ids, done),
                Err(failure) => refused(&event, created.unwrap_or(&event.id), &failure, invocation),
            };
            let request_id = &event.ids.request_id;
            let unclaimed =
                |error: ClaimError| Unanswered::Unclaimed(inert(&error.to_string(), 2000));
            let own = response.body();
            let claim = claims.claim(request_id, &own).await.map_err(unclaimed)?;
            let earlier = match claim {
                Claim::Ours => None,
                Claim::Earlier(body) => status_of(&body, request_id).map(|status| (status, body)),
            };
            let status = match earlier {
                None => self.send(&event, &response, own, invocation).await?,
                Some((status, body)) => {
                    tracing::warn!("an earlier answer counts, and is sent again");
                    self.sender
                        .send(&event.url, body, invocation.answer_until())
                        .await?;
                    status
                }
            };
            claims.settle(request_id).await.map_err(unclaimed)?;
            Ok(status)
        }
        .instrument(span)
        .await
    }

    /// What a kept request asks for. Its address is checked again: whoever can write where it was
    /// kept could have changed it.
    pub fn recall(&self, kept: &KeptRequest) -> Result<Request, Failure> {
        let event = self.first_look(kept.event());
        event
            .map_err(|error| Failure::new(error.to_string()))?
            .request
    }
}
