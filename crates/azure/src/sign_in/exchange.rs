//! The token request.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::refusal::{self, Context};
use super::{Credential, Granted, OPERATION, Proof, SERVICE, TokenSource};
use crate::answer::{Answer, NoAnswer, exchange};
use crate::retry::{Again, Setback, until_answered};
use crate::{Deadline, Error, Kind, advice};

/// The same in every deployment: it names whom the token is for, not where requests are sent.
const SCOPE: &str = "https://management.azure.com/.default";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ONE_TRY: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Grant {
    access_token: String,
    expires_in: Value,
}

impl<C: Credential> TokenSource<C> {
    /// Asks Entra for a token, with a fresh proof for each try.
    pub(super) async fn exchange(&self, deadline: Deadline) -> Result<Granted, Error> {
        let url = token_url(
            &self.application.authority,
            self.application.tenant_id.as_str(),
        );
        until_answered(&self.patience, deadline, || self.attempt(&url, deadline)).await
    }

    async fn attempt(&self, url: &Url, deadline: Deadline) -> Result<Granted, Setback> {
        let proof = self
            .credential
            .proof(deadline)
            .await
            .map_err(|error| Setback {
                error: Error::from_port(OPERATION, "what the sign-in needs from AWS", &error),
                again: Again::NEVER,
            })?;
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.application.client_id.as_str()),
            ("scope", SCOPE),
        ];
        match &proof {
            Proof::Secret(secret) => form.push(("client_secret", secret.expose_secret())),
            Proof::Assertion(assertion) => {
                form.push(("client_assertion_type", ASSERTION_TYPE));
                form.push(("client_assertion", assertion.expose_secret()));
            }
        }
        let request = self.http.post(url.clone()).form(&form);
        let answer = match exchange(request, ONE_TRY, deadline).await {
            Ok(answer) => answer,
            Err(NoAnswer(words)) => return Err(self.unreachable(url, &words)),
        };
        if !answer.status.is_success() {
            let context = Context {
                application: &self.application,
                proof: &proof,
                patience: &self.patience,
            };
            return Err(refusal::setback(&answer, url.path(), &context));
        }
        granted(&answer).ok_or_else(|| {
            let error = Error::new(
                Kind::Transient,
                SERVICE,
                OPERATION,
                "an answer without a token",
            )
            .request("POST", url.path())
            .answered(answer.status.as_u16(), None)
            .correlated(answer.correlation);
            Setback {
                error,
                again: self.unavailable(),
            }
        })
    }

    fn unreachable(&self, url: &Url, words: &str) -> Setback {
        let error = Error::new(Kind::Transient, SERVICE, OPERATION, words)
            .request("POST", url.path())
            .advised(Some(advice::unreachable(url)));
        Setback {
            error,
            again: self.unavailable(),
        }
    }

    fn unavailable(&self) -> Again {
        Again::within(self.patience.unavailable, &self.patience, None)
    }
}

fn granted(answer: &Answer) -> Option<Granted> {
    let grant: Grant = serde_json::from_slice(&answer.body).ok()?;
    let seconds = match &grant.expires_in {
        Value::Number(seconds) => seconds.as_u64()?,
        Value::String(seconds) => seconds.trim().parse().ok()?,
        _ => return None,
    };
    let usable = !grant.access_token.is_empty() && seconds > 0;
    // A day is the longest life that Entra gives; more would only be a clock's trouble.
    let life = Duration::from_secs(seconds.min(86_400));
    usable.then_some(Granted {
        value: SecretString::from(grant.access_token),
        life,
    })
}

fn token_url(authority: &Url, tenant: &str) -> Url {
    let mut url = authority.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments
            .pop_if_empty()
            .extend([tenant, "oauth2", "v2.0", "token"]);
    }
    url
}
