//! The sample events: that they stay what CloudFormation and Lambda send for these templates.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::document::{read, root, transformed};

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
        .filter(|(_, request)| request["Operation"].is_null())
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
    ] {
        for case in ["create", "update", "delete"] {
            wanted.insert(format!("{resource}-{case}.json"));
        }
    }
    for step in [
        "onboard",
        "offboard",
        "narrow",
        "sweep",
        "answer",
        "answer-with-error",
    ] {
        wanted.insert(format!("provision-arc-{step}.json"));
    }
    assert_eq!(names, wanted);
}

#[test]
fn properties_are_the_templates() {
    for (name, request) in requests() {
        let id = request["LogicalResourceId"].as_str().unwrap();
        let resource = &transformed()["Resources"][id];
        assert_eq!(request["ResourceType"], resource["Type"], "{name}");
        for properties in ["ResourceProperties", "OldResourceProperties"] {
            if !request[properties].is_null() {
                assert_eq!(
                    keys(&request[properties]),
                    keys(&resource["Properties"]),
                    "{name}"
                );
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
        let wanted = match operation {
            "Answer" => keys(&event).contains("Outcome") != keys(&event).contains("Error"),
            "Onboard" | "Offboard" => keys(&event).contains("AccountId"),
            "Narrow" => keys(&event).is_superset(&["AccountId", "RequestId"].into()),
            _ => false,
        };
        assert!(wanted && event["RunId"].is_string(), "{name}");
        for key in keys(&event) {
            assert!(machine.contains(key), "{name}: {key}");
        }
    }
    assert_eq!(seen, 6);
}
