//! Roles as IAM shows them.

use aws_sdk_iam::types::Tag;
use onboarding::RoleName;
use onboarding::trust::SeenRole;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::IamIdentity;
use crate::failure::Failure;

impl IamIdentity {
    pub(super) async fn get_role(&self, name: &RoleName) -> Result<Option<SeenRole>, Failure> {
        let request = self.client().await?.get_role().role_name(name.as_str());
        let role = match self.call("iam:GetRole").send(request.send()).await {
            Ok(answer) => answer.role,
            Err(failure) if failure.is("NoSuchEntity") => None,
            Err(failure) => return Err(failure),
        };
        Ok(role.map(|role| SeenRole {
            trust: trust(role.assume_role_policy_document().unwrap_or_default()),
            tags: role.tags().iter().map(pair).collect(),
        }))
    }
}

pub(super) fn pair(tag: &Tag) -> (String, String) {
    (tag.key().to_owned(), tag.value().to_owned())
}

/// IAM answers policies percent-encoded. One that is no JSON trusts nobody.
fn trust(document: &str) -> Value {
    let decoded = percent_decode_str(document).decode_utf8_lossy();
    serde_json::from_str(&decoded).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trust_policy_is_read_encoded_or_plain() {
        let policy = json!({"Statement": [{"Effect": "Allow", "Note": "50% + ä"}]});
        assert_eq!(
            trust(
                "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Note%22%3A%2250%25%20%2B%20%C3%A4%22%7D%5D%7D"
            ),
            policy
        );
        assert_eq!(trust(r#"{"Statement":[]}"#), json!({"Statement": []}));
    }

    proptest! {
        #[test]
        fn whatever_stands_there_does_not_panic(text in "[%{}\"a-z0-9]{0,40}|\\PC{0,40}") {
            trust(&text);
        }
    }

    #[test]
    fn what_is_no_json_trusts_nobody() {
        for document in ["", "%7B", "%zz", "%ff%fe", "nonsense"] {
            assert_eq!(trust(document), Value::Null, "{document}");
        }
    }
}
