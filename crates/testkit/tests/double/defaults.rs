use reqwest::Method;
use serde_json::{Value, json};

use crate::plans::offering;
use crate::support::{
    ACCOUNT, Azure, SUBSCRIPTION, VERSION, connector, connector_id, foundational, json_of,
};

fn with_databases() -> Value {
    let mut body = foundational(ACCOUNT);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/Databases");
    let offerings = body["properties"]["offerings"].as_array_mut().unwrap();
    offerings.push(json!({
        "offeringType": "DefenderForDatabasesAws",
        "rds": { "enabled": true, "cloudRoleArn": role },
    }));
    body
}

fn raw(azure: &Azure) -> Value {
    serde_json::from_slice(&azure.double.raw(&connector_id("aws-1")).unwrap()).unwrap()
}

/// A connector as a client sends it back: without what only the service writes.
fn sent_back(mut seen: Value) -> Value {
    let fields = seen.as_object_mut().unwrap();
    fields.retain(|name, _| !["id", "name", "type", "systemData"].contains(&name.as_str()));
    let properties = seen["properties"].as_object_mut().unwrap();
    properties.remove("hierarchyIdentifierTrialEndDate");
    for offering in properties["offerings"].as_array_mut().unwrap() {
        offering.as_object_mut().unwrap().remove("description");
    }
    seen
}

#[tokio::test]
async fn readers_are_shown_what_nobody_wrote() {
    let azure = Azure::start().await;
    let answered = json_of(azure.put("aws-1", &with_databases()).await).await;
    let seen = json_of(azure.get(&connector("aws-1")).await).await;
    assert_eq!(seen, answered);
    let list = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/securityConnectors?api-version={VERSION}"
    );
    assert_eq!(
        json_of(azure.get(&list).await).await["value"],
        json!([seen])
    );

    let (mut seen, mut kept) = (seen, raw(&azure));
    let databases = offering(&mut seen, "DefenderForDatabasesAws");
    assert_eq!(databases["databasesDspm"], json!({ "enabled": false }));
    assert_eq!(
        databases["arcAutoProvisioning"],
        json!({ "enabled": false })
    );
    assert_eq!(databases["rds"]["enabled"], true);
    let kept = offering(&mut kept, "DefenderForDatabasesAws");
    assert!(kept.get("databasesDspm").is_none());
}

#[tokio::test]
async fn what_was_shown_and_comes_back_changes_nothing() {
    let azure = Azure::start().await;
    azure.put("aws-1", &with_databases()).await;
    let before = raw(&azure)["properties"].clone();
    let seen = json_of(azure.get(&connector("aws-1")).await).await;
    let sent = sent_back(seen);
    assert_eq!(azure.put("aws-1", &sent).await.status(), 200);
    assert_eq!(raw(&azure)["properties"], before);
    let patch = azure
        .request(Method::PATCH, &connector("aws-1"))
        .json(&sent);
    assert_eq!(patch.send().await.unwrap().status(), 200);
    assert_eq!(raw(&azure)["properties"], before);

    let mut changed = sent;
    offering(&mut changed, "DefenderForDatabasesAws")["databasesDspm"]["enabled"] = json!(true);
    azure.put("aws-1", &changed).await;
    let mut kept = raw(&azure);
    let kept = offering(&mut kept, "DefenderForDatabasesAws");
    assert_eq!(kept["databasesDspm"], json!({ "enabled": true }));
    assert!(kept.get("arcAutoProvisioning").is_none());
}

#[tokio::test]
async fn without_defaults_a_connector_is_shown_as_it_is_kept() {
    let azure = Azure::start().await;
    let switch = json!({ "fillsDefaults": false });
    azure.double.switch(Some(SUBSCRIPTION), switch).unwrap();
    let mut answered = json_of(azure.put("aws-1", &with_databases()).await).await;
    assert_eq!(answered, raw(&azure));
    let databases = offering(&mut answered, "DefenderForDatabasesAws");
    assert!(databases.get("databasesDspm").is_none());

    let mut said = with_databases();
    offering(&mut said, "DefenderForDatabasesAws")["databasesDspm"] = json!({ "enabled": false });
    azure.put("aws-1", &said).await;
    let mut kept = raw(&azure);
    let kept = offering(&mut kept, "DefenderForDatabasesAws");
    assert_eq!(kept["databasesDspm"], json!({ "enabled": false }));
}
