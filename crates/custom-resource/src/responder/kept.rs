//! The answer to a request that was kept, or may have been.

use serde_json::Value;
use tracing::Instrument as _;

use super::{Responder, Unanswered, refusal, refused, span};
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

    /// Answers FAILED like [`Self::refuse`], but only where nobody else has begun to answer: for a
    /// request that was handed over, or may have been. `None` where somebody else has, who then
    /// sees to it that the answer arrives.
    ///
    /// Where claims cannot be asked it is answered even so: CloudFormation looks at one answer
    /// only, and without any it waits for as long as it can.
    pub async fn refuse_unclaimed<C: AnswerClaims>(
        &self,
        event: &Value,
        claims: &C,
        failure: &Failure,
        left_behind: Option<&PhysicalId>,
        invocation: &Invocation,
    ) -> Result<Option<Status>, Unanswered> {
        let event = self.first_look(event)?;
        let span = span(&event);
        async {
            let response = refusal(&event, failure, left_behind, invocation);
            let request_id = &event.ids.request_id;
            let own = response.body();
            match claims.claim(request_id, &own).await {
                Ok(claim) if is_of_another(&claim, &own, request_id) => {
                    tracing::info!("another invocation answers this request");
                    return Ok(None);
                }
                Ok(_) => {}
                Err(error) => {
                    let error = inert(&error.to_string(), 2000);
                    tracing::error!(%error, "answering, though whether another invocation does could not be found out");
                }
            }
            let status = self.send(&event, &response, own, invocation).await?;
            // Only now: until it has arrived, whoever finds the request kept sends what was claimed.
            if let Err(error) = claims.settle(request_id).await {
                let error = inert(&error.to_string(), 2000);
                tracing::warn!(%error, "a request that is answered is still kept, so that it may be answered again");
            }
            Ok(Some(status))
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

/// Whether somebody else put down the answer that counts. The own one is found again by an
/// invocation that is repeated because its answer did not arrive.
fn is_of_another(claim: &Claim, own: &[u8], request_id: &str) -> bool {
    match claim {
        Claim::Ours => false,
        Claim::Earlier(body) => body != own && status_of(body, request_id).is_some(),
    }
}
