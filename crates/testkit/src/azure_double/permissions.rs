//! Do a role's identity policies allow what the role is for?
//!
//! Inline and attached policies together, a `Deny` before every `Allow`. Permissions boundaries
//! and an organization's policies are left aside: the double does not see them.

use serde_json::Value;

use super::policy::{Brought, Met, conditions_met, covers_action, covers_resource, statements};

/// One use of a role.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub action: String,
    /// `*` for actions without resources of their own.
    pub resource: String,
    pub context: Vec<(String, Brought)>,
}

pub(crate) fn allow(policies: &[Value], wanted: &Use) -> bool {
    let concerned = |effect: &'static str| {
        policies
            .iter()
            .flat_map(statements)
            .filter(move |statement| {
                statement["Effect"] == effect
                    && covers_action(statement, &wanted.action)
                    && covers_resource(statement, &wanted.resource)
            })
    };
    concerned("Deny").all(|statement| conditions_met(statement, &wanted.context) == Met::No)
        && concerned("Allow")
            .any(|statement| conditions_met(statement, &wanted.context) == Met::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deleting() -> Use {
        let tag = "ec2:ResourceTag/CreatedBy".to_owned();
        Use {
            action: "ec2:DeleteSnapshot".to_owned(),
            resource: "arn:aws:ec2:eu-west-1::snapshot/snap-1".to_owned(),
            context: vec![(tag, Brought::Value("Defender".to_owned()))],
        }
    }

    fn allowed(statements: &Value) -> bool {
        allow(
            &[json!({}), json!({ "Statement": statements })],
            &deleting(),
        )
    }

    #[test]
    fn an_allow_counts_for_its_action_resource_and_condition() {
        let statement = |action: &str, resource: &str, creator: &str| {
            let tag = json!({ "StringEquals": { "ec2:ResourceTag/CreatedBy": creator } });
            json!([{ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": tag }])
        };
        assert!(allowed(&statement("ec2:Delete*", "*", "Defender")));
        assert!(!allowed(&statement("ec2:Create*", "*", "Defender")));
        assert!(!allowed(&statement(
            "ec2:Delete*",
            "arn:aws:ec2:*:*:volume/*",
            "Defender"
        )));
        assert!(!allowed(&statement("ec2:Delete*", "*", "Someone")));
        assert!(!allowed(&json!([])));
    }

    #[test]
    fn a_deny_wins_unless_its_condition_is_missed() {
        let with_deny = |condition: Value| {
            allowed(&json!([
                { "Effect": "Allow", "Action": "*", "Resource": "*" },
                { "Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Condition": condition },
            ]))
        };
        assert!(!with_deny(json!(null)));
        assert!(!with_deny(
            json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } })
        ));
        assert!(with_deny(
            json!({ "StringEquals": { "ec2:ResourceTag/CreatedBy": "Someone" } })
        ));
    }
}
