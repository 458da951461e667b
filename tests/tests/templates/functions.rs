//! The functions: that each one builds, knows its settings, and is answered for when it is killed.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::document::{read, resources, root, rust_sources, strings, template, transformed};

fn functions() -> Vec<(&'static str, &'static Value)> {
    resources(transformed())
        .filter(|(_, kind, _)| *kind == "AWS::Lambda::Function")
        .map(|(id, _, resource)| (id, resource))
        .collect()
}

/// Logical id and package of every function.
fn binaries() -> Vec<(String, String)> {
    let template = template("template.yaml");
    resources(&template)
        .filter(|(_, kind, _)| *kind == "AWS::Serverless::Function")
        .map(|(id, _, resource)| {
            let metadata = &resource["Metadata"];
            assert_eq!(metadata["BuildMethod"], "rust-cargolambda", "{id}");
            let binary = metadata["BuildProperties"]["Binary"]
                .as_str()
                .unwrap_or_default();
            (id.to_owned(), binary.to_owned())
        })
        .collect()
}

#[test]
fn every_binary_is_a_package_and_every_package_is_deployed() {
    let built: BTreeSet<String> = binaries().into_iter().map(|(_, binary)| binary).collect();
    let packages: BTreeSet<String> = fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(built, packages);
    for package in packages {
        let manifest = read(&format!("functions/{package}/Cargo.toml"));
        assert!(
            manifest.contains(&format!("name = \"{package}\"")),
            "{package}"
        );
    }
}

#[test]
fn every_variable_is_known_to_the_settings() {
    let settings = rust_sources("crates/lambda-support/src");
    for (id, binary) in binaries() {
        let own = rust_sources(&format!("functions/{binary}/src"));
        let variables = &transformed()["Resources"][&id]["Properties"]["Environment"]["Variables"];
        for name in variables.as_object().into_iter().flat_map(|map| map.keys()) {
            let literal = format!("\"{name}\"");
            assert!(
                settings.contains(&literal) || own.contains(&literal),
                "{id} is given {name}, which {binary} never reads"
            );
        }
    }
}

#[test]
fn every_function_runs_what_cargo_lambda_builds() {
    for (id, function) in functions() {
        let properties = &function["Properties"];
        assert_eq!(properties["Runtime"], "provided.al2023", "{id}");
        assert_eq!(properties["Handler"], "bootstrap", "{id}");
        assert_eq!(
            properties["Architectures"],
            serde_json::json!(["x86_64"]),
            "{id}"
        );
        // Less memory is less CPU, and the first TLS handshake becomes slow.
        assert!(properties["MemorySize"].as_u64() >= Some(256), "{id}");
    }
}

#[test]
fn logs_go_to_groups_that_the_stack_owns() {
    for (id, function) in functions() {
        let logging = &function["Properties"]["LoggingConfig"];
        assert_eq!(logging["LogFormat"], "JSON", "{id}");
        let group = logging["LogGroup"]["Ref"].as_str().unwrap_or_default();
        let group = &transformed()["Resources"][group];
        assert_eq!(group["Type"], "AWS::Logs::LogGroup", "{id}");
        assert!(group["Properties"]["RetentionInDays"].is_u64(), "{id}");
    }
}

#[test]
fn a_killed_function_is_answered_for_before_cloudformation_gives_up() {
    let all = &transformed()["Resources"];
    for (id, kind, resource) in resources(transformed()) {
        if !kind.starts_with("Custom::") {
            continue;
        }
        let properties = &resource["Properties"];
        let function = strings(&properties["ServiceToken"]["Fn::GetAtt"])[0];
        let invoke = &all[format!("{function}EventInvokeConfig")]["Properties"];
        assert_eq!(invoke["MaximumRetryAttempts"], 0, "{function}");
        let destination = &invoke["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"];
        assert_eq!(
            strings(destination),
            ["ReplyGuardFunction", "Arn"],
            "{function}"
        );

        let queued = invoke["MaximumEventAgeInSeconds"].as_u64().unwrap();
        let running = all[function]["Properties"]["Timeout"].as_u64().unwrap();
        let patience = properties["ServiceTimeout"].as_u64().unwrap();
        assert!(
            patience >= queued + running + 120,
            "{id} gives up after {patience} s"
        );
    }
}

#[test]
fn the_guard_claims_every_type_that_is_answered_later() {
    let claims = read("functions/reply-guard/src/claims.rs");
    // Those that are given a machine to go on in.
    let later: BTreeSet<&str> = resources(transformed())
        .filter(|(_, _, resource)| !resource["Properties"]["StateMachineArn"].is_null())
        .map(|(_, kind, _)| kind)
        .collect();
    for kind in &later {
        assert!(claims.contains(&format!("\"{kind}\"")), "{kind}");
    }
    let handlers = rust_sources("functions")
        .matches(".with_deferring(")
        .count();
    assert_eq!(handlers, later.len(), "{later:?}");
    let guard = &transformed()["Resources"]["ReplyGuardFunction"]["Properties"];
    let bucket = &guard["Environment"]["Variables"]["RUN_BUCKET"];
    assert_eq!(bucket, &serde_json::json!({"Ref": "RunBucket"}));
}

#[test]
fn the_guard_is_no_custom_resource_of_its_own() {
    // It would be its own guard.
    for (id, kind, resource) in resources(transformed()) {
        if kind.starts_with("Custom::") {
            let token = strings(&resource["Properties"]["ServiceToken"]["Fn::GetAtt"]);
            assert_ne!(token[0], "ReplyGuardFunction", "{id}");
        }
    }
}
