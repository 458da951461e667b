//! The four tags that Microsoft's page asks for.

use serde::{Deserialize, Serialize};

use super::InstanceId;
use crate::{AccountId, InvalidValue, string_id};

/// The account's id.
pub const ACCOUNT_ID: &str = "AccountId";
/// The cloud.
pub const CLOUD: &str = "Cloud";
/// The instance's own id.
pub const INSTANCE_ID: &str = "InstanceId";
/// What says that a security connector looks after the instance.
pub const CONNECTOR: &str = "MDFCSecurityConnector";
/// All four. EC2 tells keys apart by case, and so does Microsoft's page.
pub const KEYS: [&str; 4] = [ACCOUNT_ID, CLOUD, INSTANCE_ID, CONNECTOR];
/// How many tags EC2 lets an instance have, without those of AWS.
pub const MOST_TAGS: usize = 50;

/// The value of a tag: 1 to 256 characters that EC2 takes and that a runbook hands on unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagValue(String);

string_id!(TagValue);

impl TryFrom<String> for TagValue {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let invalid = |expected| Err(InvalidValue { expected });
        if !(1..=256).contains(&text.chars().count()) {
            return invalid("expected a tag value of 1 to 256 characters");
        }
        if text.contains(char::is_control) || text.trim() != text {
            return invalid(
                "expected a tag value without control characters, and without blanks around it",
            );
        }
        if text.to_ascii_lowercase().starts_with("aws:") {
            return invalid(
                "expected a tag value that does not begin with aws:, which is AWS's own",
            );
        }
        // Systems Manager puts the value of a parameter of that name in its place.
        if text.contains("{{") {
            return invalid("expected a tag value without {{, which Systems Manager would resolve");
        }
        Ok(Self(text))
    }
}

impl TagValue {
    /// What `Cloud` gets unless something else is chosen.
    pub fn default_cloud() -> Self {
        Self("AWS".to_owned())
    }

    /// What `MDFCSecurityConnector` gets unless something else is chosen. Microsoft documents the
    /// key and not the value.
    pub fn default_connector() -> Self {
        Self("true".to_owned())
    }
}

/// The values that every instance of an account should carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTags {
    /// For `AccountId`.
    pub account: AccountId,
    /// For `Cloud`.
    pub cloud: TagValue,
    /// For `MDFCSecurityConnector`.
    pub connector: TagValue,
}

impl WantedTags {
    /// Keys and values for one instance.
    pub fn of<'a>(&'a self, instance: &'a InstanceId) -> [(&'static str, &'a str); 4] {
        [
            (ACCOUNT_ID, self.account.as_str()),
            (CLOUD, self.cloud.as_str()),
            (INSTANCE_ID, instance.as_str()),
            (CONNECTOR, self.connector.as_str()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_defaults_are_values_like_any_other() {
        for value in [TagValue::default_cloud(), TagValue::default_connector()] {
            assert_eq!(value.as_str().parse(), Ok(value));
        }
    }

    #[test]
    fn values_are_what_ec2_and_systems_manager_both_take() {
        for good in ["true", "AWS", "/subscriptions/x/y", "ä b", &"é".repeat(256)] {
            assert!(good.parse::<TagValue>().is_ok(), "{good}");
        }
        for bad in [
            "",
            &"x".repeat(257),
            "a\nb",
            " a",
            "aws:x",
            "AWS:x",
            "{{ssm:secret}}",
        ] {
            assert!(bad.parse::<TagValue>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_never_changed(text in "\\PC{1,300}") {
            if let Ok(value) = text.parse::<TagValue>() {
                prop_assert!(value.as_str().chars().count() <= 256);
                prop_assert_eq!(value.as_str(), text);
            }
        }
    }
}
