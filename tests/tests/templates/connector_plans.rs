//! What the connector is told of its plans: everything that may be said, and nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::combinations::Combinations;
use crate::document::template;
use crate::evaluation::{Stack, deciding};

/// What has no list of values, in the stack that sets everything.
pub const GIVEN: [(&str, &str); 6] = [
    ("CiemSubject", "1f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b"),
    ("ArcProxy", "http://proxy.example.com:3128"),
    ("ArcPrivateLinkScope", "/subscriptions/x/scope"),
    (
        "DataCollectionExternalId",
        "2f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b",
    ),
    ("AgentlessScanningExclusionTags", "Scan=No"),
    ("ContainersRetentionDays", "90"),
];
const PLANS: [&str; 4] = ["Cspm", "Servers", "Containers", "Databases"];

/// What `template.yaml` says of a plan.
pub fn written<'a>(template: &'a Value, plan: &str) -> &'a Value {
    &template["Resources"]["SecurityConnector"]["Properties"]["Plans"][plan]
}

/// What the stack tells the connector of a plan; null where that is off.
pub fn told(template: &Value, plan: &str, chosen: &[(&str, &str)]) -> Value {
    let stack = Stack::new(template, chosen);
    stack.value(written(template, plan)).unwrap_or_default()
}

/// Whether a plan has a switch on.
pub fn is_on(plan: &Value, switch: &str) -> bool {
    match plan[switch].as_str() {
        Some("true") => true,
        Some("false") | None => false,
        Some(other) => panic!("{switch}={other}"),
    }
}

/// A plan under every combination of those of its parameters that list their values.
fn every_case(template: &Value, plan: &str, check: impl Fn(&Value, &[(&str, &str)])) {
    let mut parameters = deciding(template, written(template, plan));
    for (given, _) in GIVEN {
        parameters.remove(given);
    }
    parameters.remove("CiemApplicationName");
    let combinations = Combinations::of(template, &parameters);
    combinations.each(|combination| {
        let chosen = combinations.named(combination);
        let all: Vec<_> = GIVEN.iter().chain(&chosen).copied().collect();
        check(&told(template, plan, &all), &chosen);
    });
}

#[test]
fn what_depends_on_a_switch_is_told_with_it_only() {
    let template = template("template.yaml");
    for plan in PLANS {
        every_case(&template, plan, |told, chosen| {
            let scans = is_on(told, "AgentlessScanning");
            assert_eq!(told["ExclusionTags"] == "Scan=No", scans, "{chosen:?}");
            let collects = is_on(told, "AuditLogs");
            assert_eq!(told["RetentionDays"] == "90", collects, "{chosen:?}");
            let external_id = &told["DataCollectionExternalId"];
            assert_eq!(external_id.is_string(), collects, "{chosen:?}");
            if told["SubPlan"] == "P1" || told["Tier"] == "Foundational" {
                assert!(told["AgentlessScanning"].is_null(), "{chosen:?}");
            }
            let ciem = chosen.contains(&("CspmCiem", "true")) && told["Tier"] == "Defender";
            assert_eq!(told["Ciem"].is_object(), ciem, "{chosen:?}");
        });
    }
}

#[test]
fn what_is_empty_is_not_told() {
    let template = template("template.yaml");
    for plan in PLANS {
        let parameters = template["Parameters"].as_object().unwrap();
        let empty = parameters
            .iter()
            .filter(|(_, parameter)| parameter["Default"] == "");
        let mut chosen: Vec<(&str, &str)> = empty.map(|(name, _)| (name.as_str(), "")).collect();
        chosen.push(("CspmPlan", "Defender"));
        let told = told(&template, plan, &chosen);
        let fields = told.as_object().unwrap();
        assert!(fields.values().all(|field| field != ""), "{told}");
        for (name, _) in GIVEN.iter().take(5) {
            assert!(
                !fields.keys().any(|field| name.ends_with(field.as_str())),
                "{told}"
            );
        }
    }
}

#[test]
fn a_plan_that_is_off_is_not_told_at_all() {
    let template = template("template.yaml");
    let off = ["ServersPlan", "ContainersPlan", "DatabasesPlan"].map(|plan| (plan, "Off"));
    for plan in ["Servers", "Containers", "Databases"] {
        assert_eq!(told(&template, plan, &off), Value::Null, "{plan}");
    }
    assert_eq!(
        told(&template, "Cspm", &off),
        json!({"Tier": "Foundational"})
    );
}

#[test]
fn every_feature_is_told() {
    let template = template("template.yaml");
    let mut chosen = GIVEN.to_vec();
    chosen.extend([
        ("CspmPlan", "Defender"),
        ("CspmCiem", "true"),
        ("CspmServerlessContainers", "true"),
        ("ContainersInstallationMethod", "Helm"),
        ("ContainersSecurityGating", "true"),
        ("ContainersAntiMalware", "false"),
    ]);
    for (plan, fields) in [
        (
            "Cspm",
            "AgentlessScanning Ciem ContainersAgentlessDiscovery ContainersImageAssessment \
             DatabasesDspm ExclusionTags SensitiveDataDiscovery ServerlessContainers Tier",
        ),
        (
            "Servers",
            "AgentlessScanning ArcAutoProvisioning ArcPrivateLinkScope ArcProxy EndpointProtection \
             ExclusionTags SubPlan VulnerabilityAssessment",
        ),
        (
            "Containers",
            "AgentlessDiscovery AgentlessScanning AntiMalware AuditLogs DataCollectionExternalId \
             DefenderAgent ExclusionTags ImageAssessment InstallationMethod PolicyAgent \
             RetentionDays SecurityGating",
        ),
        (
            "Databases",
            "ArcAutoProvisioning ArcPrivateLinkScope ArcProxy Dspm Rds",
        ),
    ] {
        let told = told(&template, plan, &chosen);
        let told: BTreeSet<&str> = told
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(told, fields.split(' ').collect(), "{plan}");
    }
}

#[test]
fn every_field_is_told_from_the_parameter_of_its_name() {
    let template = template("template.yaml");
    let parameters = &template["Parameters"];
    let mut on: Vec<(&str, &Value)> = PLANS
        .iter()
        .map(|plan| (*plan, &written(&template, plan)["Fn::If"][1]))
        .collect();
    on.push(("Ciem", &on[0].1["Ciem"]["Fn::If"][1]));
    let mut seen = 0;
    for (plan, fields) in on {
        for (field, value) in fields.as_object().unwrap() {
            let value = value["Fn::If"].get(1).unwrap_or(value);
            let Some(parameter) = value["Ref"].as_str() else {
                assert!(["Tier", "Ciem"].contains(&field.as_str()), "{plan} {field}");
                continue;
            };
            let own = format!("{plan}{field}");
            let wanted = match field.as_str() {
                "SubPlan" => "ServersPlan",
                "ExclusionTags" => "AgentlessScanningExclusionTags",
                _ if !parameters[&own].is_null() => own.as_str(),
                shared => shared,
            };
            assert_eq!(parameter, wanted, "{plan} {field}");
            seen += 1;
        }
    }
    assert_eq!(seen, 34);
}
