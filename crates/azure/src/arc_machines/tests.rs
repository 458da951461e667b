use onboarding::inert::inert;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::rig::{Given, SUBSCRIPTION, TestArm, arm_error, asked, azure, ok, soon};
use crate::sign_in::ClientSecretCredential;

const ACCOUNT: &str = "123456789012";
const INSTANCE: &str = "i-0123456789abcdef0";

fn path_of(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mdc/providers/Microsoft.HybridCompute/machines/{name}"
    )
}

fn list_path() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.HybridCompute/machines")
}

fn machines(arm: &TestArm) -> HybridMachines<'_, ClientSecretCredential<Given>> {
    HybridMachines::new(arm, SUBSCRIPTION.parse().unwrap(), soon())
}

fn id() -> MachineId {
    MachineId::seen(&path_of(INSTANCE)).unwrap()
}

fn seen(name: &str, tags: &Value) -> Value {
    json!({ "id": path_of(name), "name": name, "tags": tags, "properties": {"status": "Connected"} })
}

async fn answer(server: &MockServer, verb: &str, at: &str, template: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path(at))
        .respond_with(template)
        .mount(server)
        .await;
}

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

#[tokio::test]
async fn machines_that_may_be_of_the_account_are_listed_with_all_their_tags() {
    let (server, arm) = azure().await;
    let elsewhere = path_of(INSTANCE).replace(SUBSCRIPTION, "another");
    let list = json!({"value": [
        seen(INSTANCE, &json!({"Team": "Web", "cloud": "AWS"})),
        seen("i-0123abcd", &Value::Null),
        {"id": path_of("i-0123abce").to_uppercase()},
        seen("web", &json!({"AccountId": ACCOUNT})),
        seen("on-premises", &json!({})),
        seen("i-0123abcf", &json!({"Odd": 7})),
        {"id": elsewhere, "tags": {}},
        {"id": path_of("i-0123abcd/extensions/MDE")},
        {"id": 7},
        "odd",
    ]});
    answer(&server, "GET", &list_path(), ok(list)).await;
    let found = machines(&arm).of_account(&account()).await.unwrap();
    let names: Vec<&str> = found.iter().map(|one| one.id.name()).collect();
    assert_eq!(names, [INSTANCE, "i-0123abcd", "I-0123ABCE", "web"]);
    let tags = [("Team", "Web"), ("cloud", "AWS")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(found[0].tags, tags.into());
    let sent = asked(&server).await;
    assert_eq!(sent[0].url.query(), Some("api-version=2024-07-10"));
}

#[tokio::test]
async fn one_that_is_not_there_is_none() {
    for code in ["ResourceNotFound", "ResourceGroupNotFound"] {
        let (server, arm) = azure().await;
        answer(&server, "GET", id().as_str(), arm_error(404, code)).await;
        assert_eq!(machines(&arm).machine(&id()).await.unwrap(), None);
    }
    let (server, arm) = azure().await;
    let wrong = arm_error(404, "SubscriptionNotFound");
    answer(&server, "GET", id().as_str(), wrong).await;
    let error = machines(&arm).machine(&id()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::NotFound);
}

#[tokio::test]
async fn tags_are_patched_as_a_whole_and_nothing_else_is_sent() {
    let (server, arm) = azure().await;
    let tags = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    let written = ok(seen(INSTANCE, &json!({"a": "1"})));
    answer(&server, "PATCH", id().as_str(), written).await;
    let machine = machines(&arm).replace_tags(&id(), &tags).await.unwrap();
    assert_eq!(machine.tags, tags);
    let sent = asked(&server).await;
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!((sent.len(), body), (1, json!({"tags": {"a": "1"}})));
    assert_eq!(sent[0].url.query(), Some("api-version=2024-07-10"));
}

#[tokio::test]
async fn an_answer_that_is_not_the_machine_is_no_machine() {
    for odd in [
        json!({"id": path_of("another"), "tags": {}}),
        json!({"id": path_of(INSTANCE), "tags": {"a": null}}),
        json!({"tags": {}}),
    ] {
        let (server, arm) = azure().await;
        answer(&server, "GET", id().as_str(), ok(odd)).await;
        let error = machines(&arm).machine(&id()).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Invalid);
        let expected = format!("read Arc machine {INSTANCE} in resource group rg-mdc");
        assert!(error.reason.contains(&expected), "{error}");
    }
}

#[tokio::test]
async fn what_to_change_is_named() {
    for (status, code, kind, part) in [
        (
            403,
            "AuthorizationFailed",
            FailureKind::Denied,
            "machines/*",
        ),
        (
            409,
            "ScopeLocked",
            FailureKind::Denied,
            "Remove the lock on the machine",
        ),
        (
            409,
            "MissingSubscriptionRegistration",
            FailureKind::Invalid,
            "--namespace Microsoft.HybridCompute",
        ),
    ] {
        let (server, arm) = azure().await;
        answer(&server, "PATCH", id().as_str(), arm_error(status, code)).await;
        let error = machines(&arm).replace_tags(&id(), &BTreeMap::new()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
        assert!(error.reason.contains(part), "{error}");
        assert!(error.reason.contains("tag Arc machine i-"), "{error}");
    }
}

#[test]
fn a_machine_s_name_is_inert_in_an_error() {
    let odd = MachineId::seen(&path_of("a\u{202e}b")).unwrap();
    assert_eq!(
        doing("read", &odd),
        format!(
            "read Arc machine {} in resource group rg-mdc",
            inert("a\u{202e}b", 64)
        )
    );
    assert!(!doing("read", &odd).contains('\u{202e}'));
}
