//! What CloudFormation makes before what, and takes away after what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::document::{descend, resources, strings, transformed};

/// What each resource waits for.
type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn graph(template: &Value) -> Graph<'_> {
    let known: BTreeSet<&str> = resources(template).map(|(id, _, _)| id).collect();
    resources(template)
        .map(|(id, _, resource)| {
            let mut named = strings(&resource["DependsOn"]);
            descend(&resource["Properties"], &mut |value| {
                named.extend(references(value));
            });
            (
                id,
                named
                    .into_iter()
                    .filter(|name| known.contains(name))
                    .collect(),
            )
        })
        .collect()
}

fn references(value: &Value) -> Vec<&str> {
    let mut found = strings(&value["Ref"]);
    found.extend(strings(&value["Fn::GetAtt"]).first());
    let text = match &value["Fn::Sub"] {
        Value::Array(arguments) => arguments.first().unwrap_or(&Value::Null),
        text => text,
    };
    for text in strings(text) {
        let names = text
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split(['}', '.']).next());
        found.extend(names);
    }
    found
}

/// Everything that is there once `id` begins.
fn before<'a>(graph: &Graph<'a>, id: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = graph[id].iter().copied().collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(&graph[next]);
        }
    }
    seen
}

fn cycles<'a>(graph: &Graph<'a>) -> Vec<&'a str> {
    graph
        .keys()
        .copied()
        .filter(|id| before(graph, id).contains(id))
        .collect()
}

#[test]
fn nothing_waits_for_itself() {
    assert_eq!(cycles(&graph(transformed())), Vec::<&str>::new());
}

#[test]
fn a_cycle_would_be_found_through_every_kind_of_reference() {
    for reference in [
        json!({"Properties": {"P": [{"Ref": "B"}]}}),
        json!({"Properties": {"P": {"Fn::GetAtt": ["B", "Arn"]}}}),
        json!({"Properties": {"P": {"Fn::Sub": "arn:${AWS::Partition}:${B.Arn}"}}}),
        json!({"Properties": {"P": {"Fn::Sub": ["${B}${x}", {"x": 1}]}}}),
        json!({"DependsOn": "B"}),
        json!({"DependsOn": ["B"]}),
    ] {
        let template = json!({"Resources": {"A": reference, "B": {"DependsOn": "A"}}});
        assert_eq!(cycles(&graph(&template)), ["A", "B"], "{reference}");
    }
}

#[test]
fn each_step_finds_what_it_needs() {
    let graph = graph(transformed());
    let groundwork = [
        "RunBucket",
        "RunBucketPolicy",
        "AzureSignInRole",
        "RegisterAccountRole",
        "RegisterAccountLogGroup",
        "RegisterAccountFunction",
        "RegisterAccountFunctionEventInvokeConfig",
        "ReplyGuardRole",
        "ReplyGuardLogGroup",
        "ReplyGuardFunction",
    ];
    let chain = [
        "AccessStack",
        "IdentityProvider",
        "CiemIdentityProvider",
        "AccountStack",
        "SecurityConnector",
    ];
    for (position, step) in chain.iter().enumerate() {
        let there = before(&graph, step);
        for needed in groundwork.iter().chain(&chain[..position]) {
            assert!(there.contains(needed), "{step} does not wait for {needed}");
        }
    }
}

#[test]
fn every_custom_resource_waits_for_its_guard() {
    // DependsOn by name: on the way out, too, the guard has to outlive the resource.
    for (id, kind, resource) in resources(transformed()) {
        if kind.starts_with("Custom::") {
            let token = strings(&resource["Properties"]["ServiceToken"]["Fn::GetAtt"]);
            let guard = format!("{}EventInvokeConfig", token[0]);
            assert!(
                strings(&resource["DependsOn"]).contains(&guard.as_str()),
                "{id}"
            );
        }
    }
}

#[test]
fn the_plan_is_off_before_its_role_goes() {
    // Deletion runs the order backwards: the connector lets go of a role that is still there.
    let graph = graph(transformed());
    assert!(before(&graph, "SecurityConnector").contains("AccountStack"));
    assert!(!before(&graph, "AccountStack").contains("SecurityConnector"));
}
