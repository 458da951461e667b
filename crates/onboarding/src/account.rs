//! AWS account ids and partitions.

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, string_id};

/// A 12-digit AWS account id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

string_id!(AccountId);

impl TryFrom<String> for AccountId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected an AWS account id of 12 digits",
            })
        }
    }
}

/// The AWS partition that ARNs are built for: `aws`, `aws-cn`, `aws-us-gov`, ….
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition(String);

string_id!(Partition);

impl TryFrom<String> for Partition {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let named = text == "aws"
            || text
                .strip_prefix("aws-")
                .is_some_and(|rest| !rest.is_empty());
        if named
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected an AWS partition such as aws",
            })
        }
    }
}

impl Partition {
    /// The partition of an ARN, `arn:<partition>:…`.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        (parts.next() == Some("arn"))
            .then(|| parts.next())
            .flatten()?
            .parse()
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_twelve_ascii_digits() {
        assert!("123456789012".parse::<AccountId>().is_ok());
        for bad in [
            "12345678901",
            "1234567890123",
            "12345678901a",
            "",
            "١٢٣٤٥٦",
            " 23456789012",
        ] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_partition_is_read_from_an_arn() {
        let partition = |arn| Partition::of_arn(arn).map(String::from);
        assert_eq!(partition("arn:aws:iam::1:role/x").as_deref(), Some("aws"));
        assert_eq!(
            partition("arn:aws-cn:iam::1:role/x").as_deref(),
            Some("aws-cn")
        );
        assert_eq!(partition("arn:evil:iam::1:role/x"), None);
        assert_eq!(partition("not an arn"), None);
    }
}
