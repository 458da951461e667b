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
        "ArcRegions",
        "RegionStackSet",
        "ArcTags",
        "DailySweep",
    ];
    for (position, step) in chain.iter().enumerate() {
        let there = before(&graph, step);
        for needed in groundwork.iter().chain(&chain[..position]) {
            assert!(there.contains(needed), "{step} does not wait for {needed}");
        }
    }
    // What is needed from one step of the chain on.
    for (needed, step) in [
        ("ProvisionArcRole", "ArcRegions"),
        ("ProvisionArcLogGroup", "ArcRegions"),
        ("ProvisionArcFunctionEventInvokeConfig", "ArcRegions"),
        ("StackSetAdministrationRole", "RegionStackSet"),
        ("StackSetExecutionRole", "RegionStackSet"),
        ("WantedState", "ArcRegions"),
        ("OnboardOrganization", "ArcRegions"),
        ("SweepRole", "DailySweep"),
    ] {
        assert!(
            before(&graph, step).contains(needed),
            "{step} does not wait for {needed}"
        );
    }
}

#[test]
fn regions_lose_their_tags_before_their_runbooks_and_after_sweeps_let_go_of_them() {
    // An update keeps the order, so that each of them sees what the one before has done.
    let graph = graph(transformed());
    assert!(before(&graph, "ArcRegions").contains("WantedState"));
    assert!(before(&graph, "RegionStackSet").contains("ArcRegions"));
    assert!(!before(&graph, "ArcRegions").contains("RegionStackSet"));
}

#[test]
fn triggers_go_first() {
    let graph = graph(transformed());
    let triggers: Vec<&str> = resources(transformed())
        .filter(|(_, kind, _)| {
            ["AWS::Scheduler::Schedule", "AWS::Events::Rule"].contains(kind)
                || *kind == "AWS::Lambda::EventSourceMapping"
        })
        .map(|(id, _, _)| id)
        .collect();
    assert_eq!(triggers, ["DailySweep"]);
    for (id, kind, _) in resources(transformed()) {
        if kind.starts_with("Custom::") {
            assert!(before(&graph, triggers[0]).contains(id), "{id}");
        }
        assert!(!graph[id].contains(triggers[0]), "{id} waits for a trigger");
    }
}

#[test]
fn runs_are_over_before_the_run_bucket_is_emptied() {
    // The last provider to go empties it. A machine is gone only when its executions have ended.
    let graph = graph(transformed());
    assert!(before(&graph, "OnboardOrganization").contains("IdentityProvider"));
    assert!(before(&graph, "CiemIdentityProvider").contains("IdentityProvider"));
    assert!(before(&graph, "IdentityProvider").contains("RunBucket"));
    for id in ["ReplyGuardRole", "ReplyGuardFunction"] {
        assert!(before(&graph, id).contains("RunBucket"), "{id}");
    }
}

#[test]
fn a_function_does_not_wait_for_the_machine_that_calls_it() {
    let graph = graph(transformed());
    assert!(before(&graph, "OnboardOrganization").contains("ProvisionArcFunction"));
    assert!(!before(&graph, "ProvisionArcFunction").contains("OnboardOrganization"));
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
