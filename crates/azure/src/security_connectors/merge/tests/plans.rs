//! Plans for tests: all there is, next to nothing, and any at all.

use onboarding::plans::{
    AgentlessScanning, ArcAutoProvisioning, AuditLogs, Ciem, CiemApplicationName, Containers, Cspm,
    Databases, DefenderCspm, InstallationMethod, Servers, ServersSubPlan, VulnerabilityAssessment,
};
use proptest::option;
use proptest::prelude::*;

use super::*;

const ID_OF_OURS: &str = "c0ffee00-7bf7-482a-897a-111122223333";
const PROXY: &str = "http://proxy.example.internal:8080";
const SCOPE: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-arc/providers/Microsoft.HybridCompute/privateLinkScopes/pls1";

/// Every plan with every feature, as the example bodies have them.
pub(super) fn fullest() -> Plans {
    let tags = BTreeMap::from([("MdcScan".to_owned(), "exclude".to_owned())]);
    Plans {
        cspm: Cspm::Defender(DefenderCspm {
            agentless_scanning: Some(AgentlessScanning {
                exclusion_tags: tags,
            }),
            sensitive_data_discovery: true,
            databases_dspm: true,
            containers_image_assessment: true,
            containers_agentless_discovery: true,
            ciem: Some(Ciem {
                subject: ID_OF_OURS.parse().unwrap(),
                application_name: CiemApplicationName::default(),
            }),
            serverless_containers: None,
        }),
        servers: Some(Servers {
            sub_plan: ServersSubPlan::P2 {
                agentless_scanning: Some(AgentlessScanning::default()),
            },
            arc_auto_provisioning: Some(ArcAutoProvisioning {
                proxy: Some(PROXY.parse().unwrap()),
                private_link_scope: Some(SCOPE.parse().unwrap()),
            }),
            vulnerability_assessment: Some(VulnerabilityAssessment::Tvm),
            endpoint_protection: true,
        }),
        containers: Some(Containers {
            audit_logs: Some(AuditLogs {
                retention_days: 30,
                external_id: Some(ID_OF_OURS.parse().unwrap()),
            }),
            defender_agent: true,
            policy_agent: true,
            image_assessment: true,
            agentless_discovery: true,
            agentless_scanning: Some(AgentlessScanning::default()),
            ..Containers::default()
        }),
        databases: Some(Databases {
            arc_auto_provisioning: Some(ArcAutoProvisioning::default()),
            rds: true,
            dspm: true,
        }),
    }
}

/// The same, with the fields that only the newer API version has.
pub(super) fn newest() -> Plans {
    let mut plans = fullest();
    if let (Cspm::Defender(cspm), Some(containers)) = (&mut plans.cspm, &mut plans.containers) {
        cspm.serverless_containers = Some(true);
        containers.installation_method = Some(InstallationMethod::Arc);
        containers.security_gating = Some(true);
        containers.anti_malware = Some(true);
    }
    plans
}

/// Every plan, without any feature that can be off.
pub(super) fn barest() -> Plans {
    Plans {
        cspm: Cspm::Defender(DefenderCspm::default()),
        servers: Some(Servers {
            sub_plan: ServersSubPlan::P1,
            arc_auto_provisioning: None,
            vulnerability_assessment: None,
            endpoint_protection: false,
        }),
        containers: Some(Containers::default()),
        databases: Some(Databases::default()),
    }
}

pub(super) fn any_plans() -> impl Strategy<Value = Plans> {
    let cspm = prop_oneof![
        Just(Cspm::Foundational),
        defender_cspm().prop_map(Cspm::Defender)
    ];
    let rest = (
        option::of(servers()),
        option::of(containers()),
        option::of(databases()),
    );
    (cspm, rest).prop_map(|(cspm, (servers, containers, databases))| Plans {
        cspm,
        servers,
        containers,
        databases,
    })
}

fn scanning() -> impl Strategy<Value = Option<AgentlessScanning>> {
    let tags = prop::collection::btree_map("[A-Za-z:]{1,8}", "[ -~]{0,12}", 0..3);
    option::of(tags.prop_map(|exclusion_tags| AgentlessScanning { exclusion_tags }))
}

fn arc() -> impl Strategy<Value = Option<ArcAutoProvisioning>> {
    let proxy = option::of("http://[a-z]{1,9}:[1-9][0-9]{3}");
    let scope = option::of("[A-Za-z0-9]{1,9}");
    option::of(
        (proxy, scope).prop_map(|(proxy, scope)| ArcAutoProvisioning {
            proxy: proxy.map(|text| text.parse().unwrap()),
            private_link_scope: scope.map(|name| SCOPE.replace("pls1", &name).parse().unwrap()),
        }),
    )
}

fn defender_cspm() -> impl Strategy<Value = DefenderCspm> {
    let ciem = option::of("[a-z][a-z-]{0,20}").prop_map(|name| {
        name.map(|name| Ciem {
            subject: ID_OF_OURS.parse().unwrap(),
            application_name: name.parse().unwrap(),
        })
    });
    let switches = any::<(bool, bool, bool, bool, Option<bool>)>();
    (scanning(), ciem, switches).prop_map(|(agentless_scanning, ciem, on)| DefenderCspm {
        agentless_scanning,
        sensitive_data_discovery: on.0,
        databases_dspm: on.1,
        containers_image_assessment: on.2,
        containers_agentless_discovery: on.3,
        ciem,
        serverless_containers: on.4,
    })
}

fn servers() -> impl Strategy<Value = Servers> {
    let sub_plan = prop_oneof![
        Just(ServersSubPlan::P1),
        scanning().prop_map(|agentless_scanning| ServersSubPlan::P2 { agentless_scanning })
    ];
    let solutions = vec![
        VulnerabilityAssessment::Tvm,
        VulnerabilityAssessment::Qualys,
    ];
    let assessment = option::of(prop::sample::select(solutions));
    (sub_plan, arc(), assessment, any::<bool>()).prop_map(|(sub_plan, arc, assessment, mde)| {
        Servers {
            sub_plan,
            arc_auto_provisioning: arc,
            vulnerability_assessment: assessment,
            endpoint_protection: mde,
        }
    })
}

fn containers() -> impl Strategy<Value = Containers> {
    let logs = option::of((1..400_i64, any::<u128>())).prop_map(|logs| {
        logs.map(|(retention_days, id)| AuditLogs {
            retention_days,
            external_id: Some(uuid::Uuid::from_u128(id).to_string().parse().unwrap()),
        })
    });
    let methods = vec![InstallationMethod::Arc, InstallationMethod::Helm];
    let method = option::of(prop::sample::select(methods));
    let switches = any::<(bool, bool, bool, bool)>();
    let newer = any::<(Option<bool>, Option<bool>)>();
    (logs, scanning(), method, switches, newer).prop_map(
        |(audit_logs, agentless_scanning, installation_method, on, newer)| Containers {
            audit_logs,
            defender_agent: on.0,
            policy_agent: on.1,
            image_assessment: on.2,
            agentless_discovery: on.3,
            agentless_scanning,
            installation_method,
            security_gating: newer.0,
            anti_malware: newer.1,
        },
    )
}

fn databases() -> impl Strategy<Value = Databases> {
    (arc(), any::<(bool, bool)>()).prop_map(|(arc_auto_provisioning, (rds, dspm))| Databases {
        arc_auto_provisioning,
        rds,
        dspm,
    })
}
