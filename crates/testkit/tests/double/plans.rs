//! Connectors with every plan and every field.

use serde_json::{Value, json};
use testkit::azure_double::DATA_COLLECTION_EXTERNAL_ID;

use crate::support::foundational;

/// Every field of 2024-08-01-preview, with the role names of Microsoft's own onboarding.
pub fn all_plans(account: &str) -> Value {
    let mut body = foundational(account);
    let offerings = body["properties"]["offerings"].as_array_mut().unwrap();
    offerings.extend([
        posture(account),
        servers(account),
        containers(account),
        databases(account),
    ]);
    body
}

/// Adds the fields that came with 2026-08-01-preview.
pub fn newer(mut body: Value) -> Value {
    offering(&mut body, "DefenderCspmAws")["serverlessContainers"] = json!({ "enabled": true });
    let containers = offering(&mut body, "DefenderForContainersAws");
    containers["installationMethod"] = json!("Helm");
    containers["securityGatingEnabled"] = json!(true);
    containers["containerAntiMalwareEnabled"] = json!(false);
    body
}

/// One offering of a connector.
pub fn offering<'a>(body: &'a mut Value, kind: &str) -> &'a mut Value {
    let offerings = body["properties"]["offerings"].as_array_mut().unwrap();
    offerings
        .iter_mut()
        .find(|one| one["offeringType"] == kind)
        .unwrap()
}

fn role(account: &str, name: &str) -> Value {
    json!({ "cloudRoleArn": format!("arn:aws:iam::{account}:role/{name}") })
}

fn feature(account: &str, name: &str) -> Value {
    let mut feature = role(account, name);
    feature["enabled"] = json!(true);
    feature
}

fn scanners(account: &str) -> Value {
    let mut scanners = feature(account, "DefenderForCloud-AgentlessScanner");
    scanners["configuration"] =
        json!({ "scanningMode": "Default", "exclusionTags": { "Scan": "no" } });
    scanners
}

fn arc(account: &str) -> Value {
    let mut arc = feature(account, "DefenderForCloud-ArcAutoProvisioning");
    arc["configuration"] =
        json!({ "proxy": "http://proxy:8080", "privateLinkScope": "/subscriptions/x" });
    arc
}

fn posture(account: &str) -> Value {
    let mut oidc = role(account, "DefenderForCloud-OidcCiem");
    oidc["azureActiveDirectoryAppName"] = json!("mciem-aws-oidc-connector");
    json!({
        "offeringType": "DefenderCspmAws",
        "vmScanners": scanners(account),
        "dataSensitivityDiscovery": feature(account, "SensitiveDataDiscovery"),
        "databasesDspm": feature(account, "DefenderForCloud-DataSecurityPostureDB"),
        "ciem": { "ciemDiscovery": role(account, "DefenderForCloud-Ciem"), "ciemOidc": oidc },
        "mdcContainersImageAssessment": feature(account, "MDCContainersImageAssessmentRole"),
        "mdcContainersAgentlessDiscoveryK8s":
            feature(account, "MDCContainersAgentlessDiscoveryK8sRole"),
    })
}

fn servers(account: &str) -> Value {
    json!({
        "offeringType": "DefenderForServersAws",
        "defenderForServers": role(account, "DefenderForCloud-DefenderForServers"),
        "arcAutoProvisioning": arc(account),
        "vaAutoProvisioning": { "enabled": true, "configuration": { "type": "TVM" } },
        "mdeAutoProvisioning": { "enabled": true, "configuration": {} },
        "subPlan": { "type": "P2" },
        "vmScanners": scanners(account),
    })
}

fn containers(account: &str) -> Value {
    json!({
        "offeringType": "DefenderForContainersAws",
        "kubernetesService": role(account, "MDCContainersK8sRole"),
        "kubernetesDataCollection": role(account, "MDCContainersK8sDataCollectionRole"),
        "cloudWatchToKinesis": role(account, "MDCContainersK8sCloudWatchToKinesisRole"),
        "kinesisToS3": role(account, "MDCContainersK8sKinesisToS3Role"),
        "enableAuditLogsAutoProvisioning": true,
        "enableDefenderAgentAutoProvisioning": true,
        "enablePolicyAgentAutoProvisioning": false,
        "kubeAuditRetentionTime": 30,
        "dataCollectionExternalId": DATA_COLLECTION_EXTERNAL_ID,
        "mdcContainersImageAssessment": feature(account, "MDCContainersImageAssessmentRole"),
        "mdcContainersAgentlessDiscoveryK8s":
            feature(account, "MDCContainersAgentlessDiscoveryK8sRole"),
        "vmScanners": scanners(account),
    })
}

fn databases(account: &str) -> Value {
    json!({
        "offeringType": "DefenderForDatabasesAws",
        "arcAutoProvisioning": arc(account),
        "rds": feature(account, "DefenderForCloud-DataThreatProtectionDB"),
        "databasesDspm": feature(account, "DefenderForCloud-DataSecurityPostureDB"),
    })
}
