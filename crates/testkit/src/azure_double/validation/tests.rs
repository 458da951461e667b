use serde_json::{Value, json};

use super::super::schema;
use super::*;

const VERSION: &str = "2024-08-01-preview";

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
    let roles = super::super::traverse::roles(schema::connector(), &all_plans(), "");
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

#[test]
fn newer_versions_know_more() {
    let body = with_offering(
        &json!({ "offeringType": "DefenderCspmAws", "serverlessContainers": { "enabled": true } }),
    );
    assert_eq!(
        check(schema::connector(), &body, None, "2026-08-01-preview", ""),
        Ok(())
    );
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
