//! Policies that AWS keeps, as far as Defender's roles use them: excerpts, by name.
//!
//! An emulator has documents for some of them at most, and a test describes none.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

static ACTIONS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/managed-policies.json"))
        .unwrap_or_else(|error| panic!("data/managed-policies.json is not as it must be: {error}"))
});

/// The document of an AWS managed policy; `None` where the double has none.
pub(crate) fn document(arn: &str) -> Option<Value> {
    let (owner, name) = arn.split_once(":policy/")?;
    let actions = owner
        .ends_with(":iam::aws")
        .then(|| ACTIONS.get(name.rsplit('/').next()?))??;
    Some(json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_awss_own_are_known_by_name() {
        let known = document("arn:aws-cn:iam::aws:policy/SecurityAudit").unwrap();
        assert!(known["Statement"][0]["Action"].as_array().unwrap().len() > 10);
        assert_eq!(
            document("arn:aws:iam::111122223333:policy/SecurityAudit"),
            None
        );
        assert_eq!(
            document("arn:aws:iam::aws:policy/AdministratorAccess"),
            None
        );
    }
}
