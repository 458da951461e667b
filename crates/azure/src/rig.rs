//! What the wire-level tests share: a client, short waits, a credential, Entra's answers.

use std::time::Duration;

use onboarding::PortError;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::arm::Call;
use crate::{
    ArmClient, ClientAssertion, ClientSecret, ClientSecretCredential, Credential, Deadline,
    EntraApplication, FederatedCredential, Patience, TokenSource,
};

pub(crate) const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub(crate) const CLIENT: &str = "bbbbbbbb-0000-4000-8000-000000000002";
pub(crate) const SUBSCRIPTION: &str = "cccccccc-0000-4000-8000-000000000003";
pub(crate) const SECRET: &str = "the-client-secret~42";
pub(crate) const TOKEN: &str = "access-token-of-the-test";
/// Issuer `https://issuer.test`, subject a role's ARN, audience Entra's; signed by nobody.
pub(crate) const ASSERTION: &str = concat!(
    "eyJhbGciOiJSUzI1NiJ9.",
    "eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYXJuOmF3czppYW06OjEyMzQ1Njc4OTAxMjpyb2xlL3",
    "NpZ24taW4iLCJhdWQiOiJhcGk6Ly9BenVyZUFEVG9rZW5FeGNoYW5nZSJ9.c2lnbmF0dXJl"
);

#[expect(
    clippy::disallowed_methods,
    reason = "the shared client is another crate's"
)]
pub(crate) fn http() -> reqwest::Client {
    let refuse = reqwest::redirect::Policy::none();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(refuse)
        .build()
        .unwrap()
}

/// The shape of the real waits at a hundredth of their length.
pub(crate) fn patience() -> Patience {
    Patience {
        federation: Duration::from_millis(600),
        authorization: Duration::from_millis(300),
        unavailable: Duration::from_millis(1200),
        busy: Duration::from_millis(600),
        first_wait: Duration::from_millis(10),
        first_replication_wait: Duration::from_millis(50),
        longest_wait: Duration::from_millis(300),
        poll: Duration::from_millis(10),
    }
}

pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

pub(crate) struct Given(pub(crate) &'static str);

impl ClientAssertion for Given {
    async fn assertion(&self, _: Deadline) -> Result<SecretString, PortError> {
        Ok(self.0.into())
    }
}

impl ClientSecret for Given {
    async fn client_secret(&self, _: Deadline) -> Result<SecretString, PortError> {
        Ok(self.0.into())
    }
}

pub(crate) fn federation() -> FederatedCredential<Given> {
    FederatedCredential::new(Given(ASSERTION))
}

pub(crate) fn client_secret() -> ClientSecretCredential<Given> {
    ClientSecretCredential::new(Given(SECRET))
}

pub(crate) fn source<C: Credential>(base: &str, credential: C) -> TokenSource<C> {
    let application = EntraApplication {
        authority: base.parse().unwrap(),
        tenant_id: TENANT.parse().unwrap(),
        client_id: CLIENT.to_owned(),
    };
    TokenSource::new(http(), application, credential, patience())
}

pub(crate) type TestArm = ArmClient<ClientSecretCredential<Given>>;

pub(crate) fn arm(base: &str) -> TestArm {
    ArmClient::new(
        http(),
        base.parse().unwrap(),
        source(base, client_secret()),
        patience(),
    )
}

/// A server that grants tokens; Resource Manager's part is the test's.
pub(crate) async fn azure() -> (MockServer, TestArm) {
    let server = MockServer::start().await;
    granting(3599).mount(&server).await;
    let arm = arm(&server.uri());
    (server, arm)
}

pub(crate) fn token_path() -> String {
    format!("/{TENANT}/oauth2/v2.0/token")
}

/// Tokens `access-token-of-the-test-1`, `-2`, ….
pub(crate) fn granting(seconds: u64) -> Mock {
    let count = std::sync::atomic::AtomicU64::new(0);
    Mock::given(method("POST"))
        .and(path(token_path()))
        .respond_with(move |_: &Request| {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            ResponseTemplate::new(200).set_body_json(json!({
            "token_type": "Bearer", "expires_in": seconds, "access_token": format!("{TOKEN}-{n}"),
        }))
        })
}

pub(crate) const THING: &str = "/subscriptions/s/resourceGroups/g/providers/P.Q/things/one";
pub(crate) const THINGS: &str = "/subscriptions/s/providers/P.Q/things";

pub(crate) fn call(path: &str) -> Call<'_> {
    Call {
        operation: "test the thing",
        path,
        api_version: "2024-01-01",
        deadline: soon(),
    }
}

pub(crate) fn arm_error(status: u16, code: &str) -> ResponseTemplate {
    let message = format!("The service says {code}.");
    ResponseTemplate::new(status)
        .set_body_json(json!({"error": {"code": code, "message": message}}))
}

pub(crate) fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// Requests to Resource Manager, without the sign-in.
pub(crate) async fn asked(server: &MockServer) -> Vec<Request> {
    let all = server.received_requests().await.unwrap();
    all.into_iter()
        .filter(|request| request.url.path() != token_path())
        .collect()
}

pub(crate) async fn sign_ins(server: &MockServer) -> Vec<Request> {
    let all = server.received_requests().await.unwrap();
    all.into_iter()
        .filter(|request| request.url.path() == token_path())
        .collect()
}
