use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::Kind;
use crate::rig::{THINGS, arm_error, asked, azure, call, ok};

/// Mounts a page: the first has no token.
async fn page(server: &MockServer, token: Option<&str>, template: ResponseTemplate) {
    let mock = Mock::given(method("GET")).and(path(THINGS));
    let mock = match token {
        Some(token) => mock.and(query_param("$skipToken", token)),
        None => mock.and(query_param_is_missing("$skipToken")),
    };
    mock.respond_with(template).mount(server).await;
}

fn link(server: &MockServer, token: &str) -> String {
    format!(
        "{}{THINGS}?api-version=2024-01-01&$skipToken={token}",
        server.uri()
    )
}

fn ids(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn pages_are_joined_and_each_resource_comes_once() {
    let (server, arm) = azure().await;
    let second = link(&server, "two");
    let third = link(&server, "three");
    page(
        &server,
        None,
        ok(json!({"value": [{"id": "/A"}], "nextLink": second})),
    )
    .await;
    // An empty page is not the end.
    page(
        &server,
        Some("two"),
        ok(json!({"value": [], "nextLink": third})),
    )
    .await;
    page(
        &server,
        Some("three"),
        ok(json!({"value": [{"id": "/a"}, {"id": "/B"}], "nextLink": ""})),
    )
    .await;
    let items = arm.list(&call(THINGS)).await.unwrap();
    assert_eq!(ids(&items), ["/A", "/B"]);
}

#[tokio::test]
async fn an_empty_list_may_have_a_null_link() {
    let (server, arm) = azure().await;
    page(&server, None, ok(json!({"value": [], "nextLink": null}))).await;
    assert_eq!(arm.list(&call(THINGS)).await.unwrap(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_circle_of_links_ends() {
    let (server, arm) = azure().await;
    let second = link(&server, "two");
    page(
        &server,
        None,
        ok(json!({"value": [{"id": "/A"}], "nextLink": second})),
    )
    .await;
    page(
        &server,
        Some("two"),
        ok(json!({"value": [], "nextLink": second})),
    )
    .await;
    let error = arm.list(&call(THINGS)).await.unwrap_err();
    assert!(error.message().contains("already read"), "{error}");
    assert_eq!(asked(&server).await.len(), 4, "twice two pages");
}

#[tokio::test]
async fn a_stale_link_begins_the_list_anew_once() {
    for status in [400, 410] {
        let (server, arm) = azure().await;
        let second = link(&server, "two");
        page(
            &server,
            None,
            ok(json!({"value": [{"id": "/A"}], "nextLink": second})),
        )
        .await;
        let stale = arm_error(status, "ExpiredSkipToken");
        Mock::given(query_param("$skipToken", "two"))
            .respond_with(stale)
            .up_to_n_times(1)
            .mount(&server)
            .await;
        page(&server, Some("two"), ok(json!({"value": [{"id": "/B"}]}))).await;
        assert_eq!(ids(&arm.list(&call(THINGS)).await.unwrap()), ["/A", "/B"]);
        assert_eq!(asked(&server).await.len(), 4);
    }
}

#[tokio::test]
async fn a_refusal_of_the_first_page_is_not_repeated() {
    let (server, arm) = azure().await;
    page(&server, None, arm_error(400, "NoRegisteredProviderFound")).await;
    let error = arm.list(&call(THINGS)).await.unwrap_err();
    assert_eq!(error.code(), Some("NoRegisteredProviderFound"));
    assert_eq!(asked(&server).await.len(), 1);
}

#[tokio::test]
async fn the_token_never_follows_a_link_to_another_host() {
    let (server, arm) = azure().await;
    let other = MockServer::start().await;
    for link in [
        format!("{}/x", other.uri()),
        "//evil.test/x".to_owned(),
        "ftp://x/".to_owned(),
    ] {
        server.reset().await;
        crate::rig::granting(3599).mount(&server).await;
        page(&server, None, ok(json!({"value": [], "nextLink": link}))).await;
        let error = arm.list(&call(THINGS)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{link}");
    }
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_list_is_an_error() {
    for body in [
        json!({}),
        json!([]),
        json!({"value": {}}),
        json!(null),
        json!("x"),
    ] {
        let (server, arm) = azure().await;
        page(&server, None, ok(body)).await;
        assert_eq!(
            arm.list(&call(THINGS)).await.unwrap_err().kind(),
            Kind::Transient
        );
    }
}
