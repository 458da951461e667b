//! Could whoever must use a role assume it under its trust policy?

use serde_json::Value;

use super::policy::{Brought, Met, conditions, conditions_met, covers_action, statements, texts};

/// An attempt to assume a role, as a trust policy sees it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub action: &'static str,
    /// Kind of principal in the policy, and its value.
    pub principal: (&'static str, String),
    /// Condition keys and what the attempt brings.
    pub context: Vec<(String, Brought)>,
    /// Keys without which the policy would be open to others.
    pub required: Vec<String>,
}

/// Whether some statement lets the attempt in and none keeps it out.
pub(crate) fn lets_in(policy: &Value, attempt: &Attempt) -> bool {
    let concerned: Vec<&Value> = statements(policy)
        .into_iter()
        .filter(|statement| covers_action(statement, attempt.action))
        .collect();
    concerned.iter().any(|statement| allows(statement, attempt))
        && !concerned.iter().any(|statement| denies(statement, attempt))
}

fn allows(statement: &Value, attempt: &Attempt) -> bool {
    let asks_for = |required: &String| {
        conditions(statement).any(|(_, key, _)| key.eq_ignore_ascii_case(required))
    };
    statement["Effect"] == "Allow"
        && names(&statement["Principal"], attempt)
        && conditions_met(statement, &attempt.context) == Met::Yes
        && attempt.required.iter().all(asks_for)
}

fn denies(statement: &Value, attempt: &Attempt) -> bool {
    let principal = &statement["Principal"];
    let everyone = *principal == "*" || texts(&principal[attempt.principal.0]).contains(&"*");
    statement["Effect"] == "Deny"
        && (everyone || !statement["NotPrincipal"].is_null() || names(principal, attempt))
        && conditions_met(statement, &attempt.context) != Met::No
}

fn names(principal: &Value, attempt: &Attempt) -> bool {
    texts(&principal[attempt.principal.0]).contains(&attempt.principal.1.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attempt() -> Attempt {
        let value = |text: &str| Brought::Value(text.to_owned());
        Attempt {
            action: "sts:AssumeRoleWithWebIdentity",
            principal: ("Federated", "provider".to_owned()),
            context: vec![
                ("p:aud".to_owned(), value("api://a")),
                ("sts:RoleSessionName".to_owned(), value("Session_1")),
            ],
            required: vec!["p:aud".to_owned(), "sts:RoleSessionName".to_owned()],
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

    #[test]
    fn a_deny_that_concerns_defender_keeps_it_out() {
        let with_deny = |deny: Value| {
            let mut policy = policy(|_| ());
            let allow = policy["Statement"][0].take();
            policy["Statement"] = json!([allow, deny]);
            lets_in(&policy, &attempt())
        };
        let undecided = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } });
        let others = json!({ "StringEquals": { "p:aud": "api://b" } });
        let deny = |principal: Value, condition: &Value| json!({ "Effect": "Deny", "Principal": principal, "Action": "sts:*", "Condition": condition });
        assert!(!with_deny(deny(json!("*"), &undecided)));
        assert!(!with_deny(deny(
            json!({ "Federated": "provider" }),
            &json!({})
        )));
        assert!(with_deny(deny(json!("*"), &others)));
        assert!(with_deny(deny(json!({ "AWS": "*" }), &undecided)));
    }
}
