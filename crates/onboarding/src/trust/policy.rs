//! Reading trust policies, as far as Defender's roles need it.

use std::fmt;

use serde_json::Value;

/// Who a statement is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Principal<'a> {
    /// An identity provider, by its ARN.
    Federated(&'a str),
    /// An AWS service.
    Service(&'a str),
    /// An AWS role, by its ARN.
    Aws(&'a str),
}

impl fmt::Display for Principal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Federated(name) | Self::Service(name) | Self::Aws(name)) = self;
        f.write_str(name)
    }
}

/// The statements that allow an action to a principal.
pub(super) fn statements_for<'a>(
    trust: &'a Value,
    action: &str,
    principal: Principal<'_>,
) -> Vec<&'a Value> {
    let (kind, name) = match principal {
        Principal::Federated(name) => ("Federated", name),
        Principal::Service(name) => ("Service", name),
        Principal::Aws(name) => ("AWS", name),
    };
    let acts = |seen: &Value| {
        seen.as_str().is_some_and(|seen| {
            [action, "sts:*"]
                .iter()
                .any(|one| seen.eq_ignore_ascii_case(one))
        })
    };
    one_or_many(&trust["Statement"])
        .into_iter()
        .filter(|statement| {
            statement["Effect"] == "Allow"
                && one_or_many(&statement["Action"]).into_iter().any(acts)
                && one_or_many(&statement["Principal"][kind])
                    .into_iter()
                    .any(|seen| seen == name)
        })
        .collect()
}

/// Whether a string condition on `key` admits `value`. Condition keys have no case; both operators
/// that Microsoft's templates have used are read.
pub(super) fn condition_admits(statement: &Value, key: &str, value: &str) -> bool {
    condition_values(statement, key)
        .into_iter()
        .any(|admitted| admitted == value)
}

/// The external id that some statement asks for.
pub(super) fn external_id(trust: &Value) -> Option<&str> {
    one_or_many(&trust["Statement"])
        .into_iter()
        .find_map(|statement| {
            condition_values(statement, "sts:ExternalId")
                .into_iter()
                .find_map(Value::as_str)
        })
}

fn condition_values<'a>(statement: &'a Value, key: &str) -> Vec<&'a Value> {
    let Some(operators) = statement["Condition"].as_object() else {
        return Vec::new();
    };
    operators
        .iter()
        .filter(|(operator, _)| ["StringEquals", "StringLike"].contains(&operator.as_str()))
        .filter_map(|(_, keys)| keys.as_object())
        .flatten()
        .filter(|(name, _)| name.eq_ignore_ascii_case(key))
        .flat_map(|(_, values)| one_or_many(values))
        .collect()
}

/// IAM writes a list of one as the one.
fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    }
}
