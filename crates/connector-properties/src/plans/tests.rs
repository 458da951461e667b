use custom_resource::parse_properties;
use onboarding::plans::{Cspm, ServersSubPlan, VulnerabilityAssessment};
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    plans: PlanProperties,
}

fn read(plans: &Value) -> Result<Plans, String> {
    let properties = json!({ "Plans": plans });
    let parsed: Properties = parse_properties(&properties).map_err(|error| error.to_string())?;
    parsed.plans.plans().map_err(|failure| failure.to_string())
}

const SCOPE: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg/providers/Microsoft.HybridCompute/privateLinkScopes/pls";

#[test]
fn a_plan_that_is_absent_or_off_is_off() {
    assert_eq!(read(&json!({})), Ok(Plans::default()));
    let off = json!({"Servers": "Off", "Containers": "Off", "Databases": "Off"});
    assert_eq!(read(&off), Ok(Plans::default()));
    let foundational = json!({"Cspm": {"Tier": "Foundational", "AgentlessScanning": "false"}});
    assert_eq!(read(&foundational), Ok(Plans::default()));
}

#[test]
fn what_is_absent_in_a_plan_is_off() {
    let least = json!({
        "Cspm": {"Tier": "Defender"}, "Servers": {"SubPlan": "P1"}, "Containers": {}, "Databases": {},
    });
    let plans = read(&least).unwrap();
    let roles: Vec<String> = plans.roles().iter().map(|key| format!("{key:?}")).collect();
    assert_eq!(
        roles,
        ["CspmMonitor", "DefenderForServers", "ContainersK8s"]
    );
}

#[test]
fn everything_can_be_said_in_strings() {
    let plans = read(&json!({
        "Cspm": {"Tier": "Defender", "AgentlessScanning": "true", "ExclusionTags": "MdcScan=exclude",
            "SensitiveDataDiscovery": "true", "DatabasesDspm": "true", "ContainersImageAssessment": "true",
            "ContainersAgentlessDiscovery": "true", "ServerlessContainers": "true",
            "Ciem": {"Subject": "C0FFEE00-1bf0-4dda-aec3-111122223333"}},
        "Servers": {"SubPlan": "P2", "ArcAutoProvisioning": "true", "ArcProxy": "http://proxy:3128",
            "ArcPrivateLinkScope": SCOPE, "VulnerabilityAssessment": "Qualys",
            "EndpointProtection": "true", "AgentlessScanning": "true", "ExclusionTags": {"a": "b"}},
        "Containers": {"AuditLogs": "true", "RetentionDays": "90", "DefenderAgent": "true",
            "DataCollectionExternalId": "e0000000-1bf0-4dda-aec3-111122223333",
            "PolicyAgent": "true", "ImageAssessment": "true", "AgentlessDiscovery": "true",
            "AgentlessScanning": "true", "InstallationMethod": "Helm", "SecurityGating": "true",
            "AntiMalware": "false"},
        "Databases": {"ArcAutoProvisioning": "true", "Rds": "true", "Dspm": "true"},
    }))
    .unwrap();
    assert_eq!(plans.roles().len(), onboarding::roles::ROLES.len());
    assert_eq!(plans.newer_properties().len(), 4);
    let Cspm::Defender(cspm) = &plans.cspm else {
        panic!("{plans:?}")
    };
    assert_eq!(
        cspm.agentless_scanning.as_ref().unwrap().exclusion_tags["MdcScan"],
        "exclude"
    );
    assert_eq!(
        plans.ciem().unwrap().application_name.as_str(),
        "mciem-aws-oidc-connector"
    );
    let servers = plans.servers.as_ref().unwrap();
    assert!(matches!(servers.sub_plan, ServersSubPlan::P2 { .. }));
    assert_eq!(
        servers.vulnerability_assessment,
        Some(VulnerabilityAssessment::Qualys)
    );
    let arc = servers.arc_auto_provisioning.as_ref().unwrap();
    assert_eq!(arc.private_link_scope.as_ref().unwrap().as_str(), SCOPE);
    let logs = plans.containers.as_ref().unwrap().audit_logs.as_ref();
    assert_eq!(logs.unwrap().retention_days, 90);
}

/// Plans that cannot be had, and the path of what is wrong.
fn impossible() -> Vec<(Value, &'static str)> {
    [cspm(), servers(), containers(), others()].concat()
}

fn cspm() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"Cspm": {"Tier": "Foundational", "AgentlessScanning": "true"}}),
            "Cspm.AgentlessScanning",
        ),
        (
            json!({"Cspm": {"Tier": "Foundational", "ServerlessContainers": "false"}}),
            "Cspm.ServerlessContainers",
        ),
        (
            json!({"Cspm": {"Tier": "Foundational", "Ciem": {"Subject": "c0ffee00-1bf0-4dda-aec3-111122223333"}}}),
            "Cspm.Ciem",
        ),
        (
            json!({"Cspm": {"Tier": "Defender", "ExclusionTags": "a=b"}}),
            "Cspm.ExclusionTags",
        ),
        (
            json!({"Cspm": {"Tier": "Defender", "Ciem": {}}}),
            "Cspm.Ciem",
        ),
        (
            json!({"Cspm": {"Tier": "Defender", "Ciem": {"Subject": "me"}}}),
            "Cspm.Ciem.Subject",
        ),
        (
            json!({"Cspm": {"Tier": "Defender", "Ciem": {"Subject": "c0ffee00-1bf0-4dda-aec3-111122223333", "ApplicationName": ""}}}),
            "Cspm.Ciem.ApplicationName",
        ),
    ]
}

fn servers() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"Servers": {}}), "Servers"),
        (json!({"Servers": "On"}), "Servers"),
        (json!({"Servers": {"SubPlan": "Off"}}), "Servers.SubPlan"),
        (
            json!({"Servers": {"SubPlan": "P1", "AgentlessScanning": "true"}}),
            "Servers.AgentlessScanning",
        ),
        (
            json!({"Servers": {"SubPlan": "P1", "ExclusionTags": "a=b"}}),
            "Servers.ExclusionTags",
        ),
        (
            json!({"Servers": {"SubPlan": "P2", "ArcProxy": "http://p"}}),
            "Servers.ArcProxy",
        ),
        (
            json!({"Servers": {"SubPlan": "P2", "ArcAutoProvisioning": "true", "ArcProxy": "http://u:s3cr3t@p"}}),
            "Servers.ArcProxy",
        ),
        (
            json!({"Servers": {"SubPlan": "P2", "ArcPrivateLinkScope": SCOPE}}),
            "Servers.ArcPrivateLinkScope",
        ),
        (
            json!({"Servers": {"SubPlan": "P2", "VulnerabilityAssessment": "Other"}}),
            "Servers.VulnerabilityAssessment",
        ),
    ]
}

fn containers() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"Containers": {"RetentionDays": "30"}}),
            "Containers.RetentionDays",
        ),
        (
            json!({"Containers": {"AuditLogs": "true", "RetentionDays": "0"}}),
            "Containers.RetentionDays",
        ),
        (
            json!({"Containers": {"DataCollectionExternalId": "e0000000-1bf0-4dda-aec3-111122223333"}}),
            "Containers.DataCollectionExternalId",
        ),
        (
            json!({"Containers": {"AuditLogs": "true", "DataCollectionExternalId": "a47ae0a2-7bf7-482a-897a-7a139d30736c"}}),
            "Containers.DataCollectionExternalId",
        ),
        (
            json!({"Containers": {"InstallationMethod": "Kustomize"}}),
            "Containers.InstallationMethod",
        ),
        (
            json!({"Containers": {"SecurityGating": "on"}}),
            "Containers.SecurityGating",
        ),
        (
            json!({"Containers": {"ExclusionTags": "a=b"}}),
            "Containers.ExclusionTags",
        ),
    ]
}

fn others() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"Databases": {"ArcPrivateLinkScope": SCOPE}}),
            "Databases.ArcPrivateLinkScope",
        ),
        (json!({"Databases": {"Rds": "yes"}}), "Databases.Rds"),
        (json!({"Storage": {}}), "Storage"),
    ]
}

#[test]
fn what_cannot_be_had_is_refused_by_its_path() {
    for (plans, path) in impossible() {
        let reason = read(&plans).unwrap_err();
        assert!(
            reason.starts_with(&format!("ResourceProperties.Plans.{path}: ")),
            "{plans}: {reason}"
        );
        assert!(!reason.contains("s3cr3t"), "{reason}");
    }
}
