//! Arc machines as Resource Manager shows and changes them.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::azure_double::{AwsView, Right};

use crate::support::{Azure, CLIENT, GROUP, SUBSCRIPTION, json_of, refusal, subscription};

const VERSION: &str = "2024-07-10";
const MACHINE: &str = "i-0123456789abcdef0";

/// Path and query of something of Microsoft.HybridCompute.
fn at(scope: &str, rest: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}{scope}/providers/Microsoft.HybridCompute{rest}?api-version={VERSION}"
    )
}

fn machine(name: &str) -> String {
    at(
        &format!("/resourceGroups/{GROUP}"),
        &format!("/machines/{name}"),
    )
}

fn seed(azure: &Azure, group: &str, name: &str) {
    let body = json!({
        "location": "eastus",
        "tags": { "Cloud": "AWS", "Team": "Web" },
        "identity": { "type": "SystemAssigned", "principalId": "p", "tenantId": "t" },
        "properties": { "status": "Connected", "agentUpgrade": { "lastAttemptStatus": "Success" } },
    });
    azure.double.seed_machine(SUBSCRIPTION, group, name, body);
}

async fn patch(azure: &Azure, body: &Value) -> Response {
    let request = azure.request(Method::PATCH, &machine(MACHINE)).json(body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn machines_are_listed_by_subscription_and_by_group_in_pages() {
    let azure = Azure::start().await;
    azure.double.switch(None, json!({ "pageSize": 2 })).unwrap();
    for name in ["i-1", "i-2", "i-3"] {
        seed(&azure, GROUP, name);
    }
    seed(&azure, "rg-Defender-2", "i-4");
    let below = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.HybridCompute/machines/i-1/extensions/MDE"
    );
    azure.double.set_raw(&below, "{}");
    let group = format!("/resourceGroups/{GROUP}");
    for (scope, count) in [("", 4), (group.as_str(), 3)] {
        let first = json_of(azure.get(&at(scope, "/machines")).await).await;
        assert_eq!(first["value"].as_array().unwrap().len(), 2);
        let link = first["nextLink"].as_str().unwrap();
        let link = link.strip_prefix(azure.double.base_url()).unwrap();
        let second = json_of(azure.get(link).await).await;
        assert_eq!(second["value"].as_array().unwrap().len(), count - 2);
        assert!(second["nextLink"].is_null());
    }
}

#[tokio::test]
async fn a_patch_replaces_the_whole_map_of_tags_and_nothing_else() {
    let azure = Azure::start().await;
    seed(&azure, GROUP, MACHINE);
    let before = json_of(azure.get(&machine(MACHINE)).await).await;
    let answer = patch(&azure, &json!({ "tags": { "AccountId": "111122223333" } })).await;
    assert_eq!(answer.status(), 200);
    let after = json_of(answer).await;
    assert_eq!(after["tags"], json!({ "AccountId": "111122223333" }));
    assert_eq!(after["properties"], before["properties"]);
    assert_eq!(
        after,
        json_of(azure.get(&machine(MACHINE)).await).await,
        "what is answered is what is kept"
    );
    let upgrade = json!({ "properties": { "agentUpgrade": { "enableAutomaticUpgrade": true } } });
    let after = json_of(patch(&azure, &upgrade).await).await;
    assert_eq!(after["tags"], json!({ "AccountId": "111122223333" }));
    assert_eq!(after["properties"]["status"], "Connected");
    let upgraded = json!({ "enableAutomaticUpgrade": true, "lastAttemptStatus": "Success" });
    assert_eq!(after["properties"]["agentUpgrade"], upgraded);
    assert_eq!(azure.double.counters(SUBSCRIPTION).machines_written, 2);
}

#[tokio::test]
async fn a_patch_is_read_strictly() {
    let azure = Azure::start().await;
    seed(&azure, GROUP, MACHINE);
    for body in [
        json!([]),
        json!({ "Tags": {} }),
        json!({ "location": "westus" }),
        json!({ "tags": null }),
        json!({ "tags": { "a": 1 } }),
        json!({ "tags": { "Cloud": "AWS", "cloud": "AWS" } }),
        json!({ "tags": { "Cloud": "x".repeat(257) } }),
        json!({ "kind": "Cloud" }),
        json!({ "properties": { "status": "Connected" } }),
        json!({ "properties": { "cloudMetadata": { "provider": "AWS" } } }),
    ] {
        let refused = refusal(patch(&azure, &body).await).await;
        assert_eq!(refused, (400, "InvalidRequestContent".to_owned()), "{body}");
    }
    assert_eq!(azure.double.counters(SUBSCRIPTION).machines_written, 0);
}

#[tokio::test]
async fn what_is_not_there_or_not_offered_is_refused() {
    let azure = Azure::start().await;
    let gone = patch(&azure, &json!({ "tags": {} })).await;
    assert_eq!(refusal(gone).await, (404, "ResourceNotFound".to_owned()));
    let gone = azure.get(&machine(MACHINE)).await;
    assert_eq!(refusal(gone).await, (404, "ResourceNotFound".to_owned()));
    let elsewhere = azure.get(&machine(MACHINE).replace(GROUP, "other")).await;
    let no_group = (404, "ResourceGroupNotFound".to_owned());
    assert_eq!(refusal(elsewhere).await, no_group);
    let version = machine(MACHINE).replace(VERSION, "2020-01-01");
    let no_version = (400, "NoRegisteredProviderFound".to_owned());
    assert_eq!(refusal(azure.get(&version).await).await, no_version);
    let list = at("", "/machines").replace(VERSION, "2020-01-01");
    assert_eq!(refusal(azure.get(&list).await).await, no_version);
    let put = azure
        .request(Method::PUT, &machine(MACHINE))
        .json(&json!({}));
    assert_eq!(put.send().await.unwrap().status(), 501);
}

#[tokio::test]
async fn a_machine_is_deleted_once() {
    let azure = Azure::start().await;
    seed(&azure, GROUP, MACHINE);
    for status in [200, 204] {
        let delete = azure.request(Method::DELETE, &machine(MACHINE));
        assert_eq!(delete.send().await.unwrap().status(), status);
    }
    assert_eq!(azure.get(&machine(MACHINE)).await.status(), 404);
    assert_eq!(azure.double.counters(SUBSCRIPTION).machines_deleted, 1);
}

#[tokio::test]
async fn reading_and_writing_need_rights_of_their_own() {
    let mut setup = subscription();
    let connectors = Right::of(CLIENT, &["Microsoft.Security/*"]);
    let reading = Right::of(CLIENT, &["Microsoft.HybridCompute/machines/read"]);
    setup.rights = vec![connectors.clone()];
    let azure = Azure::start_with(AwsView::NotLookedAt, setup.clone()).await;
    seed(&azure, GROUP, MACHINE);
    for path in [at("", "/machines"), machine(MACHINE)] {
        let answer = azure.get(&path).await;
        assert_eq!(answer.status(), 403);
        let message = json_of(answer).await["error"]["message"].to_string();
        assert!(
            message.contains("'Microsoft.HybridCompute/machines/read'"),
            "{message}"
        );
    }
    setup.rights = vec![connectors, reading];
    azure.double.add_subscription(setup);
    assert_eq!(azure.get(&machine(MACHINE)).await.status(), 200);
    let answer = patch(&azure, &json!({ "tags": {} })).await;
    assert_eq!(answer.status(), 403);
    let message = json_of(answer).await["error"]["message"].to_string();
    assert!(
        message.contains("'Microsoft.HybridCompute/machines/write'"),
        "{message}"
    );
    assert!(message.contains(MACHINE), "{message}");
    let delete = azure.request(Method::DELETE, &machine(MACHINE));
    let refused = refusal(delete.send().await.unwrap()).await;
    assert_eq!(refused, (403, "AuthorizationFailed".to_owned()));
}

#[tokio::test]
async fn the_provider_is_registered_by_itself() {
    let mut setup = subscription();
    setup.hybrid_compute_registration_state = "NotRegistered".to_owned();
    let azure = Azure::start_with(AwsView::NotLookedAt, setup).await;
    seed(&azure, GROUP, MACHINE);
    let provider = |name: &str| {
        format!("/subscriptions/{SUBSCRIPTION}/providers/{name}?api-version=2021-04-01")
    };
    for (name, state) in [
        ("Microsoft.HybridCompute", "NotRegistered"),
        ("Microsoft.Security", "Registered"),
    ] {
        let body = json_of(azure.get(&provider(name)).await).await;
        assert_eq!(body["namespace"], name);
        assert_eq!(body["registrationState"], state);
    }
    let answer = patch(&azure, &json!({ "tags": {} })).await;
    assert_eq!(answer.status(), 409);
    let error = json_of(answer).await["error"].clone();
    assert_eq!(error["code"], "MissingSubscriptionRegistration");
    assert_eq!(error["details"][0]["target"], "Microsoft.HybridCompute");
    assert_eq!(azure.get(&at("", "/machines")).await.status(), 200);
}
