use std::collections::BTreeSet;

use super::*;

fn role(key: RoleKey) -> RoleArn {
    RoleArn::seen(format!("arn:{key:?}"))
}

fn everything() -> Plans {
    let scanning = || Some(AgentlessScanning::default());
    let arc = || Some(ArcAutoProvisioning::default());
    Plans {
        cspm: Cspm::Defender(DefenderCspm {
            agentless_scanning: scanning(),
            sensitive_data_discovery: true,
            databases_dspm: true,
            containers_image_assessment: true,
            containers_agentless_discovery: true,
            ciem: Some(Ciem {
                subject: "c0ffee00-1bf0-4dda-aec3-111122223333".parse().unwrap(),
                application_name: CiemApplicationName::default(),
            }),
            serverless_containers: None,
        }),
        servers: Some(Servers {
            sub_plan: ServersSubPlan::P2 {
                agentless_scanning: scanning(),
            },
            arc_auto_provisioning: arc(),
            vulnerability_assessment: Some(VulnerabilityAssessment::Tvm),
            endpoint_protection: true,
        }),
        containers: Some(Containers {
            audit_logs: Some(AuditLogs {
                retention_days: 30,
                external_id: None,
            }),
            defender_agent: true,
            policy_agent: true,
            image_assessment: true,
            agentless_discovery: true,
            agentless_scanning: scanning(),
            ..Containers::default()
        }),
        databases: Some(Databases {
            arc_auto_provisioning: arc(),
            rds: true,
            dspm: true,
        }),
    }
}

#[test]
fn foundational_cspm_is_one_offering_with_one_role() {
    let offerings = Plans::default().offerings(role);
    let roles: Vec<&str> = offerings
        .iter()
        .flat_map(Offering::roles)
        .map(RoleArn::as_str)
        .collect();
    assert_eq!(roles, ["arn:CspmMonitor"]);
    assert_eq!(Plans::default().roles(), [RoleKey::CspmMonitor].into());
}

#[test]
fn all_plans_together_need_every_role_and_write_every_managed_offering() {
    let needed: Vec<RoleKey> = everything().roles().into_iter().collect();
    let all: Vec<RoleKey> = crate::roles::ROLES.iter().map(|row| row.key).collect();
    assert_eq!(needed, all);
    let offerings = everything().offerings(role);
    let types: Vec<&str> = offerings.iter().map(Offering::offering_type).collect();
    assert_eq!(types, crate::offering::MANAGED);
}

#[test]
fn the_roles_that_are_needed_are_those_that_the_offerings_name() {
    let named: BTreeSet<String> = everything()
        .offerings(role)
        .iter()
        .flat_map(Offering::roles)
        .map(ToString::to_string)
        .collect();
    assert_eq!(named.len(), everything().roles().len());
}

#[test]
fn a_role_that_two_plans_share_stays_while_one_of_them_needs_it() {
    let mut plans = everything();
    plans.cspm = Cspm::Foundational;
    assert!(plans.roles().contains(&RoleKey::AgentlessScanner));
    assert!(plans.roles().contains(&RoleKey::DataSecurityPostureDb));
    plans.servers = None;
    plans.containers = None;
    assert!(!plans.roles().contains(&RoleKey::AgentlessScanner));
    assert!(plans.roles().contains(&RoleKey::ArcAutoProvisioning));
    plans.databases = None;
    assert_eq!(plans.roles(), [RoleKey::CspmMonitor].into());
}

#[test]
fn the_pipeline_of_audit_logs_has_roles_only_where_they_are_collected() {
    let mut plans = everything();
    let pipeline = [
        RoleKey::ContainersDataCollection,
        RoleKey::ContainersCloudWatchToKinesis,
        RoleKey::ContainersKinesisToS3,
    ];
    assert!(pipeline.iter().all(|key| plans.roles().contains(key)));
    plans.containers = Some(Containers::default());
    assert!(!pipeline.iter().any(|key| plans.roles().contains(key)));
}

#[test]
fn newer_properties_are_named_by_their_paths() {
    let mut plans = everything();
    assert!(plans.newer_properties().is_empty());
    if let (Some(containers), Cspm::Defender(cspm)) = (&mut plans.containers, &mut plans.cspm) {
        cspm.serverless_containers = Some(false);
        containers.installation_method = Some(InstallationMethod::Helm);
        containers.security_gating = Some(true);
        containers.anti_malware = Some(false);
    }
    assert_eq!(
        plans.newer_properties(),
        [
            "Plans.Cspm.ServerlessContainers",
            "Plans.Containers.InstallationMethod",
            "Plans.Containers.SecurityGating",
            "Plans.Containers.AntiMalware"
        ]
    );
}

#[test]
fn the_external_id_of_the_public_samples_is_refused() {
    for bad in [
        "a47ae0a2-7bf7-482a-897a-7a139d30736c",
        "A47AE0A2-7BF7-482A-897A-7A139D30736C",
        "b6d36db8-eda7-4617-9d4f-41149b899dc7",
        "{b47ae0a2-7bf7-482a-897a-7a139d30736c}",
        "",
    ] {
        assert!(bad.parse::<ExternalId>().is_err(), "{bad}");
    }
    assert!(
        "b47ae0a2-7bf7-482a-897a-7a139d30736c"
            .parse::<ExternalId>()
            .is_ok()
    );
}

#[test]
fn a_proxy_is_a_url_without_credentials() {
    for good in [
        "http://proxy.example.com:3128",
        "https://[::1]:8080/",
        "http://10.0.0.1",
    ] {
        assert!(good.parse::<ArcProxy>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "proxy",
        "ftp://x",
        "http://",
        "http://u:p@proxy",
        "http://a b",
        "http://ä",
    ] {
        assert!(bad.parse::<ArcProxy>().is_err(), "{bad}");
    }
}

#[test]
fn a_private_link_scope_is_an_arm_id_without_case() {
    let id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.HybridCompute/privateLinkScopes/pls1";
    let scope: PrivateLinkScope = id.parse().unwrap();
    assert_eq!(scope, id.to_lowercase().parse().unwrap());
    for bad in [
        "",
        "pls1",
        &id.replace("privateLinkScopes", "machines"),
        &id.replace("pls1", ""),
        &id.replace("pls1", "a/b"),
        &id.replace("00000000-0000", "0"),
    ] {
        assert!(bad.parse::<PrivateLinkScope>().is_err(), "{bad}");
    }
}
