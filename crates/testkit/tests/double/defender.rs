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
