//! Which resources wait for which: by `DependsOn`, and by whatever names another one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::document::{descend, resources, strings};
use crate::evaluation::{Stack, text};

/// What each resource waits for.
pub type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// What the resources of a template wait for.
pub fn graph(template: &Value) -> Graph<'_> {
    let known: BTreeSet<&str> = resources(template).map(|(id, _, _)| id).collect();
    let waits_for = |resource| {
        let named = named(resource).into_iter();
        named.filter(|name| known.contains(name)).collect()
    };
    resources(template)
        .map(|(id, _, resource)| (id, waits_for(resource)))
        .collect()
}

/// Everything that a resource names: other resources, parameters, pseudo parameters.
pub fn named(resource: &Value) -> Vec<&str> {
    let mut named = strings(&resource["DependsOn"]);
    descend(&resource["Properties"], &mut |value| {
        named.extend(references(value));
    });
    named
}

fn references(value: &Value) -> Vec<&str> {
    let mut found = strings(&value["Ref"]);
    found.extend(strings(&value["Fn::GetAtt"]).first());
    let (pattern, own) = match &value["Fn::Sub"] {
        Value::Array(both) => (&both[0], &both[1]),
        pattern => (pattern, &Value::Null),
    };
    for part in pattern.as_str().unwrap_or_default().split("${").skip(1) {
        let name = part.split(['}', '.']).next().unwrap_or_default();
        if own[name].is_null() {
            found.push(name);
        }
    }
    found
}

/// Everything that is there once `id` begins.
pub fn before<'a>(graph: &Graph<'a>, id: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = graph[id].iter().copied().collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(&graph[next]);
        }
    }
    seen
}

/// The resources that wait for themselves.
pub fn cycles<'a>(graph: &Graph<'a>) -> Vec<&'a str> {
    graph
        .keys()
        .copied()
        .filter(|id| before(graph, id).contains(id))
        .collect()
}

/// The template as it is deployed with these parameters: without what conditions leave out.
pub fn deployed(template: &Value, chosen: &[(&str, &str)]) -> Value {
    let stack = Stack::new(template, chosen);
    let there: Map<String, Value> = stack
        .resources()
        .map(|(id, resource)| (id.to_owned(), taken(&stack, resource)))
        .collect();
    json!({"Resources": there})
}

/// A value with the branches that are taken; nothing else is evaluated.
fn taken(stack: &Stack<'_>, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| taken(stack, item)).collect(),
        Value::Object(fields) => {
            if let Some(branches) = fields.get("Fn::If") {
                let met = stack.holds(text(&branches[0]));
                return taken(stack, &branches[if met { 1 } else { 2 }]);
            }
            let field = |(name, value): (&String, &Value)| (name.clone(), taken(stack, value));
            Value::Object(fields.iter().map(field).collect())
        }
        scalar => scalar.clone(),
    }
}

#[test]
fn a_cycle_would_be_found_through_every_kind_of_reference() {
    for reference in [
        json!({"Properties": {"P": [{"Ref": "B"}]}}),
        json!({"Properties": {"P": {"Fn::GetAtt": ["B", "Arn"]}}}),
        json!({"Properties": {"P": {"Fn::Sub": "arn:${AWS::Partition}:${B.Arn}"}}}),
        json!({"Properties": {"P": {"Fn::Sub": ["${B}${x}", {"x": 1}]}}}),
        json!({"Properties": {"P": {"Fn::Sub": ["${x}", {"x": {"Ref": "B"}}]}}}),
        json!({"DependsOn": "B"}),
        json!({"DependsOn": ["B"]}),
    ] {
        let template = json!({"Resources": {"A": reference, "B": {"DependsOn": "A"}}});
        assert_eq!(cycles(&graph(&template)), ["A", "B"], "{reference}");
    }
}

#[test]
fn what_conditions_leave_out_is_not_deployed() {
    let template = json!({
        "Parameters": {"P": {"Default": "x"}},
        "Conditions": {"IsX": {"Fn::Equals": [{"Ref": "P"}, "x"]}},
        "Resources": {
            "A": {"Properties": {"Q": [{"Fn::If": ["IsX", {"Ref": "B"}, {"Ref": "C"}]}]}},
            "B": {"Condition": "IsX"},
            "C": {},
        },
    });
    let with = |value| deployed(&template, &[("P", value)]);
    assert_eq!(
        graph(&with("x")),
        [("A", ["B"].into()), ("B", [].into()), ("C", [].into())].into()
    );
    assert_eq!(
        graph(&with("y")),
        [("A", ["C"].into()), ("C", [].into())].into()
    );
}
