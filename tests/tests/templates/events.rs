//! The sample events: that they stay what CloudFormation and Lambda send for these templates.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::defender::AZURE;
use crate::document::{parsed, read, root, template, transformed};
use crate::evaluation::{Stack, text};

fn sample_events() -> Vec<(String, Value)> {
    let folder = root().join("events");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("events: {error}")) {
        let entry = entry.unwrap_or_else(|error| panic!("events: {error}"));
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = read(&format!("events/{name}"));
        found.push((
            name.clone(),
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")),
        ));
    }
    found
}

/// The requests of CloudFormation among the events, whoever carries them.
fn requests() -> Vec<(String, Value)> {
    let carried = |event: Value| event.get("requestPayload").cloned().unwrap_or(event);
    sample_events()
        .into_iter()
        .map(|(name, event)| (name, carried(event)))
        .filter(|(_, request)| request["Operation"].is_null() && request["Records"].is_null())
        .collect()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

#[test]
fn every_case_has_its_event() {
    let names: BTreeSet<String> = sample_events().into_iter().map(|(name, _)| name).collect();
    let mut wanted: BTreeSet<String> = ["killed", "never-ran"]
        .iter()
        .map(|case| format!("reply-guard-{case}.json"))
        .collect();
    for resource in [
        "register-account-security-connector",
        "register-account-identity-provider",
        "provision-arc-arc-regions",
        "provision-arc-arc-auto-provisioning",
        "onboard-organization-deployment-scope",
        "onboard-organization-organization-narrowing",
        "onboard-organization-organization-onboarding",
    ] {
        for case in ["create", "update", "delete"] {
            wanted.insert(format!("{resource}-{case}.json"));
        }
    }
    for (function, steps) in [
        (
            "provision-arc",
            "onboard offboard narrow sweep answer answer-with-error",
        ),
        ("register-account", "onboard offboard remove-connector"),
        (
            "onboard-organization",
            "list-accounts repair-stack-instances report progress answer answer-with-error queue",
        ),
    ] {
        let file = |step| format!("{function}-{step}.json");
        wanted.extend(steps.split(' ').map(file));
    }
    assert_eq!(names, wanted);
}

#[test]
fn properties_are_the_templates() {
    let chosen = [&AZURE[..], &[("Scope", "Organization")]].concat();
    let stack = Stack::new(transformed(), &chosen);
    for (name, request) in requests() {
        let id = request["LogicalResourceId"].as_str().unwrap();
        let resource = &transformed()["Resources"][id];
        assert_eq!(request["ResourceType"], resource["Type"], "{name}");
        let wanted = stack.whole(&resource["Properties"]);
        for properties in ["ResourceProperties", "OldResourceProperties"] {
            if !request[properties].is_null() {
                assert_eq!(keys(&request[properties]), keys(&wanted), "{name}");
            }
        }
    }
}

#[test]
fn requests_have_the_fields_of_their_kind() {
    for (name, request) in requests() {
        let kind = request["RequestType"].as_str().unwrap();
        assert!(
            name.starts_with("reply-guard") || name.contains(&kind.to_lowercase()),
            "{name}"
        );
        assert_eq!(
            request["PhysicalResourceId"].is_null(),
            kind == "Create",
            "{name}"
        );
        assert_eq!(
            request["OldResourceProperties"].is_null(),
            kind != "Update",
            "{name}"
        );
        let answer_to = request["ResponseURL"].as_str().unwrap();
        assert!(answer_to.starts_with("http://127.0.0.1:4566/"), "{name}");
    }
}

#[test]
fn properties_hold_text_only() {
    // CloudFormation sends every scalar as a string, nested ones too.
    fn check(name: &str, value: &Value) {
        match value {
            Value::Object(fields) => fields.values().for_each(|field| check(name, field)),
            Value::Array(items) => items.iter().for_each(|item| check(name, item)),
            scalar => assert!(scalar.is_string(), "{name}: {scalar}"),
        }
    }
    for (name, request) in requests() {
        check(&name, &request["ResourceProperties"]);
    }
}

#[test]
fn steps_are_what_the_state_machine_sends() {
    let machine = read("statemachine/onboard-organization.asl.json");
    let mut seen = 0;
    for (name, event) in sample_events() {
        let Some(operation) = event["Operation"].as_str() else {
            continue;
        };
        seen += 1;
        let has = |key: &str| keys(&event).contains(key);
        let complete = match operation {
            "Answer" => has("RequestId") && has("Outcome") != has("Error"),
            "ListAccounts" | "Report" => has("Intent"),
            "Progress" => has("ExecutionArn"),
            "RepairStackInstances" => has("AccountId"),
            "Narrow" => has("AccountId") && has("RequestId"),
            "Onboard" | "Offboard" | "RemoveConnector" => {
                let registers = name.starts_with("register-account");
                has("AccountId") && registers == (has("Connectors") && has("AsWanted"))
            }
            _ => false,
        };
        assert!(complete && event["RunId"].is_string(), "{name}");
        for key in keys(&event) {
            assert!(machine.contains(key), "{name}: {key}");
        }
    }
    assert_eq!(seen, 15);
}

#[test]
fn messages_of_the_queue_are_what_the_rules_let_through() {
    let main = template("template.yaml");
    let rules = ["StackSetInstanceRule", "OrganizationChangesRule"]
        .map(|id| &main["Resources"][id]["Properties"]["EventPattern"]);
    let mut seen = BTreeSet::new();
    for (name, event) in sample_events() {
        for record in event["Records"].as_array().into_iter().flatten() {
            let message: Value = parsed(text(&record["body"]));
            let lets_through = |pattern: &&Value| {
                let has = |key: &str, value| pattern[key].as_array().unwrap().contains(value);
                has("source", &message["source"]) && has("detail-type", &message["detail-type"])
            };
            let position = rules.iter().position(lets_through);
            seen.insert(position.unwrap_or_else(|| panic!("{name}: {message}")));
        }
    }
    assert_eq!(seen, [0, 1].into());
}
