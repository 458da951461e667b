//! IAM policy documents, read as far as Defender's roles use them.
//!
//! Conditions are judged with what the double knows of a request. An operator or a key that it
//! does not know is undecided: an `Allow` under it grants nothing, a `Deny` under it denies.

use serde_json::Value;
use uuid::Uuid;

/// What a request brings for a condition key.
#[derive(Clone, Debug)]
pub(crate) enum Brought {
    Value(String),
    /// Some value that fits whatever is asked for.
    AnyValue,
    /// A GUID that only the policy's author knows; nothing but GUIDs may be asked for.
    Guid,
}

/// Condition keys and what the request brings for each.
pub(crate) type Context = [(String, Brought)];

/// Whether a statement's conditions are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    Yes,
    No,
    Undecided,
}

/// A single statement may stand without its array.
pub(crate) fn statements(policy: &Value) -> Vec<&Value> {
    match &policy["Statement"] {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// A single text may stand without its list.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a statement is about an action; actions are compared without case.
pub(crate) fn covers_action(statement: &Value, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let listed = |name: &str| {
        texts(&statement[name])
            .iter()
            .any(|pattern| like(&pattern.to_ascii_lowercase(), &action))
    };
    listed("Action") || (!statement["NotAction"].is_null() && !listed("NotAction"))
}

/// Whether a statement is about a resource.
pub(crate) fn covers_resource(statement: &Value, resource: &str) -> bool {
    let listed = |name: &str| {
        texts(&statement[name])
            .iter()
            .any(|pattern| like(pattern, resource))
    };
    listed("Resource") || (!statement["NotResource"].is_null() && !listed("NotResource"))
}

/// Every condition of a statement together.
pub(crate) fn conditions_met(statement: &Value, context: &Context) -> Met {
    let mut met = Met::Yes;
    for (operator, key, wanted) in conditions(statement) {
        let brought = context
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key));
        match brought.and_then(|(_, brought)| holds(operator, wanted, brought)) {
            Some(true) => {}
            Some(false) => return Met::No,
            None => met = Met::Undecided,
        }
    }
    met
}

/// Operator, key and wanted values of every condition.
pub(crate) fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.flat_map(|(operator, tests)| {
        let tests = tests.as_object().into_iter().flatten();
        tests.map(move |(key, wanted)| (operator.as_str(), key.as_str(), wanted))
    })
}

fn holds(operator: &str, wanted: &Value, brought: &Brought) -> Option<bool> {
    let compare: fn(&str, &str) -> bool = match operator {
        "StringEquals" => |wanted, brought| wanted == brought,
        "StringEqualsIgnoreCase" => str::eq_ignore_ascii_case,
        // IAM's ArnEquals takes wildcards as well.
        "StringLike" | "ArnEquals" | "ArnLike" => like,
        _ => return None,
    };
    let wanted = texts(wanted);
    Some(match brought {
        Brought::Value(brought) => wanted.iter().any(|wanted| compare(wanted, brought)),
        Brought::AnyValue => true,
        Brought::Guid => !wanted.is_empty() && wanted.iter().all(|wanted| is_guid(wanted)),
    })
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// IAM's wildcards: `*` any text, `?` any one character.
fn like(pattern: &str, text: &str) -> bool {
    fn matches(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                matches(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, text)| matches(pattern, text))
            }
            (Some((b'?', rest)), Some((_, text))) => matches(rest, text),
            (Some((one, rest)), Some((other, text))) => one == other && matches(rest, text),
            _ => false,
        }
    }
    matches(pattern.as_bytes(), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn met(condition: &Value) -> Met {
        let context = [
            (
                "aws:SourceAccount".to_owned(),
                Brought::Value("1".to_owned()),
            ),
            ("p:sub".to_owned(), Brought::Guid),
            ("aws:SourceArn".to_owned(), Brought::AnyValue),
        ];
        conditions_met(&json!({ "Condition": condition }), &context)
    }

    #[test]
    fn conditions_are_met_missed_or_undecided() {
        let guid = "11111111-2222-4333-8444-555555555555";
        let cases = [
            (json!(null), Met::Yes),
            (
                json!({ "StringEquals": { "AWS:sourceaccount": ["2", "1"] } }),
                Met::Yes,
            ),
            (
                json!({ "StringEquals": { "aws:SourceAccount": "?" } }),
                Met::No,
            ),
            (
                json!({ "StringLike": { "aws:SourceAccount": "?" } }),
                Met::Yes,
            ),
            (
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:logs:*" } }),
                Met::Yes,
            ),
            (json!({ "StringEquals": { "p:sub": guid } }), Met::Yes),
            (json!({ "StringEquals": { "p:sub": [guid, "*"] } }), Met::No),
            (json!({ "StringEquals": { "p:sub": [] } }), Met::No),
            (
                json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }),
                Met::Undecided,
            ),
            (
                json!({ "Bool": { "aws:SourceAccount": "1" } }),
                Met::Undecided,
            ),
            (
                json!({ "Bool": { "x": "1" }, "StringEquals": { "aws:SourceAccount": "2" } }),
                Met::No,
            ),
        ];
        for (condition, expected) in cases {
            assert_eq!(met(&condition), expected, "{condition}");
        }
    }

    #[test]
    fn actions_and_resources_may_be_all_but_some() {
        let all_but = json!({ "NotAction": ["iam:*"], "NotResource": "arn:aws:s3:::secret/*" });
        assert!(covers_action(&all_but, "S3:GetObject"));
        assert!(!covers_action(&all_but, "IAM:GetRole"));
        assert!(covers_resource(&all_but, "arn:aws:s3:::open/a"));
        assert!(!covers_resource(&all_but, "arn:aws:s3:::secret/a"));
        let some = json!({ "Action": "ec2:Describe*", "Resource": ["arn:x", "arn:?"] });
        assert!(covers_action(&some, "EC2:DescribeVpcs"));
        assert!(!covers_action(&some, "ec2:CreateVpc"));
        assert!(covers_resource(&some, "arn:y"));
        assert!(!covers_resource(&some, "arn:xy"));
        assert!(!covers_resource(&json!({}), "*"));
    }
}
