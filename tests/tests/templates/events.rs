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

/// The request of CloudFormation in an event, whoever carries it.
fn request(event: &Value) -> &Value {
    event.get("requestPayload").unwrap_or(event)
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
    for resource in ["security-connector", "identity-provider"] {
        for case in ["create", "update", "delete"] {
            wanted.insert(format!("register-account-{resource}-{case}.json"));
        }
    }
    assert_eq!(names, wanted);
}

#[test]
fn properties_are_the_templates() {
    for (name, event) in sample_events() {
        let request = request(&event);
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
    for (name, event) in sample_events() {
        let request = request(&event);
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
    for (name, event) in sample_events() {
        check(&name, &request(&event)["ResourceProperties"]);
    }
}
