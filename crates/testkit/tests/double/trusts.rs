//! Who else than Defender must get into a role, and nobody beside them.

use serde_json::{Value, json};
use testkit::azure_double::{AwsAccount, AwsRole, CIEM_SUBJECT, DATA_COLLECTION_EXTERNAL_ID};

use crate::plans::{all_plans, offering};
use crate::ready::Ready;
use crate::support::{ACCOUNT, TENANT};

fn statement(policy: &mut Value, index: usize) -> &mut Value {
    &mut policy["Statement"][index]
}

#[tokio::test]
async fn ciem_is_a_chain_from_one_subject_to_the_discovery_role() {
    let ready = Ready::start().await;
    let key = format!("sts.windows.net/{TENANT}/:sub");
    let subjects = [
        (json!(CIEM_SUBJECT), true),
        (json!("*"), false),
        (json!([CIEM_SUBJECT, "*"]), false),
        (json!("mciem-aws-oidc-connector"), false),
    ];
    for (subject, accepted) in subjects {
        let change = |role: &mut AwsRole| {
            let condition = &mut statement(&mut role.trust, 0)["Condition"];
            condition["StringEquals"][&key] = subject.clone();
        };
        let reason = ready
            .reason_for_role("DefenderForCloud-OidcCiem", change)
            .await;
        assert_eq!(reason.is_none(), accepted, "{subject}");
    }
    let anyone = |role: &mut AwsRole| {
        let condition = &mut statement(&mut role.trust, 0)["Condition"]["StringEquals"];
        condition.as_object_mut().unwrap().remove(&key);
    };
    let reason = ready
        .reason_for_role("DefenderForCloud-OidcCiem", anyone)
        .await;
    assert!(reason.unwrap().contains("keeps its user out"));

    let elsewhere = |role: &mut AwsRole| {
        for statement in role.policies[0]["Statement"].as_array_mut().unwrap() {
            statement["Resource"] = json!("arn:aws:iam::*:role/Other");
        }
    };
    let reason = ready
        .reason_for_role("DefenderForCloud-OidcCiem", elsewhere)
        .await;
    assert!(reason.unwrap().contains("may not do sts:AssumeRole"));

    let mut body = all_plans(ACCOUNT);
    let ciem = offering(&mut body, "DefenderCspmAws")["ciem"]
        .as_object_mut()
        .unwrap();
    ciem.remove("ciemOidc");
    let reason = ready.reason(&body, |_| ()).await;
    assert!(reason.unwrap().contains("ciem.ciemOidc"));
}

#[tokio::test]
async fn the_provider_of_ciem_is_the_customers_own() {
    let ready = Ready::start().await;
    let without = |account: &mut AwsAccount| {
        account.providers.retain(|arn, _| !arn.contains(TENANT));
    };
    let reason = ready.reason(&all_plans(ACCOUNT), without).await.unwrap();
    let arn = format!("oidc-provider/sts.windows.net/{TENANT}/");
    assert!(reason.contains(&arn), "{reason}");
}

#[tokio::test]
async fn data_collection_needs_the_connectors_external_id_in_its_trust() {
    let ready = Ready::start().await;
    let name = "MDCContainersK8sDataCollectionRole";
    let without_user = |role: &mut AwsRole| {
        role.trust["Statement"].as_array_mut().unwrap().pop();
    };
    let reason = ready.reason_for_role(name, without_user).await.unwrap();
    assert!(reason.contains("azuredefender-eks"), "{reason}");
    let open = |role: &mut AwsRole| {
        statement(&mut role.trust, 1)
            .as_object_mut()
            .unwrap()
            .remove("Condition");
    };
    assert!(ready.reason_for_role(name, open).await.is_some());

    let mut body = all_plans(ACCOUNT);
    let containers = offering(&mut body, "DefenderForContainersAws");
    containers["dataCollectionExternalId"] = json!(DATA_COLLECTION_EXTERNAL_ID.to_uppercase());
    assert!(ready.reason(&body, |_| ()).await.is_some());
    let containers = offering(&mut body, "DefenderForContainersAws");
    containers
        .as_object_mut()
        .unwrap()
        .remove("dataCollectionExternalId");
    let change = |account: &mut AwsAccount| without_user(account.role_mut(name));
    assert_eq!(ready.reason(&body, change).await, None);
}

#[tokio::test]
async fn services_are_let_in_for_this_account_alone() {
    let ready = Ready::start().await;
    let firehose = "MDCContainersK8sKinesisToS3Role";
    let logs = "MDCContainersK8sCloudWatchToKinesisRole";
    let set = |condition: Value| {
        move |role: &mut AwsRole| statement(&mut role.trust, 0)["Condition"] = condition
    };
    let external_id = |id: &str| json!({ "StringEquals": { "sts:ExternalId": id } });
    let arns = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:logs:*:*:*" } });
    let cases = [
        (firehose, external_id("999999999999"), false),
        (firehose, json!({}), false),
        (firehose, external_id(ACCOUNT), true),
        (logs, json!({}), true),
        (logs, arns, true),
        (logs, external_id(ACCOUNT), false),
        (
            logs,
            json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }),
            false,
        ),
    ];
    for (name, condition, accepted) in cases {
        let reason = ready.reason_for_role(name, set(condition.clone())).await;
        assert_eq!(reason.is_none(), accepted, "{name} {condition}");
    }
}
