use serde_json::{Value, json};

use super::super::schema;
use super::*;

const VERSION: &str = "2024-08-01-preview";
const NEWER_VERSION: &str = "2026-08-01-preview";

fn problem_of(body: &Value, stored: Option<&Value>) -> Option<String> {
    check(schema::connector(), body, stored, VERSION, "")
        .err()
        .map(|problem| problem.path)
}

fn with_offering(offering: &Value) -> Value {
    json!({ "properties": { "offerings": [offering] } })
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

fn feature(name: &str) -> Value {
    json!({ "enabled": true, "cloudRoleArn": role(name) })
}

fn scanners() -> Value {
    json!({
        "enabled": true,
        "cloudRoleArn": role("Scanner"),
        "configuration": { "scanningMode": "Default", "exclusionTags": { "Scan": "no" } },
    })
}

fn arc() -> Value {
    json!({
        "enabled": true,
        "cloudRoleArn": role("Arc"),
        "configuration": { "proxy": "http://proxy:8080", "privateLinkScope": "/subscriptions/x" },
    })
}

fn posture() -> Value {
    json!({
        "offeringType": "DefenderCspmAws",
        "vmScanners": scanners(),
        "dataSensitivityDiscovery": feature("Data"),
        "databasesDspm": feature("Dspm"),
        "ciem": {
            "ciemDiscovery": { "cloudRoleArn": role("Ciem") },
            "ciemOidc": { "cloudRoleArn": role("Oidc"), "azureActiveDirectoryAppName": "app" },
        },
        "mdcContainersImageAssessment": feature("Images"),
        "mdcContainersAgentlessDiscoveryK8s": feature("Discovery"),
    })
}

fn servers() -> Value {
    json!({
        "offeringType": "DefenderForServersAws",
        "defenderForServers": { "cloudRoleArn": role("Servers") },
        "arcAutoProvisioning": arc(),
        "vaAutoProvisioning": { "enabled": true, "configuration": { "type": "TVM" } },
        "mdeAutoProvisioning": { "enabled": true, "configuration": { "any": [1, null] } },
        "subPlan": { "type": "P2" },
        "vmScanners": scanners(),
    })
}

fn containers() -> Value {
    json!({
        "offeringType": "DefenderForContainersAws",
        "kubernetesService": { "cloudRoleArn": role("K8s") },
        "kubernetesDataCollection": { "cloudRoleArn": role("Collection") },
        "cloudWatchToKinesis": { "cloudRoleArn": role("ToKinesis") },
        "kinesisToS3": { "cloudRoleArn": role("ToS3") },
        "enableAuditLogsAutoProvisioning": true,
        "enableDefenderAgentAutoProvisioning": true,
        "enablePolicyAgentAutoProvisioning": false,
        "kubeAuditRetentionTime": 30,
        "dataCollectionExternalId": "a",
        "mdcContainersImageAssessment": feature("Images"),
        "mdcContainersAgentlessDiscoveryK8s": feature("Discovery"),
        "vmScanners": scanners(),
    })
}

/// All AWS offerings with every field of 2024-08-01-preview.
fn all_plans() -> Value {
    json!({
        "location": "eastus",
        "tags": { "Team": "Security" },
        "properties": {
            "hierarchyIdentifier": "123456789012",
            "environmentName": "AWS",
            "environmentData": {
                "environmentType": "AwsAccount",
                "regions": ["eu-west-1"],
                "scanInterval": 4,
                "organizationalData": {
                    "organizationMembershipType": "Organization",
                    "stacksetName": "defender",
                    "excludedAccountIds": ["210987654321"],
                },
            },
            "offerings": [
                {
                    "offeringType": "CspmMonitorAws",
                    "nativeCloudConnection": { "cloudRoleArn": role("Cspm") },
                },
                posture(),
                servers(),
                containers(),
                {
                    "offeringType": "DefenderForDatabasesAws",
                    "arcAutoProvisioning": arc(),
                    "rds": feature("Rds"),
                    "databasesDspm": feature("Dspm"),
                },
            ],
        },
    })
}

#[test]
fn every_field_of_every_offering_is_known() {
    assert_eq!(problem_of(&all_plans(), None), None);
}

#[test]
fn the_roles_of_every_offering_are_found() {
    let roles = super::super::traverse::named_roles(schema::connector(), &all_plans(), "");
    assert_eq!(roles.len(), 1 + 7 + 3 + 7 + 3);
    assert_eq!(
        roles[0].path,
        ".properties.offerings[0].nativeCloudConnection.cloudRoleArn"
    );
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    let cases = [
        (json!({ "colour": "red" }), "colour"),
        (json!({ "tags": { "a": 1 } }), "tags.a"),
        (json!({ "tags": null }), "tags"),
        (
            json!({ "properties": { "environmentName": "Aws" } }),
            "properties.environmentName",
        ),
        (
            json!({ "properties": { "environmentData": { "regions": [] } } }),
            "properties.environmentData",
        ),
        (
            with_offering(&json!({ "offeringType": "CspmMonitorAWS" })),
            "properties.offerings[0]",
        ),
        (
            with_offering(&json!({ "offeringType": "DefenderForServersAws", "subPlan": "P1" })),
            "properties.offerings[0].subPlan",
        ),
        (
            with_offering(
                &json!({ "offeringType": "DefenderForServersAws", "subPlan": { "type": "P3" } }),
            ),
            "properties.offerings[0].subPlan.type",
        ),
        (
            with_offering(
                &json!({ "offeringType": "DefenderForDatabasesAws", "rds": { "enabled": "true" } }),
            ),
            "properties.offerings[0].rds.enabled",
        ),
        (
            with_offering(
                &json!({ "offeringType": "DefenderCspmAws", "serverlessContainers": { "enabled": true } }),
            ),
            "properties.offerings[0].serverlessContainers",
        ),
    ];
    for (body, path) in cases {
        assert_eq!(problem_of(&body, None).as_deref(), Some(path));
    }
}

/// The fields that 2026-08-01-preview added.
fn newer() -> Value {
    let mut body = all_plans();
    let offerings = &mut body["properties"]["offerings"];
    offerings[1]["serverlessContainers"] = json!({ "enabled": true });
    offerings[3]["installationMethod"] = json!("Helm");
    offerings[3]["securityGatingEnabled"] = json!(true);
    offerings[3]["containerAntiMalwareEnabled"] = json!(true);
    body
}

#[test]
fn newer_versions_know_more() {
    assert_eq!(
        check(schema::connector(), &newer(), None, NEWER_VERSION, ""),
        Ok(())
    );
}

/// Paths of the table that a body leaves out, but for what only the service writes.
fn left_out(shape: &'static Shape, value: &Value, version: &str, path: &str) -> Vec<String> {
    match shape.resolved() {
        Shape::ReadOnly => Vec::new(),
        Shape::Since { version: since, .. } if version < since.as_str() => Vec::new(),
        Shape::Since { shape, .. } => left_out(shape, value, version, path),
        _ if value.is_null() => vec![path.to_owned()],
        Shape::Object(fields) => fields
            .iter()
            .flat_map(|(key, shape)| left_out(shape, &value[key], version, &join(path, key)))
            .collect(),
        Shape::List(shape) => match shape.resolved() {
            Shape::Tagged { by, variants } => variants
                .iter()
                .flat_map(|(tag, variant)| {
                    let items = value.as_array().into_iter().flatten();
                    let item = items.clone().find(|item| item[by] == **tag);
                    left_out(variant, item.unwrap_or(&Value::Null), version, tag)
                })
                .collect(),
            _ => Vec::new(),
        },
        tagged @ Shape::Tagged { .. } => tagged
            .variant(value)
            .map(|shape| left_out(shape, value, version, path))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Else a field could be in the table that no test ever sent.
#[test]
fn the_tests_send_every_field_of_the_table() {
    for (body, version) in [(all_plans(), VERSION), (newer(), NEWER_VERSION)] {
        let left_out = left_out(schema::connector(), &body, version, "");
        assert_eq!(left_out, ["etag", "kind"], "{version}");
    }
}

#[test]
fn seeded_fields_may_come_back_unchanged_only() {
    let stored = with_offering(
        &json!({ "offeringType": "CspmMonitorAws", "securityFindingsEnabled": true, "subPlan": "P1" }),
    );
    assert_eq!(problem_of(&stored, Some(&stored)), None);
    let mut changed = stored.clone();
    changed["properties"]["offerings"][0]["securityFindingsEnabled"] = json!(false);
    assert_eq!(
        problem_of(&changed, Some(&stored)).as_deref(),
        Some("properties.offerings[0].securityFindingsEnabled")
    );
}

#[test]
fn read_only_fields_are_refused_even_unchanged() {
    for field in ["id", "name", "type", "systemData"] {
        let body = json!({ field: "x" });
        assert_eq!(problem_of(&body, Some(&body)).as_deref(), Some(field));
    }
    let body = with_offering(&json!({ "offeringType": "CspmMonitorAws", "description": "x" }));
    assert_eq!(
        problem_of(&body, Some(&body)).as_deref(),
        Some("properties.offerings[0].description")
    );
}
