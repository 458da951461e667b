//! Could whoever must use a role assume it under its trust policy?

use serde_json::Value;

/// An attempt to assume a role, as a trust policy sees it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub action: &'static str,
    /// Kind of principal in the policy, and its value.
    pub principal: (&'static str, String),
    /// Condition keys in lower case and what the attempt brings; `None` passes any value.
    pub context: Vec<(String, Option<String>)>,
    /// Keys without which the policy would be open to others.
    pub required: Vec<String>,
}

/// Whether some statement lets the attempt in.
pub(crate) fn lets_in(policy: &Value, attempt: &Attempt) -> bool {
    statements(policy).iter().any(|statement| {
        statement["Effect"] == "Allow"
            && texts(&statement["Action"])
                .iter()
                .any(|action| action.eq_ignore_ascii_case(attempt.action))
            && texts(&statement["Principal"][attempt.principal.0])
                .contains(&attempt.principal.1.as_str())
            && conditions_hold(&statement["Condition"], attempt)
    })
}

fn conditions_hold(conditions: &Value, attempt: &Attempt) -> bool {
    let mut asked: Vec<String> = Vec::new();
    for (operator, tests) in conditions.as_object().into_iter().flatten() {
        for (key, wanted) in tests.as_object().into_iter().flatten() {
            let key = key.to_ascii_lowercase();
            let Some((_, brought)) = attempt.context.iter().find(|(name, _)| *name == key) else {
                return false;
            };
            let holds = brought.as_ref().is_none_or(|brought| {
                texts(wanted)
                    .iter()
                    .any(|wanted| operator_holds(operator, wanted, brought))
            });
            if !holds {
                return false;
            }
            asked.push(key);
        }
    }
    attempt.required.iter().all(|key| asked.contains(key))
}

fn operator_holds(operator: &str, wanted: &str, brought: &str) -> bool {
    match operator {
        "StringEquals" | "ArnEquals" => wanted == brought,
        "StringEqualsIgnoreCase" => wanted.eq_ignore_ascii_case(brought),
        "StringLike" | "ArnLike" => like(wanted.as_bytes(), brought.as_bytes()),
        _ => false,
    }
}

/// IAM's wildcards: `*` any text, `?` any one character.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            like(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, text)| like(pattern, text))
        }
        (Some((b'?', rest)), Some((_, text))) => like(rest, text),
        (Some((one, rest)), Some((other, text))) => one == other && like(rest, text),
        _ => false,
    }
}

/// A single statement may stand without its array, and a single text without its list.
fn statements(policy: &Value) -> Vec<&Value> {
    match &policy["Statement"] {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attempt() -> Attempt {
        Attempt {
            action: "sts:AssumeRoleWithWebIdentity",
            principal: ("Federated", "provider".to_owned()),
            context: vec![
                ("p:aud".to_owned(), Some("api://a".to_owned())),
                (
                    "sts:rolesessionname".to_owned(),
                    Some("Session_1".to_owned()),
                ),
            ],
            required: vec!["p:aud".to_owned(), "sts:rolesessionname".to_owned()],
        }
    }

    fn policy(change: impl Fn(&mut Value)) -> Value {
        let mut policy = json!({ "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": "provider" },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringLike": { "p:aud": "api://a", "sts:RoleSessionName": "Session_1" } },
        }] });
        change(&mut policy["Statement"][0]);
        policy
    }

    #[test]
    fn the_documented_trust_lets_defender_in() {
        assert!(lets_in(&policy(|_| ()), &attempt()));
        let many = policy(|one| one["Condition"]["StringLike"]["p:aud"] = json!(["x", "api://*"]));
        assert!(lets_in(&many, &attempt()));
    }

    #[test]
    fn any_deviation_keeps_defender_out() {
        let deviations: [fn(&mut Value); 8] = [
            |one| one["Effect"] = json!("Deny"),
            |one| one["Principal"]["Federated"] = json!("other"),
            |one| one["Action"] = json!("sts:AssumeRole"),
            |one| one["Condition"]["StringLike"]["p:aud"] = json!("api://b"),
            |one| one["Condition"]["StringLike"]["sts:RoleSessionName"] = json!("Session_2"),
            |one| one["Condition"]["StringLike"]["p:sub"] = json!("*"),
            |one| one["Condition"] = json!({ "StringLike": { "p:aud": "api://a" } }),
            |one| one["Condition"] = json!({ "StringNotLike": { "p:aud": "api://b" } }),
        ];
        for (index, deviation) in deviations.into_iter().enumerate() {
            assert!(
                !lets_in(&policy(deviation), &attempt()),
                "deviation {index}"
            );
        }
    }
}
