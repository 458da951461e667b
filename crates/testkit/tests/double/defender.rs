use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use testkit::azure_double::{AwsAccount, AwsAccounts, AwsView};

use crate::support::{ACCOUNT, Azure, SUBSCRIPTION, TENANT, foundational, json_of, subscription};

async fn looking_into(account: AwsAccount) -> (Azure, AwsAccounts) {
    let accounts = AwsAccounts::default();
    accounts.set(ACCOUNT, account);
    let view = AwsView::Accounts(accounts.clone());
    (Azure::start_with(view, subscription()).await, accounts)
}

/// The refusal's text and the reason on record.
async fn refused(azure: &Azure, body: &Value) -> (String, String) {
    let answer = azure.put("aws-1", body).await;
    assert_eq!(answer.status(), 400);
    let text = json_of(answer).await["errorMessage"]
        .as_str()
        .unwrap()
        .to_owned();
    let note = azure
        .double
        .requests_of(SUBSCRIPTION)
        .pop()
        .unwrap()
        .note
        .unwrap();
    (text, note)
}

#[tokio::test]
async fn an_onboarded_account_is_accepted() {
    let (azure, _) = looking_into(AwsAccount::onboarded(ACCOUNT, TENANT)).await;
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        201
    );
}

#[tokio::test]
async fn a_missing_provider_or_audience_is_named() {
    let (azure, accounts) = looking_into(AwsAccount::default()).await;
    let expected = format!("Identity provider is missing from AWS account/s {ACCOUNT}");
    assert!(
        refused(&azure, &foundational(ACCOUNT))
            .await
            .0
            .ends_with(&expected)
    );
    let mut account = AwsAccount::onboarded(ACCOUNT, TENANT);
    account
        .providers
        .values_mut()
        .for_each(|audiences| audiences.retain(|one| !one.contains("4d8b")));
    accounts.set(ACCOUNT, account);
    let (text, note) = refused(&azure, &foundational(ACCOUNT)).await;
    assert!(text.ends_with(&expected));
    assert!(note.contains("lacks the audience api://4d8bed1f"), "{note}");
    azure
        .double
        .switch(None, json!({ "lookIntoAws": false }))
        .unwrap();
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        201
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_role_stays_opaque() {
    let (azure, accounts) = looking_into(AwsAccount::onboarded(ACCOUNT, TENANT)).await;
    let mut body = foundational(ACCOUNT);
    let arn = "/properties/offerings/0/nativeCloudConnection/cloudRoleArn";
    *body.pointer_mut(arn).unwrap() = json!("arn:aws:iam::999999999999:role/CspmMonitorAws");
    let (text, note) = refused(&azure, &body).await;
    assert!(note.contains("is no role of account"), "{note}");
    assert!(!text.contains("999999999999"), "{text}");
    *body.pointer_mut(arn).unwrap() = json!(format!("arn:aws:iam::{ACCOUNT}:role/Other"));
    assert!(refused(&azure, &body).await.1.contains("there is no"));

    let trust = AwsAccount::defender_trust(
        ACCOUNT,
        "another tenant",
        "api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479",
    );
    let account =
        AwsAccount::onboarded(ACCOUNT, TENANT).with_role(ACCOUNT, "CspmMonitorAws", trust);
    accounts.set(ACCOUNT, account);
    let (_, note) = refused(&azure, &foundational(ACCOUNT)).await;
    assert!(note.contains("keeps its user out"), "{note}");
}

/// Answers as IAM does, to the root of one account only.
async fn iam(headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let form = String::from_utf8(body.to_vec()).unwrap();
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(authorization.starts_with(&format!("AWS4-HMAC-SHA256 Credential={ACCOUNT}/")));
    let trust = AwsAccount::defender_trust(
        ACCOUNT,
        TENANT,
        "api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479",
    );
    let trust: String =
        url::form_urlencoded::byte_serialize(trust.to_string().as_bytes()).collect();
    let trust = trust.replace('+', "%20");
    if form.contains("Action=GetRole&") && form.contains("RoleName=CspmMonitorAws") {
        let role = format!(
            "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>\
             <Path>/</Path><Arn>arn:aws:iam::{ACCOUNT}:role/CspmMonitorAws</Arn>\
             <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"
        );
        return (StatusCode::OK, role);
    }
    if form.contains("Action=GetOpenIDConnectProvider&") && form.contains("5bdaffd5e33d%2F") {
        let provider = "<GetOpenIDConnectProviderResponse><GetOpenIDConnectProviderResult><ClientIDList>\
                        <member>api://a</member><member>api://4d8bed1f-eee7-4d8e-b0dc-8462049a4479</member>\
                        </ClientIDList></GetOpenIDConnectProviderResult></GetOpenIDConnectProviderResponse>";
        return (StatusCode::OK, provider.to_owned());
    }
    let missing = "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>";
    (StatusCode::NOT_FOUND, missing.to_owned())
}

#[tokio::test]
async fn the_local_cloud_is_asked_over_iams_own_protocol() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async { axum::serve(listener, Router::new().fallback(iam)).await });
    let azure = Azure::start_with(AwsView::Emulator(endpoint), subscription()).await;
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        201
    );
    let mut body = foundational(ACCOUNT);
    body["properties"]["offerings"][0]["nativeCloudConnection"]["cloudRoleArn"] =
        json!(format!("arn:aws:iam::{ACCOUNT}:role/Gone"));
    assert!(refused(&azure, &body).await.1.contains("there is no"));
    server.abort();
}
