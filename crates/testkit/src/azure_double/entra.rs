//! Entra's token endpoint, version 2, for the client credentials grant.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::time::Instant;
use url::form_urlencoded;
use uuid::Uuid;

use super::answer::Answer;
use super::assertion;
use super::clock::now_entra;
use super::gate::{self, Arrived};
use super::state::{IssuedToken, Principal, Shared};

const MANAGEMENT_SCOPE: &str = "https://management.azure.com/.default";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A refusal as Entra words it.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    error: &'static str,
    code: u32,
    text: String,
}

impl Refusal {
    pub(crate) fn request(code: u32, text: impl Into<String>) -> Self {
        Self {
            status: 400,
            error: "invalid_request",
            code,
            text: text.into(),
        }
    }

    pub(crate) fn client(code: u32, text: impl Into<String>) -> Self {
        Self {
            status: 401,
            error: "invalid_client",
            code,
            text: text.into(),
        }
    }

    fn into_answer(self) -> Answer {
        let (trace, correlation, time) = (Uuid::new_v4(), Uuid::new_v4(), now_entra());
        let description = format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            self.code, self.text
        );
        Answer::json(
            self.status,
            &json!({
                "error": self.error,
                "error_description": description,
                "error_codes": [self.code],
                "timestamp": time,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
            }),
        )
    }
}

type Form = HashMap<String, String>;

/// `POST /{tenant}/oauth2/v2.0/token`
pub(crate) async fn token(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let arrived = Arrived {
        subscription: None,
        tenant: Some(tenant.to_ascii_lowercase()),
        method: Method::POST,
        path: format!("/{tenant}/oauth2/v2.0/token"),
        api_version: None,
        client_request_id: None,
        body: None,
        sent: None,
    };
    let fault = shared
        .world()
        .tenant(&tenant)
        .and_then(|entry| entry.faults.take(&arrived.method, &arrived.path));
    let answer = async { sign_in(&shared, &tenant, &headers, &body).await };
    gate::pass(&shared, arrived, fault, answer)
        .await
        .into_response()
}

async fn sign_in(shared: &Shared, tenant: &str, headers: &HeaderMap, body: &Bytes) -> Answer {
    let form_encoded = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    let form: Form = if form_encoded {
        form_urlencoded::parse(body).into_owned().collect()
    } else {
        Form::new()
    };
    match authenticate(shared, tenant, &form).await {
        Ok(principal) => issue(shared, tenant, principal),
        Err(refusal) => refusal.into_answer(),
    }
}

async fn authenticate(shared: &Shared, tenant: &str, form: &Form) -> Result<Principal, Refusal> {
    if !shared
        .world()
        .tenants
        .contains_key(&tenant.to_ascii_lowercase())
    {
        return Err(Refusal::request(
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID \
                 and are signing into the correct cloud."
            ),
        ));
    }
    let client_id = checked_request(shared, form)?;
    let principal = application(shared, tenant, client_id)?;
    match (form.get("client_secret"), form.get("client_assertion")) {
        (Some(secret), None) => check_secret(shared, &principal, secret)?,
        (None, Some(assertion)) if has_assertion_type(form) => {
            assertion::check(shared, &principal, assertion).await?;
        }
        _ => {
            return Err(Refusal {
                status: 401,
                error: "invalid_client",
                code: 7_000_218,
                text: "The request body must contain the following parameter: \
                       'client_assertion' or 'client_secret'."
                    .to_owned(),
            });
        }
    }
    Ok(principal)
}

/// Grant and scope; returns the client id.
fn checked_request<'a>(shared: &Shared, form: &'a Form) -> Result<&'a str, Refusal> {
    let Some(grant) = form.get("grant_type") else {
        return Err(Refusal::request(
            900_144,
            "The request body must contain the following parameter: 'grant_type'.",
        ));
    };
    if grant != "client_credentials" {
        return Err(Refusal {
            status: 400,
            error: "unsupported_grant_type",
            code: 70003,
            text: format!("The app requested an unsupported grant type '{grant}'."),
        });
    }
    let scope = form.get("scope").map(String::as_str).unwrap_or_default();
    if scope != MANAGEMENT_SCOPE && scope != format!("{}/.default", shared.base_url) {
        return Err(Refusal {
            status: 400,
            error: "invalid_scope",
            code: 1_002_012,
            text: format!(
                "The provided value for scope {scope} is not valid. Client credential flows must \
                 have a scope value with /.default suffixed to the resource identifier \
                 (application ID URI)."
            ),
        });
    }
    form.get("client_id").map(String::as_str).ok_or_else(|| {
        Refusal::request(
            900_144,
            "The request body must contain the following parameter: 'client_id'.",
        )
    })
}

fn has_assertion_type(form: &Form) -> bool {
    form.get("client_assertion_type")
        .is_some_and(|kind| kind == ASSERTION_TYPE)
}

fn application(shared: &Shared, tenant: &str, client_id: &str) -> Result<Principal, Refusal> {
    let mut world = shared.world();
    let known = world
        .tenant(tenant)
        .and_then(|entry| entry.applications.get(&client_id.to_ascii_lowercase()));
    let Some(known) = known else {
        return Err(Refusal {
            status: 400,
            error: "unauthorized_client",
            code: 700_016,
            text: format!(
                "Application with identifier '{client_id}' was not found in the directory \
                 '{tenant}'. This can happen if the application has not been installed by the \
                 administrator of the tenant or consented to by any user in the tenant. You may \
                 have sent your authentication request to the wrong tenant."
            ),
        });
    };
    Ok(Principal {
        tenant: tenant.to_ascii_lowercase(),
        client: known.setup.client_id.clone(),
        object: known.object_id.clone(),
    })
}

fn check_secret(shared: &Shared, principal: &Principal, secret: &str) -> Result<(), Refusal> {
    let mut world = shared.world();
    let application = world.tenant(&principal.tenant).and_then(|tenant| {
        tenant
            .applications
            .get(&principal.client.to_ascii_lowercase())
    });
    let (good, expired) = application.map_or((false, false), |known| {
        let has = |list: &[String]| list.iter().any(|one| one == secret);
        (
            has(&known.setup.client_secrets),
            has(&known.setup.expired_client_secrets),
        )
    });
    let client = &principal.client;
    match (good, expired) {
        (true, _) => Ok(()),
        (false, true) => Err(Refusal::client(
            7_000_222,
            format!(
                "The provided client secret keys for app '{client}' are expired. Visit the Azure \
                 portal to create new keys for your app."
            ),
        )),
        (false, false) => Err(Refusal::client(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is \
                 the client secret value, not the client secret ID, for a secret added to app \
                 '{client}'."
            ),
        )),
    }
}

/// Tokens are random: nobody can make one up, and nothing is to be read from one.
fn issue(shared: &Shared, tenant: &str, principal: Principal) -> Answer {
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let mut world = shared.world();
    let lifetime = world
        .tenant(tenant)
        .map(|entry| entry.token_lifetime)
        .unwrap_or_default();
    let issued = IssuedToken {
        principal,
        expires: Instant::now() + lifetime,
    };
    world.tokens.insert(token.clone(), issued);
    Answer::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": lifetime.as_secs(),
            "ext_expires_in": lifetime.as_secs(),
            "access_token": token,
        }),
    )
    .with_header("cache-control", "no-store, no-cache")
}
