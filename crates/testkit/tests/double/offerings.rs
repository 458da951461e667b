use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::azure_double::AwsView;

use crate::plans::{all_plans, newer, offering};
use crate::support::{
    ACCOUNT, Azure, VERSION, connector, connector_id, json_of, refusal, subscription,
};

const NEWER_VERSION: &str = "2026-08-01-preview";

async fn put_under(azure: &Azure, version: &str, body: &Value) -> Response {
    let path = format!("{}?api-version={version}", connector_id("aws-1"));
    let request = azure.request(Method::PUT, &path).json(body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn every_field_is_taken_by_the_version_that_has_it() {
    let azure = Azure::start().await;
    let older = all_plans(ACCOUNT);
    assert_eq!(put_under(&azure, VERSION, &older).await.status(), 201);
    let body = newer(older.clone());
    assert_eq!(put_under(&azure, NEWER_VERSION, &body).await.status(), 200);
    azure.delete("aws-1").await;

    let cases = [
        ("DefenderCspmAws", "serverlessContainers"),
        ("DefenderForContainersAws", "installationMethod"),
        ("DefenderForContainersAws", "securityGatingEnabled"),
        ("DefenderForContainersAws", "containerAntiMalwareEnabled"),
    ];
    for (kind, field) in cases {
        let mut body = older.clone();
        offering(&mut body, kind)[field] = offering(&mut newer(older.clone()), kind)[field].take();
        let refused = put_under(&azure, VERSION, &body).await;
        assert_eq!(refused.status(), 400, "{field}");
        let message = json_of(refused).await["error"]["message"].to_string();
        assert!(message.contains(&format!(".{field}'")), "{message}");
    }
    let mut wrong = newer(older);
    offering(&mut wrong, "DefenderForContainersAws")["installationMethod"] = json!("helm");
    assert_eq!(put_under(&azure, NEWER_VERSION, &wrong).await.status(), 400);
}

#[tokio::test]
async fn an_account_may_be_part_of_an_organization() {
    let azure = Azure::start().await;
    let management = json!({
        "organizationMembershipType": "Organization",
        "stacksetName": "defender",
        "excludedAccountIds": ["210987654321"],
    });
    let member = json!({ "organizationMembershipType": "Member", "parentHierarchyId": "123" });
    for data in [management, member] {
        let mut body = all_plans(ACCOUNT);
        body["properties"]["environmentData"]["organizationalData"] = data;
        assert!(
            put_under(&azure, VERSION, &body)
                .await
                .status()
                .is_success()
        );
        body["properties"]["environmentData"]["organizationalData"]["extra"] = json!(1);
        assert_eq!(put_under(&azure, VERSION, &body).await.status(), 400);
    }
}

#[tokio::test]
async fn plan_1_of_servers_has_no_agentless_scanning() {
    let azure = Azure::start().await;
    let mut body = all_plans(ACCOUNT);
    offering(&mut body, "DefenderForServersAws")["subPlan"]["type"] = json!("P1");
    let refused = azure.put("aws-1", &body).await;
    assert_eq!(refusal(refused).await, (400, "InvalidInputJson".to_owned()));
    let switch = json!({ "subPlanForm": "string" });
    azure.double.switch(None, switch).unwrap();
    offering(&mut body, "DefenderForServersAws")["subPlan"] = json!("P1");
    let refused = azure.put("aws-1", &body).await;
    assert_eq!(refusal(refused).await, (400, "InvalidInputJson".to_owned()));
    offering(&mut body, "DefenderForServersAws")["vmScanners"]["enabled"] = json!(false);
    assert_eq!(azure.put("aws-1", &body).await.status(), 201);
}

#[tokio::test]
async fn a_sub_plan_is_an_object_unless_it_is_switched_to_a_string() {
    let azure = Azure::start().await;
    let of_string = |mut body: Value| {
        offering(&mut body, "DefenderForServersAws")["subPlan"] = json!("P2");
        body
    };
    let object = all_plans(ACCOUNT);
    let string = of_string(object.clone());
    let refused = azure.put("aws-1", &string).await;
    assert_eq!(refusal(refused).await.1, "InvalidRequestContent");
    azure
        .double
        .set_raw(&connector_id("aws-1"), object.to_string());

    let switch = json!({ "subPlanForm": "string" });
    azure.double.switch(None, switch).unwrap();
    let mut seen = json_of(azure.get(&connector("aws-1")).await).await;
    assert_eq!(
        offering(&mut seen, "DefenderForServersAws")["subPlan"],
        "P2"
    );
    for body in [&object, &string] {
        let mut answered = json_of(azure.put("aws-1", body).await).await;
        assert_eq!(
            offering(&mut answered, "DefenderForServersAws")["subPlan"],
            "P2"
        );
        let raw = azure.double.raw(&connector_id("aws-1")).unwrap();
        let mut raw: Value = serde_json::from_slice(&raw).unwrap();
        assert_eq!(offering(&mut raw, "DefenderForServersAws")["subPlan"], "P2");
    }
    let mut wrong = string;
    offering(&mut wrong, "DefenderForServersAws")["subPlan"] = json!("P3");
    assert_eq!(azure.put("aws-1", &wrong).await.status(), 400);
}

#[tokio::test]
async fn a_version_must_be_offered_and_played() {
    let mut setup = subscription();
    setup.api_versions = vec![VERSION.to_owned(), "2023-10-01-preview".to_owned()];
    let azure = Azure::start_with(AwsView::NotLookedAt, setup).await;
    let refused = put_under(&azure, NEWER_VERSION, &all_plans(ACCOUNT)).await;
    assert_eq!(refused.status(), 400);
    let error = json_of(refused).await["error"].clone();
    assert_eq!(error["code"], "NoRegisteredProviderFound");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("'2024-08-01-preview, 2023-10-01-preview'"),
        "{message}"
    );

    let unplayed = put_under(&azure, "2023-10-01-preview", &all_plans(ACCOUNT)).await;
    assert_eq!(
        refusal(unplayed).await,
        (501, "VersionNotPlayed".to_owned())
    );
    let taken = put_under(&azure, VERSION, &all_plans(ACCOUNT)).await;
    assert_eq!(taken.status(), 201);
}
