//! Federated assertions, verified as Entra does: the issuer's own keys, every claim to the letter.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::entra::Refusal;
use super::setup::FederatedCredential;
use super::state::{Principal, Shared};

const HELP: &str = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// Passes an assertion that one of the application's federated credentials describes.
pub(crate) async fn check(
    shared: &Shared,
    principal: &Principal,
    assertion: &str,
) -> Result<(), Refusal> {
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| malformed("header"))?;
    if header.alg != Algorithm::RS256 {
        return Err(malformed("signing algorithm, which is not RS256"));
    }
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode(assertion)
        .map_err(|_| malformed("claims"))?
        .claims;
    match_credential(shared, principal, &claims)?;
    let kid = header
        .kid
        .ok_or_else(|| malformed("header, which has no key id"))?;
    let keys = signing_keys(shared, &claims.iss)
        .await
        .ok_or_else(|| Refusal::request(50166, "Request to External OIDC endpoint failed."))?;
    let Some(key) = keys.find(&kid) else {
        return Err(Refusal::client(
            7_000_272,
            format!(
                "The certificate with identifier {kid} used to sign the federated credential \
                 could not be found in the metadata of identity provider {}.",
                claims.iss
            ),
        ));
    };
    let key = DecodingKey::from_jwk(key).map_err(|_| malformed("key"))?;
    verify(assertion, &key)
}

/// Entra compares issuer, subject and audience with case, and names the one that fits nothing.
fn match_credential(
    shared: &Shared,
    principal: &Principal,
    claims: &Claims,
) -> Result<(), Refusal> {
    let mut world = shared.world();
    let application = world.tenant(&principal.tenant).and_then(|tenant| {
        tenant
            .applications
            .get_mut(&principal.client.to_ascii_lowercase())
    });
    let Some(application) = application else {
        return Err(no_record(claims));
    };
    let credentials = application.setup.federated_credentials.clone();
    let issuer_fits = |one: &&FederatedCredential| one.issuer == claims.iss;
    let subject_fits = |one: &&FederatedCredential| one.sub_and_issuer_fit(claims);
    if !credentials.iter().any(|one| issuer_fits(&one)) {
        return Err(mismatch(700_211, "issuer", &claims.iss));
    }
    if !credentials.iter().any(|one| subject_fits(&one)) {
        return Err(mismatch(700_213, "subject", &claims.sub));
    }
    if !credentials
        .iter()
        .filter(subject_fits)
        .any(|one| one.audience == claims.aud)
    {
        return Err(mismatch(700_212, "audience", &claims.aud));
    }
    if application.replication_failures_left > 0 {
        application.replication_failures_left -= 1;
        return Err(no_record(claims));
    }
    Ok(())
}

impl FederatedCredential {
    fn sub_and_issuer_fit(&self, claims: &Claims) -> bool {
        self.issuer == claims.iss && self.subject == claims.sub
    }
}

fn verify(assertion: &str, key: &DecodingKey) -> Result<(), Refusal> {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_nbf = true;
    // The audience was compared with the credential's before.
    validation.validate_aud = false;
    jsonwebtoken::decode::<serde_json::Value>(assertion, key, &validation)
        .map(|_| ())
        .map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature | ErrorKind::ImmatureSignature => Refusal::client(
                700_024,
                "Client assertion is not within its valid time range. Review the documentation at \
                 https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
            ),
            ErrorKind::InvalidSignature => {
                Refusal::client(700_027, "Client assertion failed signature validation.")
            }
            _ => malformed("claims"),
        })
}

/// Only ever called for an issuer that a credential names.
async fn signing_keys(shared: &Shared, issuer: &str) -> Option<JwkSet> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let discovery: Discovery = fetch(shared, &address).await?;
    if discovery.issuer != issuer {
        return None;
    }
    fetch(shared, &discovery.jwks_uri).await
}

async fn fetch<T: DeserializeOwned>(shared: &Shared, address: &str) -> Option<T> {
    let response = shared.http.get(address).send().await.ok()?;
    response.error_for_status().ok()?.json().await.ok()
}

fn malformed(part: &str) -> Refusal {
    Refusal::request(50027, format!("JWT token is invalid or malformed: {part}."))
}

fn mismatch(code: u32, claim: &str, value: &str) -> Refusal {
    Refusal::client(
        code,
        format!(
            "No matching federated identity record found for presented assertion {claim} \
             '{value}'. Check your federated identity credential Subject, Audience and Issuer \
             against the presented assertion. {HELP}"
        ),
    )
}

fn no_record(claims: &Claims) -> Refusal {
    Refusal::request(
        70021,
        format!(
            "No matching federated identity record found for presented assertion. Assertion \
             Issuer: '{}'. Assertion Subject: '{}'. Assertion Audience: '{}'. {HELP}",
            claims.iss, claims.sub, claims.aud
        ),
    )
}
