//! The statements of the templates' policies.

use serde_json::Value;

use crate::document::{descend, resources};

/// Every statement of every identity policy, with the role or policy that holds it.
pub fn statements(template: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (id, kind, resource) in resources(template) {
        if !kind.starts_with("AWS::IAM::") {
            continue;
        }
        let properties = &resource["Properties"];
        for policies in [&properties["Policies"], &properties["PolicyDocument"]] {
            descend(policies, &mut |value| {
                if value["Effect"].is_string() {
                    found.push((id.to_owned(), value.clone()));
                }
            });
        }
    }
    let no_role = |kind: &str| !kind.starts_with("AWS::IAM::");
    assert!(!found.is_empty() || resources(template).all(|(_, kind, _)| no_role(kind)));
    found
}

/// Those that allow something.
pub fn allowed(template: &Value) -> Vec<(String, Value)> {
    let mut found = statements(template);
    found.retain(|(_, statement)| statement["Effect"] == "Allow");
    found
}

/// Every text that a value may come to, whatever the conditions; functions as they are written.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => match &fields.get("Fn::If") {
            Some(branches) => texts(&branches[1])
                .into_iter()
                .chain(texts(&branches[2]))
                .collect(),
            None => fields.values().flat_map(texts).collect(),
        },
        _ => Vec::new(),
    }
}

#[test]
fn both_branches_are_read() {
    let value =
        serde_json::json!(["a", {"Fn::If": ["Condition", ["b", {"Fn::Sub": "${c}"}], "d"]}]);
    assert_eq!(texts(&value), ["a", "b", "${c}", "d"]);
}
