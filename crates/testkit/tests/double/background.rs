use serde_json::json;

use crate::support::{ACCOUNT, Azure, SUBSCRIPTION, connector, foundational, json_of};

fn path_in(azure: &Azure, answer: &reqwest::Response, header: &str) -> String {
    let address = answer.headers()[header].to_str().unwrap();
    address
        .strip_prefix(azure.double.base_url())
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_write_in_the_background_shows_when_it_has_succeeded() {
    let azure = Azure::start().await;
    azure
        .double
        .switch(
            Some(SUBSCRIPTION),
            json!({ "asynchronousWrites": { "polls": 2 } }),
        )
        .unwrap();
    let accepted = azure.put("aws-1", &foundational(ACCOUNT)).await;
    assert_eq!(accepted.status(), 202);
    assert_eq!(accepted.headers()["retry-after"], "1");
    let status = path_in(&azure, &accepted, "azure-asyncoperation");
    for _ in 0..2 {
        assert_eq!(
            json_of(azure.get(&status).await).await["status"],
            "InProgress"
        );
        assert_eq!(azure.get(&connector("aws-1")).await.status(), 404);
    }
    assert_eq!(
        json_of(azure.get(&status).await).await["status"],
        "Succeeded"
    );
    assert_eq!(azure.get(&connector("aws-1")).await.status(), 200);
}

#[tokio::test]
async fn a_delete_may_be_announced_by_location() {
    let azure = Azure::start().await;
    azure.put("aws-1", &foundational(ACCOUNT)).await;
    let plan = json!({ "asynchronousWrites": { "announcedBy": "location" } });
    azure.double.switch(Some(SUBSCRIPTION), plan).unwrap();
    let accepted = azure.delete("aws-1").await;
    assert_eq!(accepted.status(), 202);
    let place = path_in(&azure, &accepted, "location");
    assert_eq!(azure.get(&place).await.status(), 202);
    assert_eq!(azure.get(&place).await.status(), 204);
    assert_eq!(azure.get(&connector("aws-1")).await.status(), 404);
}

#[tokio::test]
async fn a_failed_operation_has_no_effect() {
    let azure = Azure::start().await;
    let plan = json!({ "asynchronousWrites": { "polls": 0, "outcome": "Failed" } });
    azure.double.switch(Some(SUBSCRIPTION), plan).unwrap();
    let accepted = azure.put("aws-1", &foundational(ACCOUNT)).await;
    let status = path_in(&azure, &accepted, "azure-asyncoperation");
    let ended = json_of(azure.get(&status).await).await;
    assert_eq!(ended["status"], "Failed");
    assert_eq!(ended["error"]["code"], "OperationFailed");
    assert_eq!(azure.get(&connector("aws-1")).await.status(), 404);
}
