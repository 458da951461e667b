//! One request with its token, and how often it is made.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tracing::{debug, info};

use super::{ArmClient, Request, SERVICE, Success, fault};
use crate::answer::{Answer, NoAnswer, exchange};
use crate::retry::{Again, Setback, until_answered};
use crate::sign_in::{Credential, Token};
use crate::{Error, Kind, advice};

impl<C: Credential> ArmClient<C> {
    /// Makes the request until it is answered with success or an error that stays.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Success, Error> {
        until_answered(&self.patience, request.deadline, || self.attempt(request)).await
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Success, Setback> {
        let sign_in = |error| Setback {
            error,
            again: Again::NEVER,
        };
        let token = self.tokens.token(request.deadline).await.map_err(sign_in)?;
        let mut answer = self.exchange(request, &token).await?;
        if answer.status == StatusCode::UNAUTHORIZED && is_worth_another_token(&answer) {
            debug!(
                azure.operation = request.operation,
                "the token was refused; fetching another"
            );
            let token = self
                .tokens
                .another(&token, request.deadline)
                .await
                .map_err(sign_in)?;
            answer = self.exchange(request, &token).await?;
        }
        if !answer.status.is_success() {
            let (method, path) = (request.method.as_str(), request.url.path());
            return Err(fault::setback(
                &answer,
                request.operation,
                method,
                path,
                &self.patience,
            ));
        }
        match answer.json() {
            Ok(body) => Ok(Success { answer, body }),
            // Nothing of a deletion's body matters.
            Err(_) if request.method == Method::DELETE => Ok(Success {
                answer,
                body: Value::Null,
            }),
            Err(error) => Err(self.unreadable(request, &answer, &error)),
        }
    }

    async fn exchange(&self, request: &Request<'_>, token: &Token) -> Result<Answer, Setback> {
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .bearer_auth(token.expose());
        if let Some(body) = request.body {
            builder = builder.json(body);
        }
        let answer = exchange(builder, request.one_try(), request.deadline).await;
        let answer = answer.map_err(|NoAnswer(words)| self.no_answer(request, &words))?;
        record(request, &answer);
        Ok(answer)
    }

    fn no_answer(&self, request: &Request<'_>, words: &str) -> Setback {
        let error = Error::new(Kind::Transient, SERVICE, request.operation, words)
            .request(request.method.as_str(), request.url.path())
            .advised(Some(advice::unreachable(&request.url)));
        let again = Again::within(self.patience.unavailable, &self.patience, None);
        Setback { error, again }
    }

    fn unreadable(
        &self,
        request: &Request<'_>,
        answer: &Answer,
        error: &serde_json::Error,
    ) -> Setback {
        let message = format!("the answer is not the JSON it should be: {error}");
        let error = Error::new(Kind::Transient, SERVICE, request.operation, &message)
            .request(request.method.as_str(), request.url.path())
            .answered(answer.status.as_u16(), None)
            .correlated(answer.correlation.clone());
        let again = Again::within(self.patience.unavailable, &self.patience, None);
        Setback { error, again }
    }
}

/// A token of another tenant's would be refused again.
fn is_worth_another_token(answer: &Answer) -> bool {
    let tenant = [
        "InvalidAuthenticationTokenTenant",
        "InvalidAuthenticationTokenTenantId",
    ];
    !fault::Fault::read(&answer.body).has_code(&tenant)
}

/// Writes are what an audit asks for; reads are noise unless somebody debugs.
fn record(request: &Request<'_>, answer: &Answer) {
    macro_rules! write_line {
        ($level:ident) => {
            $level!(
                azure.operation = request.operation,
                http.method = request.method.as_str(),
                azure.path = request.url.path(),
                http.status = answer.status.as_u16(),
                duration_ms = u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
                azure.correlation_id = answer.correlation.correlation_id,
                azure.request_id = answer.correlation.request_id,
                azure.routing_request_id = answer.correlation.routing_request_id,
                azure.client_request_id = answer.correlation.client_request_id,
                "Azure answered"
            )
        };
    }
    if request.method == Method::GET {
        write_line!(debug);
    } else {
        write_line!(info);
    }
}
