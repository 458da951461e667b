//! AWS Region names.

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, string_id};

/// The name of an AWS Region, such as `eu-west-1`. Which ones exist is for AWS to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegionName(String);

string_id!(RegionName);

impl TryFrom<String> for RegionName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let mut parts = text.rsplit('-');
        let number = parts.next().is_some_and(|last| {
            !last.is_empty() && last.len() <= 2 && last.bytes().all(|b| b.is_ascii_digit())
        });
        let words: Vec<&str> = parts.collect();
        let worded = words.len() >= 2
            && words
                .iter()
                .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()));
        if number && worded && text.len() <= 32 {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected an AWS Region such as eu-west-1",
            })
        }
    }
}

/// A Region that an account can use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnabledRegion {
    /// Its name.
    pub name: RegionName,
    /// Whether it is disabled unless somebody enables it. Services go by names of their own there.
    pub is_opt_in: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_look_like_regions() {
        for good in [
            "eu-west-1",
            "us-gov-east-1",
            "ap-southeast-12",
            "us-isob-east-1",
        ] {
            assert!(good.parse::<RegionName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "eu-west",
            "EU-WEST-1",
            "eu west 1",
            "eastus",
            "eu--1",
            "eu-west-1a",
            "-west-1",
        ] {
            assert!(bad.parse::<RegionName>().is_err(), "{bad}");
        }
    }
}
