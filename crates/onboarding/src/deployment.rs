//! Which deployment owns a resource.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, string_id};

/// Tag key and value that say which product manages a resource.
pub const MANAGED_BY: (&str, &str) = ("ManagedBy", "defender-connector-aws");
/// Tag key under which the owning deployment is written.
pub const DEPLOYMENT_ID: &str = "DeploymentId";
/// Tag key under which the stack is written, for information only.
pub const STACK_ID: &str = "StackId";
/// Tag key that marks a connector which existed before us and will be restored.
pub const ADOPTED: &str = "Adopted";

/// Names the deployment that owns a resource; a stack made anew with the same one finds its own.
///
/// 1 to 128 letters, digits, `.`, `_`, `-`: what Azure and IAM both accept as a tag value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeploymentId(String);

string_id!(DeploymentId);

impl TryFrom<String> for DeploymentId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=128).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected 1 to 128 letters, digits, '.', '_' or '-'",
            })
        }
    }
}

/// The deployment a function acts for: what it writes into ownership tags and reads from them.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The owner.
    pub id: DeploymentId,
    /// The stack's ARN, for information.
    pub stack_id: String,
}

impl Deployment {
    /// The ownership tags, on whatever resource.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned()),
            (DEPLOYMENT_ID.to_owned(), self.id.to_string()),
            (STACK_ID.to_owned(), self.stack_id.clone()),
        ])
    }

    /// Whether these tags say that the resource is this deployment's.
    pub fn owns(&self, tags: &BTreeMap<String, String>) -> bool {
        tag(tags, MANAGED_BY.0) == Some(MANAGED_BY.1)
            && tag(tags, DEPLOYMENT_ID) == Some(self.id.as_str())
    }
}

/// A tag's value. Azure and IAM both treat tag keys without case, so this does too.
pub fn tag<'a>(tags: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    tags.iter()
        .find(|(seen, _)| seen.eq_ignore_ascii_case(key))
        .map(|(_, value)| value.as_str())
}

/// Whether a tag key is one of ours, so that a user's own tags may not use it.
pub fn is_reserved(key: &str) -> bool {
    [MANAGED_BY.0, DEPLOYMENT_ID, STACK_ID, ADOPTED]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ownership_needs_both_tags_and_ignores_the_case_of_keys() {
        let ours = Deployment {
            id: "prod-1".parse().unwrap(),
            stack_id: "stack".into(),
        };
        let tags = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        assert!(ours.owns(&ours.tags()));
        assert!(ours.owns(&tags(&[
            ("managedby", "defender-connector-aws"),
            ("DEPLOYMENTID", "prod-1")
        ])));
        assert!(!ours.owns(&tags(&[("DeploymentId", "prod-1")])));
        assert!(!ours.owns(&tags(&[
            ("ManagedBy", "defender-connector-aws"),
            ("DeploymentId", "prod-2")
        ])));
        assert!(!ours.owns(&tags(&[
            ("ManagedBy", "defender-connector-aws"),
            ("DeploymentId", "PROD-1")
        ])));
    }

    #[test]
    fn deployment_ids_hold_nothing_that_a_tag_value_or_a_path_could_choke_on() {
        assert!("stack.name_1-2".parse::<DeploymentId>().is_ok());
        for bad in ["", "a b", "a/b", "a\nb", &"x".repeat(129)] {
            assert!(bad.parse::<DeploymentId>().is_err(), "{bad:?}");
        }
    }
}
