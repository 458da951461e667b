//! The plans that the connector is told of, read as the functions' own type.

use onboarding::plans::{
    AgentlessScanning, ArcAutoProvisioning, AuditLogs, Ciem, Containers, Cspm, Databases,
    DefenderCspm, Plans, Servers, ServersSubPlan,
};
use serde_json::Value;

use crate::combinations::{Combinations, Table};
use crate::connector_plans::{GIVEN, is_on, told, written};
use crate::document::parsed;
use crate::evaluation::{deciding, text};

/// The plans of every combination of parameters, put together from tables of the single ones.
#[derive(Debug)]
pub struct PlanTables {
    cspm: Table<Cspm>,
    servers: Table<Option<Servers>>,
    containers: Table<Option<Containers>>,
    databases: Table<Option<Databases>>,
}

impl PlanTables {
    /// Evaluates each plan of `template.yaml` under the parameters that decide it.
    pub fn of(template: &Value, combinations: &Combinations<'_>) -> Self {
        fn table<T>(
            template: &Value,
            combinations: &Combinations<'_>,
            plan: &str,
            read: impl Fn(&Value) -> T,
        ) -> Table<T> {
            let deciding = deciding(template, written(template, plan));
            combinations.table(&deciding, |chosen| {
                let chosen: Vec<_> = GIVEN.iter().chain(chosen).copied().collect();
                read(&told(template, plan, &chosen))
            })
        }
        Self {
            cspm: table(template, combinations, "Cspm", cspm),
            servers: table(template, combinations, "Servers", servers),
            containers: table(template, combinations, "Containers", containers),
            databases: table(template, combinations, "Databases", databases),
        }
    }

    /// The plans of one combination.
    pub fn at(&self, combination: &[usize]) -> Plans {
        Plans {
            cspm: self.cspm.at(combination).clone(),
            servers: self.servers.at(combination).clone(),
            containers: self.containers.at(combination).clone(),
            databases: self.databases.at(combination).clone(),
        }
    }
}

fn scanning(plan: &Value) -> Option<AgentlessScanning> {
    is_on(plan, "AgentlessScanning").then(AgentlessScanning::default)
}

fn arc(plan: &Value) -> Option<ArcAutoProvisioning> {
    is_on(plan, "ArcAutoProvisioning").then(ArcAutoProvisioning::default)
}

fn cspm(plan: &Value) -> Cspm {
    if plan["Tier"] == "Foundational" {
        return Cspm::Foundational;
    }
    assert_eq!(plan["Tier"], "Defender");
    let subject = plan["Ciem"]["Subject"].as_str();
    Cspm::Defender(DefenderCspm {
        agentless_scanning: scanning(plan),
        sensitive_data_discovery: is_on(plan, "SensitiveDataDiscovery"),
        databases_dspm: is_on(plan, "DatabasesDspm"),
        containers_image_assessment: is_on(plan, "ContainersImageAssessment"),
        containers_agentless_discovery: is_on(plan, "ContainersAgentlessDiscovery"),
        ciem: subject.map(|subject| Ciem {
            subject: parsed(subject),
            application_name: parsed(text(&plan["Ciem"]["ApplicationName"])),
        }),
        serverless_containers: None,
    })
}

fn servers(plan: &Value) -> Option<Servers> {
    let sub_plan = match plan["SubPlan"].as_str()? {
        "P1" => ServersSubPlan::P1,
        "P2" => ServersSubPlan::P2 {
            agentless_scanning: scanning(plan),
        },
        other => panic!("SubPlan={other}"),
    };
    Some(Servers {
        sub_plan,
        arc_auto_provisioning: arc(plan),
        vulnerability_assessment: None,
        endpoint_protection: is_on(plan, "EndpointProtection"),
    })
}

fn containers(plan: &Value) -> Option<Containers> {
    plan.is_object().then(|| Containers {
        audit_logs: is_on(plan, "AuditLogs").then(|| AuditLogs {
            retention_days: parsed(text(&plan["RetentionDays"])),
            external_id: None,
        }),
        image_assessment: is_on(plan, "ImageAssessment"),
        agentless_discovery: is_on(plan, "AgentlessDiscovery"),
        agentless_scanning: scanning(plan),
        ..Containers::default()
    })
}

fn databases(plan: &Value) -> Option<Databases> {
    plan.is_object().then(|| Databases {
        arc_auto_provisioning: arc(plan),
        rds: is_on(plan, "Rds"),
        dspm: is_on(plan, "Dspm"),
    })
}
