use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Azure, GROUP, SUBSCRIPTION, connector, connector_id, foundational, json_of, refusal,
};

#[tokio::test]
async fn a_connector_lives_from_put_to_delete() {
    let azure = Azure::start().await;
    let created = azure.put("Aws-1", &foundational(ACCOUNT)).await;
    assert_eq!(created.status(), 201);
    let body = json_of(created).await;
    let id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}/providers/Microsoft.Security/securityconnectors/Aws-1"
    );
    assert_eq!(body["id"], id);
    assert_eq!(body["properties"]["environmentData"]["regions"], json!([]));
    assert!(body["properties"]["offerings"][0]["description"].is_string());
    assert!(body["properties"]["hierarchyIdentifierTrialEndDate"].is_string());
    assert!(body["systemData"]["createdAt"].is_string());

    assert_eq!(json_of(azure.get(&connector("AWS-1")).await).await, body);
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        200
    );
    assert_eq!(azure.delete("aws-1").await.status(), 204);
    assert_eq!(azure.get(&connector("aws-1")).await.status(), 404);
    assert_eq!(azure.delete("aws-1").await.status(), 204);
    assert_eq!(azure.double.counters(SUBSCRIPTION).connectors_deleted, 1);
}

#[tokio::test]
async fn deletes_answer_200_where_switched_so() {
    let azure = Azure::start().await;
    azure
        .double
        .switch(Some(SUBSCRIPTION), json!({ "deleteAnswers": 200 }))
        .unwrap();
    azure.put("aws-1", &foundational(ACCOUNT)).await;
    assert_eq!(azure.delete("aws-1").await.status(), 200);
    assert_eq!(azure.delete("aws-1").await.status(), 204);
    assert!(
        azure
            .double
            .switch(None, json!({ "deleteAnswers": 404 }))
            .is_err()
    );
    assert!(azure.double.switch(None, json!({ "unknown": 1 })).is_err());
}

#[tokio::test]
async fn a_wrong_body_changes_nothing() {
    type Change = fn(&mut Value);
    let azure = Azure::start().await;
    let cases: [Change; 11] = [
        |body| body["color"] = json!("red"),
        |body| body["properties"]["hierarchyIdentifier"] = json!(111_122_223_333_u64),
        |body| body["properties"]["hierarchyIdentifier"] = json!("11112222333"),
        |body| body["properties"]["environmentName"] = json!("aws"),
        |body| body["properties"]["environmentData"]["scanInterval"] = json!("4"),
        |body| body["properties"]["environmentData"]["scanInterval"] = json!(25),
        |body| body["properties"]["offerings"][0]["offeringType"] = json!("Cspm"),
        |body| body["properties"]["offerings"][0]["extra"] = json!(true),
        |body| {
            let twice = body["properties"]["offerings"][0].clone();
            body["properties"]["offerings"] = json!([twice, twice]);
        },
        |body| body["location"] = Value::Null,
        |body| body["id"] = json!("/subscriptions/x"),
    ];
    for (index, change) in cases.into_iter().enumerate() {
        let mut body = foundational(ACCOUNT);
        change(&mut body);
        assert_eq!(
            azure.put("aws-1", &body).await.status(),
            400,
            "case {index}"
        );
    }
    let refused = azure
        .request(Method::PUT, &connector("aws-1"))
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(
        refusal(refused).await,
        (400, "InvalidRequestContent".to_owned())
    );
    assert_eq!(azure.double.counters(SUBSCRIPTION).connectors_written, 0);
    assert_eq!(azure.double.raw(&connector_id("aws-1")), None);
}

#[tokio::test]
async fn a_location_must_be_offered_and_stays() {
    let azure = Azure::start().await;
    let mut body = foundational(ACCOUNT);
    body["location"] = json!("global");
    let refused = azure.put("aws-1", &body).await;
    assert_eq!(refused.status(), 400);
    let error = json_of(refused).await["error"].clone();
    assert_eq!(error["code"], "LocationNotAvailableForResourceType");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("centralus,eastus,northeurope")
    );
    body["location"] = json!("East US");
    assert_eq!(azure.put("aws-1", &body).await.status(), 201);
    body["location"] = json!("westeurope");
    let moved = azure.put("aws-1", &body).await;
    assert_eq!(
        refusal(moved).await,
        (409, "InvalidResourceLocation".to_owned())
    );
    body["location"] = json!("EastUS");
    assert_eq!(azure.put("aws-1", &body).await.status(), 200);
}

#[tokio::test]
async fn patch_replaces_tags_and_offerings_whole() {
    let azure = Azure::start().await;
    let created = json_of(azure.put("aws-1", &foundational(ACCOUNT)).await).await;
    let patch = json!({
        "tags": { "Owner": "us" },
        "properties": { "offerings": [{ "offeringType": "DefenderForServersAws", "subPlan": { "type": "P1" } }] },
    });
    let request = azure
        .request(Method::PATCH, &connector("aws-1"))
        .json(&patch);
    let patched = json_of(request.send().await.unwrap()).await;
    assert_eq!(patched["tags"], json!({ "Owner": "us" }));
    assert_eq!(
        patched["properties"]["offerings"].as_array().unwrap().len(),
        1
    );
    assert_eq!(
        patched["properties"]["offerings"][0]["offeringType"],
        "DefenderForServersAws"
    );
    assert_eq!(
        patched["properties"]["environmentData"],
        created["properties"]["environmentData"]
    );
    assert_eq!(
        patched["systemData"]["createdAt"],
        created["systemData"]["createdAt"]
    );
    let absent = azure
        .request(Method::PATCH, &connector("aws-2"))
        .json(&patch)
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(absent).await, (404, "ResourceNotFound".to_owned()));
}

#[tokio::test]
async fn one_account_has_one_connector_unless_switched() {
    let azure = Azure::start().await;
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        201
    );
    let second = azure.put("aws-2", &foundational(ACCOUNT)).await;
    assert_eq!(second.status(), 400);
    let body = json_of(second).await;
    assert!(body.get("error").is_none());
    assert!(
        body["errorMessage"]
            .as_str()
            .unwrap()
            .starts_with("error occured for security connector")
    );
    assert!(body["errorCorrelation"].is_string());
    azure
        .double
        .switch(None, json!({ "duplicateConnectors": "accept" }))
        .unwrap();
    assert_eq!(
        azure.put("aws-2", &foundational(ACCOUNT)).await.status(),
        201
    );
}

#[tokio::test]
async fn raw_documents_are_kept_byte_for_byte_and_unknown_fields_survive() {
    let azure = Azure::start().await;
    let mut seeded = foundational(ACCOUNT);
    seeded["properties"]["offerings"][0]["securityFindingsEnabled"] = json!(true);
    seeded["properties"]["futureField"] = json!({ "a": [1, 2] });
    let text = serde_json::to_string_pretty(&seeded).unwrap();
    assert!(azure.double.set_raw(&connector_id("portal"), text.clone()));
    azure
        .double
        .switch(None, json!({ "fillsDefaults": false }))
        .unwrap();
    assert_eq!(
        azure.get(&connector("portal")).await.text().await.unwrap(),
        text
    );

    let mut changed = seeded.clone();
    changed["tags"] = json!({ "ManagedBy": "us" });
    assert_eq!(azure.put("portal", &changed).await.status(), 200);
    let mut bent = changed.clone();
    bent["properties"]["futureField"]["a"] = json!([1]);
    assert_eq!(azure.put("portal", &bent).await.status(), 400);

    assert_eq!(azure.put("portal", &seeded).await.status(), 200);
    let mut restored: Value =
        serde_json::from_slice(&azure.double.raw(&connector_id("portal")).unwrap()).unwrap();
    for written_by_the_service in ["id", "name", "type"] {
        restored
            .as_object_mut()
            .unwrap()
            .remove(written_by_the_service);
    }
    restored["properties"]["environmentData"]
        .as_object_mut()
        .unwrap()
        .remove("regions");
    assert_eq!(restored, seeded);
}

#[tokio::test]
async fn the_admin_api_reads_and_writes_raw_documents() {
    let azure = Azure::start().await;
    let url = format!(
        "{}/_double/raw{}",
        azure.double.base_url(),
        connector_id("a")
    );
    let document = "{ \"spaces\" :  1 }";
    assert_eq!(
        azure
            .http
            .put(&url)
            .body(document)
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(
        azure
            .http
            .get(&url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        document
    );
    assert_eq!(azure.http.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(azure.http.get(&url).send().await.unwrap().status(), 404);
    assert_eq!(azure.double.requests_of(SUBSCRIPTION).len(), 0);
}
