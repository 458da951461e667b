//! Entra's refusals: which of them pass, and which parameter of the stack to change.

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::claims::{Claims, claims};
use super::{EntraApplication, OPERATION, Proof, SERVICE};
use crate::answer::Answer;
use crate::retry::{Again, Setback};
use crate::{Error, Kind, Patience};

pub(super) struct Context<'a> {
    pub(super) application: &'a EntraApplication,
    pub(super) proof: &'a Proof,
    pub(super) patience: &'a Patience,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    error: String,
    error_description: String,
    error_codes: Vec<u32>,
    correlation_id: Option<String>,
}

/// What can be expected of another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outlook {
    /// A setting is wrong: the next answer would be the same.
    Final,
    /// What was set up a moment ago may not be everywhere yet; or it is wrong.
    Replicating,
    /// Entra's own trouble.
    Passing,
}

/// What Entra said.
struct Said {
    number: Option<u32>,
    /// OAuth's own name of the error, where there is no number.
    error: String,
    text: String,
    correlation_id: Option<String>,
}

impl Said {
    fn read(answer: &Answer, proof: &Proof) -> Self {
        let Ok(body) = serde_json::from_slice::<Body>(&answer.body) else {
            let start: String = String::from_utf8_lossy(&answer.body)
                .chars()
                .take(200)
                .collect();
            let text = without_proof(&format!("an answer that is not Entra's: {start}"), proof);
            return Self {
                number: None,
                error: String::new(),
                text,
                correlation_id: None,
            };
        };
        let number = body.error_codes.first().copied();
        // The ids at its end are kept in fields of their own.
        let text = body
            .error_description
            .split("Trace ID:")
            .next()
            .unwrap_or_default();
        Self {
            number: number.or_else(|| in_text(&body.error_description)),
            error: body.error,
            text: without_proof(text, proof),
            correlation_id: body.correlation_id,
        }
    }

    fn outlook(&self, status: u16) -> Outlook {
        match self.number {
            _ if matches!(status, 408 | 429 | 500..) => Outlook::Passing,
            _ if self.error == "temporarily_unavailable" => Outlook::Passing,
            Some(number) => outlook(number),
            None => Outlook::Final,
        }
    }

    fn code(&self) -> Option<String> {
        let oauth = Some(&self.error).filter(|error| !error.is_empty());
        self.number
            .map(|number| format!("AADSTS{number}"))
            .or_else(|| oauth.cloned())
    }
}

/// Makes of Entra's answer what to do next and what to say.
pub(super) fn setback(answer: &Answer, path: &str, context: &Context<'_>) -> Setback {
    let status = answer.status.as_u16();
    let said = Said::read(answer, context.proof);
    let patience = context.patience;
    let retry_after = answer.retry_after();
    let (kind, again) = match said.outlook(status) {
        _ if status == 429 => (
            Kind::Throttled { retry_after },
            Again::throttled(patience, retry_after),
        ),
        Outlook::Passing => (
            Kind::Transient,
            Again::within(patience.unavailable, patience, retry_after),
        ),
        Outlook::Replicating => (
            Kind::Unauthenticated,
            Again::replicating(patience.federation, patience),
        ),
        Outlook::Final => (Kind::Unauthenticated, Again::NEVER),
    };
    let code = said.code();
    let mut correlation = answer.correlation.clone();
    correlation.correlation_id = said.correlation_id.or(correlation.correlation_id);
    let error = Error::new(kind, SERVICE, OPERATION, &said.text)
        .request("POST", path)
        .answered(status, code.as_deref())
        .correlated(correlation)
        .advised(said.number.and_then(|number| advice(number, context)));
    Setback { error, again }
}

/// The first `AADSTS<number>` of a description.
fn in_text(description: &str) -> Option<u32> {
    let (_, rest) = description.split_once("AADSTS")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// No service should repeat what it was given as proof; none gets the chance to.
fn without_proof(text: &str, proof: &Proof) -> String {
    let (Proof::Secret(given) | Proof::Assertion(given)) = proof;
    match given.expose_secret() {
        "" => text.to_owned(),
        given => text.replace(given, "[secret]"),
    }
}

fn outlook(number: u32) -> Outlook {
    match number {
        70_021 | 700_211 | 700_213 => Outlook::Replicating,
        // Entra could not reach the issuer's keys, or one of its own parts: these come and go.
        50_166 | 501_661 | 90_061 | 90_033 | 90_012 | 90_020 => Outlook::Passing,
        _ => Outlook::Final,
    }
}

fn advice(number: u32, context: &Context<'_>) -> Option<String> {
    let EntraApplication {
        tenant_id,
        client_id,
        ..
    } = context.application;
    let text = match number {
        70_021 | 700_211 | 700_212 | 700_213 => return Some(federation_advice(context)),
        90_002 | 900_023 | 90_013 | 900_021 => format!(
            "Set AzureTenantId (now {tenant_id}) to the id of the Microsoft Entra tenant that the \
             subscription belongs to"
        ),
        700_016 | 7_000_229 => format!(
            "Set AzureClientId (now {client_id}) to the application (client) id of the app \
             registration or managed identity in tenant {tenant_id}, or correct AzureTenantId"
        ),
        7_000_112 => format!(
            "The application of AzureClientId ({client_id}) is disabled: enable it in Microsoft \
             Entra, or set AzureClientId to another one"
        ),
        7_000_215 => {
            "Put the secret's value (not its id) of the application of AzureClientId into \
             the Secrets Manager secret that AzureClientSecretArn names"
                .to_owned()
        }
        7_000_222 => "The client secret has expired: make a new one for the application of \
             AzureClientId and put it into the Secrets Manager secret that AzureClientSecretArn \
             names, or set AzureAuthentication to Federation"
            .to_owned(),
        7_000_216 | 7_000_218 => {
            "Set AzureAuthentication to what the application of AzureClientId is set up for"
                .to_owned()
        }
        50_027 | 50_013 | 700_023 | 700_024 | 700_027 | 700_222 => format!(
            "Entra did not accept the token that AWS signed ({}): the federated credential's \
             issuer must be the issuer of this account's outbound identity federation; otherwise \
             set AzureAuthentication to ClientSecret",
            presented(context)
        ),
        53_003 | 530_003 | 530_035 | 50_105 => format!(
            "A Conditional Access policy or assignment keeps the application of AzureClientId \
             ({client_id}) out: exempt it for sign-ins from AWS"
        ),
        500_011 | 500_014 | 650_057 => format!(
            "Tenant {tenant_id} does not know Azure Resource Manager: set AzureTenantId to a \
             tenant of the public Azure cloud that has a subscription"
        ),
        50_166 | 501_661 | 90_061 => format!(
            "Entra could not read the issuer's keys ({}): the issuer must be reachable from the \
             internet",
            presented(context)
        ),
        _ => return None,
    };
    Some(text)
}

fn federation_advice(context: &Context<'_>) -> String {
    let client_id = &context.application.client_id;
    format!(
        "Give the identity of AzureClientId ({client_id}) a federated credential that equals what \
         the token said, letter by letter ({}), or correct AzureClientId; a new credential takes a \
         few minutes to work everywhere",
        presented(context)
    )
}

fn presented(context: &Context<'_>) -> String {
    let seen = match context.proof {
        Proof::Assertion(assertion) => claims(assertion.expose_secret()),
        Proof::Secret(_) => None,
    };
    match seen {
        Some(Claims {
            issuer,
            subject,
            audience,
        }) => {
            format!("issuer '{issuer}', subject '{subject}', audience '{audience}'")
        }
        None => "its issuer, subject and audience could not be read".to_owned(),
    }
}
