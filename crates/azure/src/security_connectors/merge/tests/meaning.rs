//! What is the same to the service, and what is not.

use super::*;

/// The connector of [`plans::newest`], with one thing in it spelled differently.
fn respelled(pointer: &str, value: &Value) -> Connector {
    let mut written = body(&wanting(&plans::newest()), None).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let place = written.pointer_mut(parent).unwrap();
    place
        .as_object_mut()
        .unwrap()
        .insert(key.to_owned(), value.clone());
    answered(written)
}

const CSPM: &str = "/properties/offerings/1";
const SERVERS: &str = "/properties/offerings/2";
const CONTAINERS: &str = "/properties/offerings/3";
const DATABASES: &str = "/properties/offerings/4";

fn check(offering: &str, cases: &[(&str, Value)], same: bool) {
    let wanted = wanting(&plans::newest());
    for (rest, value) in cases {
        let seen = respelled(&format!("{offering}{rest}"), value);
        let differs = !differences(&wanted, &seen).is_empty();
        assert_eq!(!differs, same, "{rest}: {value}");
    }
}

const SCOPE: &str = "/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/resourcegroups/RG-ARC/providers/microsoft.hybridcompute/privatelinkscopes/PLS1";

#[test]
fn spelling_does_not_count() {
    check(
        SERVERS,
        &[
            ("/subPlan", json!("P2")),
            ("/subPlan", json!("p2")),
            ("/subPlan", json!({"type": "p2", "new": 1})),
            ("/offeringType", json!("defenderforserversaws")),
            ("/description", json!("of the service")),
            (
                "/arcAutoProvisioning/configuration/privateLinkScope",
                json!(SCOPE),
            ),
            ("/vaAutoProvisioning/configuration/type", json!("tvm")),
            (
                "/mdeAutoProvisioning/configuration",
                json!({"anything": true}),
            ),
            ("/mdeAutoProvisioning/configuration", json!(null)),
            ("/vmScanners/configuration", json!(null)),
            ("/vmScanners/configuration/exclusionTags", json!({})),
        ],
        true,
    );
    check(
        CONTAINERS,
        &[
            (
                "/dataCollectionExternalId",
                json!("C0FFEE00-7BF7-482A-897A-111122223333"),
            ),
            ("/installationMethod", json!("arc")),
            (
                "/mdcContainersImageAssessment/securityFindingsEnabled",
                json!(true),
            ),
        ],
        true,
    );
    check(
        DATABASES,
        &[
            ("/arcAutoProvisioning/configuration", json!(null)),
            ("/arcAutoProvisioning/configuration", json!({"proxy": ""})),
        ],
        true,
    );
}

#[test]
fn content_counts() {
    check(
        CSPM,
        &[
            ("/vmScanners/configuration/exclusionTags", json!(null)),
            ("/vmScanners/enabled", json!(false)),
            ("/ciem", json!(null)),
            (
                "/ciem/ciemOidc/azureActiveDirectoryAppName",
                json!("another"),
            ),
            ("/dataSensitivityDiscovery/cloudRoleArn", json!(null)),
            ("/serverlessContainers", json!(null)),
        ],
        false,
    );
    check(
        SERVERS,
        &[
            ("/subPlan", json!("P1")),
            ("/subPlan", json!({"type": "P3"})),
            ("/subPlan", json!(null)),
            (
                "/arcAutoProvisioning/configuration/proxy",
                json!("http://another"),
            ),
            ("/vaAutoProvisioning/configuration/type", json!("Nessus")),
            ("/mdeAutoProvisioning/enabled", json!(null)),
            ("/offeringType", json!("DefenderForServersGcp")),
        ],
        false,
    );
    check(
        CONTAINERS,
        &[
            ("/kubernetesService", json!({})),
            ("/kinesisToS3/cloudRoleArn", json!("arn:another")),
            ("/enableAuditLogsAutoProvisioning", json!(null)),
            ("/kubeAuditRetentionTime", json!(31)),
            ("/dataCollectionExternalId", json!("")),
            ("/installationMethod", json!("Helm")),
            ("/securityGatingEnabled", json!(null)),
            ("/containerAntiMalwareEnabled", json!(false)),
        ],
        false,
    );
}

#[test]
fn order_does_not_count() {
    let wanted = wanting(&plans::newest());
    let mut written = body(&wanted, None).unwrap();
    let offerings = written.pointer_mut("/properties/offerings").unwrap();
    offerings.as_array_mut().unwrap().reverse();
    let seen = answered(written.clone());
    assert_eq!(differences(&wanted, &seen), vec![]);
    assert_eq!(body(&wanted, Some(&seen)).unwrap(), written);
}

#[test]
fn the_sub_plan_is_written_as_the_dialect_has_it() {
    let wanted = wanting(&plans::fullest());
    for (form, expected) in [
        (SubPlanForm::Object, json!({"type": "P2"})),
        (SubPlanForm::String, json!("P2")),
    ] {
        let written = super::super::body(&wanted, None, form).unwrap();
        assert_eq!(written["properties"]["offerings"][2]["subPlan"], expected);
        assert_eq!(differences(&wanted, &answered(written)), vec![]);
    }
}
