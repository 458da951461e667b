use reqwest::Method;
use serde_json::json;
use testkit::azure_double::{AwsView, Fault, Right};

use crate::support::{
    ACCOUNT, Azure, CLIENT, GROUP, SUBSCRIPTION, VERSION, connector, connector_id, foundational,
    json_of, refusal, subscription,
};

fn provider() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security?api-version=2021-04-01")
}

#[tokio::test]
async fn the_registration_names_versions_and_locations() {
    let azure = Azure::start().await;
    let body = json_of(azure.get(&provider()).await).await;
    assert_eq!(body["registrationState"], "Registered");
    let types = body["resourceTypes"].as_array().unwrap();
    let connectors = types
        .iter()
        .find(|one| one["resourceType"] == "securityConnectors")
        .unwrap();
    let versions = connectors["apiVersions"].as_array().unwrap();
    assert_eq!(versions[..2], [json!("2026-08-01-preview"), json!(VERSION)]);
    assert!(versions.contains(&json!("2023-10-01-preview")));
    assert_eq!(connectors["locations"][1], "East US");
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let mut azure = Azure::start().await;
    let url = format!("{}{}", azure.double.base_url(), provider());
    let bare = azure.http.get(url).send().await.unwrap();
    assert!(bare.headers().contains_key("www-authenticate"));
    assert_eq!(
        refusal(bare).await,
        (401, "AuthenticationFailed".to_owned())
    );
    azure.double.expire_tokens();
    let late = azure.get(&provider()).await;
    assert_eq!(
        refusal(late).await,
        (401, "ExpiredAuthenticationToken".to_owned())
    );
    azure.token = "made up".to_owned();
    let invented = azure.get(&provider()).await;
    assert_eq!(
        refusal(invented).await,
        (401, "InvalidAuthenticationToken".to_owned())
    );
}

#[tokio::test]
async fn what_does_not_exist_or_is_not_offered_is_refused() {
    let azure = Azure::start().await;
    let id = connector_id("aws-1");
    let elsewhere = id.replace(SUBSCRIPTION, "00000000-0000-4000-8000-000000000000");
    let cases = [
        (id.clone(), 400, "MissingApiVersionParameter"),
        (
            format!("{id}?api-version=2020-01-01"),
            400,
            "NoRegisteredProviderFound",
        ),
        (
            format!("{elsewhere}?api-version={VERSION}"),
            404,
            "SubscriptionNotFound",
        ),
        (
            connector("aws-1").replace(GROUP, "other"),
            404,
            "ResourceGroupNotFound",
        ),
        (connector("aws-1"), 404, "ResourceNotFound"),
    ];
    for (path, status, code) in cases {
        assert_eq!(
            refusal(azure.get(&path).await).await,
            (status, code.to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_unregistered_provider_refuses_writes_only() {
    let mut setup = subscription();
    setup.registration_state = "NotRegistered".to_owned();
    let azure = Azure::start_with(AwsView::NotLookedAt, setup).await;
    let put = azure.put("aws-1", &foundational(ACCOUNT)).await;
    assert_eq!(
        refusal(put).await,
        (409, "MissingSubscriptionRegistration".to_owned())
    );
    assert_eq!(azure.delete("aws-1").await.status(), 204);
}

#[tokio::test]
async fn rights_are_checked_action_by_action() {
    let mut setup = subscription();
    let mut write = Right::of(CLIENT, &["Microsoft.Security/securityConnectors/*"]);
    write.not_actions = vec!["*/delete".to_owned()];
    write.resource_group = Some(GROUP.to_owned());
    setup.rights = vec![
        write,
        Right::of(CLIENT, &["Microsoft.Authorization/*/read"]),
    ];
    let azure = Azure::start_with(AwsView::NotLookedAt, setup).await;
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        201
    );
    let denied = azure.delete("aws-1").await;
    assert_eq!(denied.status(), 403);
    let body = json_of(denied).await;
    let message = body["error"]["message"].as_str().unwrap();
    for part in [
        CLIENT,
        "object id '",
        "Microsoft.Security/securityConnectors/delete",
        "over scope '/subscriptions/",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(
        refusal(azure.get(&provider()).await).await.1,
        "AuthorizationFailed"
    );
    let path = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    );
    let permissions = json_of(azure.get(&path).await).await;
    assert_eq!(permissions["value"].as_array().unwrap().len(), 2);
    assert_eq!(permissions["value"][0]["notActions"], json!(["*/delete"]));
}

#[tokio::test]
async fn answers_carry_the_services_ids() {
    let azure = Azure::start().await;
    let answer = azure
        .request(Method::GET, &provider())
        .header(
            "x-ms-client-request-id",
            "11111111-2222-4333-8444-555555555555",
        )
        .header("x-ms-return-client-request-id", "true")
        .send()
        .await
        .unwrap();
    let headers = answer.headers();
    for name in [
        "x-ms-request-id",
        "x-ms-correlation-request-id",
        "x-ms-routing-request-id",
    ] {
        assert!(headers.contains_key(name), "{name}");
    }
    assert_eq!(
        headers["x-ms-client-request-id"],
        "11111111-2222-4333-8444-555555555555"
    );
    assert_eq!(
        headers["x-ms-ratelimit-remaining-subscription-reads"],
        "249"
    );
}

#[tokio::test]
async fn an_empty_bucket_says_how_long_to_wait() {
    let mut setup = subscription();
    setup.throttle.write_burst = 1;
    setup.throttle.writes_per_second = 0.1;
    let azure = Azure::start_with(AwsView::NotLookedAt, setup).await;
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        201
    );
    let refused = azure.put("aws-1", &foundational(ACCOUNT)).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "10");
    assert_eq!(azure.get(&connector("aws-1")).await.status(), 200);
    let counters = azure.double.counters(SUBSCRIPTION);
    assert_eq!(
        (
            counters.writes,
            counters.connectors_written,
            counters.throttled
        ),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn faults_come_as_ordered() {
    let azure = Azure::start().await;
    let fault = Fault::status(503)
        .on("PUT")
        .header("Retry-After", "17")
        .body("busy")
        .after_applying();
    azure.double.fault(SUBSCRIPTION, fault);
    let answer = azure.put("aws-1", &foundational(ACCOUNT)).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "17");
    assert_eq!(answer.text().await.unwrap(), "busy");
    assert_eq!(
        azure.get(&connector("aws-1")).await.status(),
        200,
        "it had taken effect"
    );

    azure.double.fault(SUBSCRIPTION, Fault::closed().on("GET"));
    let cut = azure.request(Method::GET, &connector("aws-1")).send().await;
    assert!(cut.is_err());
    let seen: Vec<_> = azure
        .double
        .requests_of(SUBSCRIPTION)
        .iter()
        .map(|one| one.status)
        .collect();
    assert_eq!(seen, [Some(503), Some(200), None]);
}

#[tokio::test]
async fn a_hanging_request_is_on_record() {
    let azure = Azure::start().await;
    azure.double.fault(SUBSCRIPTION, Fault::hanging());
    let request = azure.request(Method::GET, &provider());
    let answer = request
        .timeout(std::time::Duration::from_millis(200))
        .send()
        .await;
    assert!(answer.unwrap_err().is_timeout());
    assert_eq!(azure.double.requests_of(SUBSCRIPTION).len(), 1);
}
