//! Whether Defender could assume a role: our own look, for where the service's answer is opaque.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::provider::provider_host_path;
use crate::{RoleKey, TenantId};

/// A role as IAM shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenRole {
    /// Its trust policy.
    pub trust: Value,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What keeps Defender from assuming a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// No statement lets this provider's identities assume it.
    #[error("its trust policy does not allow sts:AssumeRoleWithWebIdentity to {0}")]
    Provider(String),
    /// The audience is missing or another one.
    #[error("its trust policy does not admit the audience {0}")]
    Audience(String),
    /// The session name is missing or another one.
    #[error("its trust policy does not require sts:RoleSessionName = {0}")]
    SessionName(String),
}

/// The session name that Defender uses for a tenant.
pub fn session_name(tenant: &TenantId) -> String {
    format!("MicrosoftDefenderForClouds_{tenant}")
}

/// The first defect of a role's trust policy, `None` when Defender could assume it.
pub fn defect(
    role: &SeenRole,
    key: RoleKey,
    provider_arn: &str,
    tenant: &TenantId,
) -> Option<Defect> {
    let statements = one_or_many(&role.trust["Statement"]);
    let trusting: Vec<&Value> = statements
        .into_iter()
        .filter(|statement| trusts(statement, provider_arn))
        .collect();
    if trusting.is_empty() {
        return Some(Defect::Provider(provider_arn.to_owned()));
    }
    let audience = key.facts().audience;
    let audience_key = format!("{}:aud", provider_host_path());
    let admitting: Vec<&Value> = trusting
        .into_iter()
        .filter(|statement| condition_holds(statement, &audience_key, audience))
        .collect();
    if admitting.is_empty() {
        return Some(Defect::Audience(audience.to_owned()));
    }
    let session = session_name(tenant);
    let named = admitting
        .iter()
        .any(|s| condition_holds(s, "sts:RoleSessionName", &session));
    (!named).then_some(Defect::SessionName(session))
}

fn trusts(statement: &Value, provider_arn: &str) -> bool {
    let action = |action: &Value| {
        action.as_str().is_some_and(|action| {
            ["sts:assumerolewithwebidentity", "sts:*"]
                .contains(&action.to_ascii_lowercase().as_str())
        })
    };
    statement["Effect"] == "Allow"
        && one_or_many(&statement["Action"]).into_iter().any(action)
        && one_or_many(&statement["Principal"]["Federated"])
            .into_iter()
            .any(|principal| principal == provider_arn)
}

/// Whether a string condition on `key` admits `value`. Condition keys have no case; both
/// operators that Microsoft's templates have used are read.
fn condition_holds(statement: &Value, key: &str, value: &str) -> bool {
    let Some(operators) = statement["Condition"].as_object() else {
        return false;
    };
    operators
        .iter()
        .filter(|(operator, _)| ["StringEquals", "StringLike"].contains(&operator.as_str()))
        .filter_map(|(_, keys)| keys.as_object())
        .flatten()
        .filter(|(name, _)| name.eq_ignore_ascii_case(key))
        .flat_map(|(_, values)| one_or_many(values))
        .any(|admitted| admitted == value)
}

/// IAM writes a list of one as the one.
fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/";
    const AUD: &str = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/:aud";

    fn tenant() -> TenantId {
        "0b1f6471-1bf0-4dda-aec3-111122223333".parse().unwrap()
    }

    fn found(change: impl FnOnce(&mut Value)) -> Option<Defect> {
        let mut trust = json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": ARN},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {
                AUD: crate::provider::AUDIENCE_CSPM,
                "sts:RoleSessionName": session_name(&tenant()),
            }},
        }]});
        change(&mut trust);
        defect(
            &SeenRole {
                trust,
                tags: BTreeMap::new(),
            },
            RoleKey::CspmMonitor,
            ARN,
            &tenant(),
        )
    }

    #[test]
    fn microsofts_own_trust_has_no_defect_in_any_spelling() {
        assert_eq!(found(|_| {}), None);
        assert_eq!(found(|t| t["Statement"] = t["Statement"][0].take()), None);
        assert_eq!(
            found(|t| {
                let condition = t["Statement"][0]["Condition"]["StringLike"].take();
                t["Statement"][0]["Condition"] = json!({"StringEquals": {
                    AUD: [condition[AUD]],
                    "STS:rolesessionname": [condition["sts:RoleSessionName"]],
                }});
            }),
            None
        );
    }

    #[test]
    fn each_defect_is_named() {
        let audience =
            |t: &mut Value| t["Statement"][0]["Condition"]["StringLike"][AUD] = json!("api://x");
        assert!(matches!(found(audience), Some(Defect::Audience(_))));
        let session = |t: &mut Value| {
            t["Statement"][0]["Condition"]["StringLike"]["sts:RoleSessionName"] = json!("*");
        };
        assert!(matches!(found(session), Some(Defect::SessionName(_))));
        let action = |t: &mut Value| t["Statement"][0]["Action"] = json!("sts:AssumeRole");
        assert!(matches!(found(action), Some(Defect::Provider(_))));
        let slash = |t: &mut Value| {
            t["Statement"][0]["Principal"]["Federated"] = json!(&ARN[..ARN.len() - 1]);
        };
        assert!(matches!(found(slash), Some(Defect::Provider(_))));
        assert!(matches!(
            found(|t| *t = json!("nonsense")),
            Some(Defect::Provider(_))
        ));
        let denied = |t: &mut Value| t["Statement"][0]["Effect"] = json!("Deny");
        assert!(matches!(found(denied), Some(Defect::Provider(_))));
    }

    #[test]
    fn conditions_of_two_statements_do_not_add_up() {
        let split = |t: &mut Value| {
            let mut other = t["Statement"][0].clone();
            t["Statement"][0]["Condition"]["StringLike"][AUD] = json!("api://x");
            other["Condition"]["StringLike"]["sts:RoleSessionName"] = json!("other");
            t["Statement"].as_array_mut().unwrap().push(other);
        };
        assert!(matches!(found(split), Some(Defect::SessionName(_))));
    }
}
