//! What Microsoft leaves open of it: every answer can be had.

use reqwest::Method;

use super::*;

fn patched() -> Value {
    json!({ "tags": { "Owner": "us" } })
}

async fn patch(it: &Members, name: &str) -> u16 {
    let request = it.azure.request(Method::PATCH, &connector(name));
    let answer = request.json(&patched()).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn a_member_cannot_be_written_past_its_organization() {
    let it = Members::with_connector(&[ONE]).await;
    it.look().await;
    let before = it.seen(ONE).await.unwrap();
    let refused = it.azure.put(ONE, &foundational(ONE)).await;
    assert_eq!(refused.status(), 400);
    let said = json_of(refused).await["errorMessage"].clone();
    assert!(
        said.as_str()
            .unwrap()
            .contains("belongs to an organization")
    );
    assert_eq!(patch(&it, ONE).await, 400);
    assert_eq!(it.azure.delete(ONE).await.status(), 400);
    assert_eq!(it.seen(ONE).await.unwrap(), before);
}

#[tokio::test]
async fn a_member_can_be_written_where_switched_so() {
    let it = Members::with_connector(&[ONE]).await;
    it.look().await;
    it.switch(&json!({ "directWrites": "accept" }));
    assert_eq!(patch(&it, ONE).await, 200);
    assert_eq!(
        it.look().await,
        DiscoveryStep::default(),
        "nothing new to carry over"
    );
    assert_eq!(
        it.seen(ONE).await.unwrap()["tags"],
        json!({ "Owner": "us" })
    );

    let mut body = organization(&[]);
    body["properties"]["environmentData"]["scanInterval"] = json!(12);
    it.write(&body).await;
    assert_eq!(it.seen(ONE).await.unwrap()["tags"], Value::Null);

    assert_eq!(it.azure.delete(ONE).await.status(), 204);
    assert!(it.seen(ONE).await.is_none());
    assert_eq!(it.look().await.made, ids(&[ONE]), "Defender makes it again");
}

#[tokio::test]
async fn an_account_with_a_connector_of_its_own_is_left_as_it_is() {
    let it = Members::start(&[ONE]).await;
    it.azure.put("own", &foundational(ONE)).await;
    it.write(&organization(&[])).await;
    let step = it.look().await;
    assert_eq!(step.made, ids(&[]));
    assert!(step.left_out[ONE].starts_with("it has a connector already: /subscriptions/"));
    it.azure.delete("own").await;
    assert_eq!(it.look().await.made, ids(&[ONE]));
}

#[tokio::test]
async fn an_account_with_a_connector_of_its_own_gets_a_second_one_where_switched_so() {
    let it = Members::start(&[ONE]).await;
    it.switch(&json!({ "meetsStandalone": "duplicate" }));
    it.azure.put("own", &foundational(ONE)).await;
    it.write(&organization(&[])).await;
    assert_eq!(it.look().await.made, ids(&[ONE]));
    let own = it.seen("own").await.unwrap();
    assert_eq!(
        own["properties"]["environmentData"]["organizationalData"],
        Value::Null
    );
    assert_eq!(it.azure.put("own", &foundational(ONE)).await.status(), 400);
    it.azure.delete("aws-org").await;
    assert!(it.seen(ONE).await.is_none() && it.seen("own").await.is_some());
}

#[tokio::test]
async fn a_connector_beside_a_members_is_refused_or_taken() {
    let it = Members::with_connector(&[ONE]).await;
    it.look().await;
    let second = it.azure.put("own", &foundational(ONE)).await;
    assert_eq!(second.status(), 400);
    let accept = json!({ "duplicateConnectors": "accept" });
    it.azure.double.switch(None, accept).unwrap();
    assert_eq!(it.azure.put("own", &foundational(ONE)).await.status(), 201);
    assert!(it.seen(ONE).await.is_some());
}

#[tokio::test]
async fn parent_name_and_tags_are_as_switched() {
    let it = Members::start(&[ONE]).await;
    let how = json!({
        "parentHierarchyId": "unit", "memberNames": "aws-${AccountId}", "copiesTags": true,
    });
    it.switch(&how);
    let mut seen = AwsOrganization::of(MANAGEMENT, [ONE]);
    seen.accounts.get_mut(ONE).unwrap().parent = "ou-root-1".to_owned();
    it.accounts.set_organization(seen.clone());
    it.write(&organization(&[])).await;
    let name = format!("aws-{ONE}");
    assert_eq!(it.look().await.made, ids(&[&name]));
    let parent = async || {
        let seen = it.seen(&name).await.unwrap();
        assert_eq!(seen["tags"], json!({ "Team": "Security" }));
        let data = &seen["properties"]["environmentData"]["organizationalData"];
        data["parentHierarchyId"].clone()
    };
    assert_eq!(parent().await, "ou-root-1");
    seen.accounts.get_mut(ONE).unwrap().parent = "ou-root-2".to_owned();
    it.accounts.set_organization(seen);
    assert_eq!(it.look().await.changed, ids(&[&name]));
    assert_eq!(parent().await, "ou-root-2");
}

#[tokio::test]
async fn a_name_that_is_taken_is_said() {
    let it = Members::with_connector(&[ONE]).await;
    it.azure
        .double
        .seed_connector(SUBSCRIPTION, GROUP, ONE, json!({ "properties": {} }));
    let step = it.look().await;
    let expected = format!("its name is taken: {ONE}");
    assert_eq!(step.left_out, left_out(&[(ONE, &expected)]));
}

#[tokio::test]
async fn impossible_switches_are_refused() {
    let azure = Azure::start().await;
    for wrong in [
        json!({ "lookSeconds": 0 }),
        json!({ "lookSeconds": -1 }),
        json!({ "carryOverSeconds": -1 }),
        json!({ "directWrites": "maybe" }),
        json!({ "unknown": 1 }),
    ] {
        let change = json!({ "discovery": wrong });
        assert!(
            azure.double.switch(None, change.clone()).is_err(),
            "{change}"
        );
    }
}
