use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::RunBucket;
use crate::rig::{ACCOUNT, Answer, Asked, Wire, in_five_minutes};

const ID: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/Portal-AWS";

fn store(wire: &Wire) -> FormerConnectorStore {
    RunBucket::new(&wire.sdk(), "defender-runs").former_connectors(in_five_minutes())
}

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn id() -> ConnectorId {
    ID.parse().unwrap()
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::Body(
        status,
        format!("<Error><Code>{code}</Code><Message>why</Message></Error>"),
    )
}

fn path(asked: &Asked) -> &str {
    asked.uri.split_once(".com").map_or("", |(_, path)| path)
}

#[tokio::test(start_paused = true)]
async fn a_former_body_is_kept_encrypted_under_its_account_and_name() {
    let wire = Wire::new(|_, _| Answer::Body(200, String::new()));
    let former = Connector {
        id: id(),
        environment: "AWS".to_owned(),
        hierarchy_identifier: ACCOUNT.to_owned(),
        location: "eastus".to_owned(),
        tags: BTreeMap::new(),
        scan_interval_hours: None,
        regions: BTreeSet::new(),
        organizational_data: None,
        offerings: Vec::new(),
        body: json!({"properties": {"unknown": [1.0, null]}}),
    };
    store(&wire).keep(&account(), &former).await.unwrap();
    let [asked] = &wire.asked()[..] else { panic!() };
    assert_eq!(asked.method, "PUT");
    assert_eq!(
        path(asked),
        "/adopted/111122223333/portal-aws.json?x-id=PutObject"
    );
    assert_eq!(asked.header("x-amz-server-side-encryption"), Some("AES256"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let record: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(record, json!({"id": ID, "body": former.body}));
}

#[tokio::test(start_paused = true)]
async fn a_former_body_is_found_whatever_case_azure_answers_in() {
    let body = json!({"id": ID, "body": {"tags": {}}}).to_string();
    let wire = Wire::new(move |_, _| Answer::Body(200, body.clone()));
    let upper = ID.to_uppercase().parse().unwrap();
    let former = store(&wire).former(&account(), &upper).await.unwrap();
    assert_eq!(former, Some(json!({"tags": {}})));
    assert_eq!(
        path(&wire.asked()[0]),
        "/adopted/111122223333/portal-aws.json?x-id=GetObject"
    );
}

#[tokio::test(start_paused = true)]
async fn the_record_of_another_connector_of_that_name_is_none() {
    let body = json!({"id": ID.replace("rg-mdc", "other"), "body": {}}).to_string();
    let wire = Wire::new(move |_, _| Answer::Body(200, body.clone()));
    assert_eq!(store(&wire).former(&account(), &id()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_record_is_an_error_that_names_the_object() {
    for body in [
        "nonsense".to_owned(),
        json!({"id": ID, "body": "x"}).to_string(),
    ] {
        let wire = Wire::new(move |_, _| Answer::Body(200, body.clone()));
        let error = store(&wire).former(&account(), &id()).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Invalid);
        assert!(
            error
                .reason
                .contains("adopted/111122223333/portal-aws.json"),
            "{}",
            error.reason
        );
    }
}

#[tokio::test(start_paused = true)]
async fn object_or_bucket_may_be_gone_except_where_something_is_to_be_kept() {
    for code in ["NoSuchKey", "NoSuchBucket"] {
        let wire = Wire::new(move |_, _| refused(404, code));
        let store = store(&wire);
        assert_eq!(store.former(&account(), &id()).await.unwrap(), None);
        store.forget(&account(), &id()).await.unwrap();
        store.empty().await.unwrap();
    }
    let wire = Wire::new(|_, _| refused(403, "AccessDenied"));
    let store = store(&wire);
    for (result, action) in [
        (
            store.former(&account(), &id()).await.map(drop),
            "s3:GetObject",
        ),
        (store.forget(&account(), &id()).await, "s3:DeleteObject"),
        (store.empty().await, "s3:ListBucket"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
        let expected = format!("must be allowed {action} on the stack's run bucket");
        assert!(error.reason.contains(&expected), "{}", error.reason);
    }
}

fn page(keys: &[&str], next: Option<&str>) -> Answer {
    let contents = keys
        .iter()
        .map(|key| format!("<Contents><Key>{key}</Key></Contents>"))
        .collect::<Vec<_>>()
        .concat();
    let next = next.map_or_else(String::new, |token| {
        format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
        )
    });
    Answer::Body(
        200,
        format!("<ListBucketResult>{contents}{next}</ListBucketResult>"),
    )
}

#[tokio::test(start_paused = true)]
async fn the_bucket_is_emptied_page_by_page() {
    let wire = Wire::new(|_, asked| match &asked.uri {
        uri if uri.contains("delete") => Answer::Body(200, "<DeleteResult/>".to_owned()),
        uri if uri.contains("continuation-token=2") => page(&["c"], None),
        _ => page(&["a", "b&amp;"], Some("2")),
    });
    store(&wire).empty().await.unwrap();
    let asked = wire.asked();
    let methods: Vec<&str> = asked.iter().map(|asked| asked.method.as_str()).collect();
    assert_eq!(methods, ["GET", "POST", "GET", "POST"]);
    for (position, keys) in [
        (1, &["<Key>a</Key>", "<Key>b&amp;</Key>"][..]),
        (3, &["<Key>c</Key>"]),
    ] {
        for key in keys {
            assert!(
                asked[position].body.contains(key),
                "{}",
                asked[position].body
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_bucket_costs_one_call_and_what_stays_is_a_failure() {
    let wire = Wire::new(|_, _| page(&[], None));
    store(&wire).empty().await.unwrap();
    assert_eq!(wire.asked().len(), 1);

    let wire = Wire::new(|_, asked| {
        match &asked.uri {
        uri if uri.contains("delete") => Answer::Body(
            200,
            "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>".to_owned(),
        ),
        _ => page(&["a"], None),
    }
    });
    let error = store(&wire).empty().await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    assert!(
        error.reason.contains("1 objects stayed"),
        "{}",
        error.reason
    );
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_for_aws_gets_no_host_name_per_bucket() {
    let wire = Wire::new(|_, _| page(&[], None));
    let sdk = wire
        .sdk()
        .into_builder()
        .endpoint_url("http://localhost:4566")
        .build();
    RunBucket::new(&sdk, "defender-runs")
        .former_connectors(in_five_minutes())
        .empty()
        .await
        .unwrap();
    assert!(
        wire.asked()[0]
            .uri
            .starts_with("http://localhost:4566/defender-runs")
    );
}
