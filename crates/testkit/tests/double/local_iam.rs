//! The local cloud's IAM, as far as the double asks it, over IAM's own protocol.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use testkit::azure_double::{AwsAccount, AwsView};
use url::form_urlencoded;

use crate::support::{ACCOUNT, Azure, SUBSCRIPTION, TENANT, foundational, subscription};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// Result elements by what is asked for: action and names.
type Answers = Arc<Mutex<BTreeMap<String, String>>>;

/// Answers as IAM does, to the root of one account only.
async fn iam(
    State(answers): State<Answers>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(authorization.starts_with(&format!("AWS4-HMAC-SHA256 Credential={ACCOUNT}/")));
    let mut asked: Vec<String> = form_urlencoded::parse(&body)
        .filter(|(name, _)| name != "Version")
        .map(|(_, value)| value.into_owned())
        .collect();
    let key = asked.join(" ");
    let action = asked.swap_remove(0);
    match answers.lock().unwrap().get(&key) {
        Some(result) => (
            StatusCode::OK,
            format!(
                "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
                 <{action}Result>{result}</{action}Result></{action}Response>"
            ),
        ),
        None => (
            StatusCode::NOT_FOUND,
            "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>".to_owned(),
        ),
    }
}

fn encoded(document: &Value) -> String {
    let text = document.to_string();
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}

/// The account as foundational CSPM leaves it, its role under AWS's policy and a Deny of ours.
fn onboarded() -> Answers {
    let audience = "api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479";
    let trust = encoded(&AwsAccount::defender_trust(ACCOUNT, TENANT, audience));
    let billing = json!({ "Effect": "Deny", "Action": "billing:*", "Resource": "*" });
    let provider = format!(
        "arn:aws:iam::{ACCOUNT}:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
    );
    let answers = [
        (
            format!("GetOpenIDConnectProvider {provider}"),
            format!(
                "<ClientIDList><member>api://a</member><member>{audience}</member></ClientIDList>"
            ),
        ),
        (
            "GetRole CspmMonitorAws".to_owned(),
            format!(
                "<Role><Path>/</Path><Arn>arn:aws:iam::{ACCOUNT}:role/CspmMonitorAws</Arn>\
                 <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role>"
            ),
        ),
        (
            "ListRolePolicies CspmMonitorAws".to_owned(),
            "<PolicyNames><member>NoBilling</member></PolicyNames>".to_owned(),
        ),
        (
            "GetRolePolicy CspmMonitorAws NoBilling".to_owned(),
            inline(&billing),
        ),
        (
            "ListAttachedRolePolicies CspmMonitorAws".to_owned(),
            format!(
                "<AttachedPolicies><member><PolicyName>ReadOnlyAccess</PolicyName>\
                 <PolicyArn>{READ_ONLY}</PolicyArn></member></AttachedPolicies>"
            ),
        ),
    ];
    Arc::new(Mutex::new(answers.into()))
}

fn inline(statement: &Value) -> String {
    let document = encoded(&json!({ "Statement": [statement] }));
    format!("<PolicyName>NoBilling</PolicyName><PolicyDocument>{document}</PolicyDocument>")
}

async fn looking_into(answers: &Answers) -> Azure {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(iam).with_state(Arc::clone(answers));
    tokio::spawn(async { axum::serve(listener, router).await });
    Azure::start_with(AwsView::Emulator(endpoint), subscription()).await
}

/// What is on record about a PUT that was refused.
async fn reason(azure: &Azure, body: &Value) -> String {
    assert_eq!(azure.put("aws-1", body).await.status(), 400);
    let last = azure.double.requests_of(SUBSCRIPTION).pop().unwrap();
    last.note.unwrap()
}

#[tokio::test]
async fn provider_role_and_inline_policies_are_read() {
    let answers = onboarded();
    let azure = looking_into(&answers).await;
    let body = foundational(ACCOUNT);
    assert_eq!(azure.put("aws-1", &body).await.status(), 201);

    let everything = json!({ "Effect": "Deny", "Action": "ec2:*", "Resource": "*" });
    let key = "GetRolePolicy CspmMonitorAws NoBilling".to_owned();
    answers.lock().unwrap().insert(key, inline(&everything));
    assert!(reason(&azure, &body).await.contains("may not do ec2:"));

    let mut elsewhere = body;
    elsewhere["properties"]["offerings"][0]["nativeCloudConnection"]["cloudRoleArn"] =
        json!(format!("arn:aws:iam::{ACCOUNT}:role/Gone"));
    assert!(reason(&azure, &elsewhere).await.contains("there is no"));
}

/// Where IAM has a document for an attached policy, it counts, and not the double's excerpt.
#[tokio::test]
async fn attached_policies_are_read_in_their_default_version() {
    let answers = onboarded();
    let azure = looking_into(&answers).await;
    let nothing = encoded(&json!({ "Statement": [] }));
    answers.lock().unwrap().extend([
        (
            format!("GetPolicy {READ_ONLY}"),
            "<Policy><DefaultVersionId>v7</DefaultVersionId></Policy>".to_owned(),
        ),
        (
            format!("GetPolicyVersion {READ_ONLY} v7"),
            format!("<PolicyVersion><Document>{nothing}</Document></PolicyVersion>"),
        ),
    ]);
    assert!(
        reason(&azure, &foundational(ACCOUNT))
            .await
            .contains("may not do")
    );
}
