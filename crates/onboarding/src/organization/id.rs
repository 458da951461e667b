//! Ids of AWS Organizations.

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, string_id};

/// Whether `text` is `least` to `most` lower-case letters and digits.
fn is_label(text: &str, least: usize, most: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (least..=most).contains(&text.len()) && text.bytes().all(fits)
}

macro_rules! organizations_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        string_id!($name);

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                let fits: fn(&str) -> Option<bool> = $fits;
                if fits(&text) == Some(true) {
                    Ok(Self(text))
                } else {
                    Err(InvalidValue { expected: $expected })
                }
            }
        }
    };
}

organizations_id!(
    /// The id of an organization: `o-` and 10 to 32 lower-case letters or digits.
    OrganizationId,
    "expected the id of an organization such as o-a1b2c3d4e5",
    |text| Some(is_label(text.strip_prefix("o-")?, 10, 32))
);
organizations_id!(
    /// The id of an organization's root: `r-` and 4 to 32 lower-case letters or digits.
    RootId,
    "expected the id of a root such as r-a1b2",
    |text| Some(is_label(text.strip_prefix("r-")?, 4, 32))
);
organizations_id!(
    /// The id of an organizational unit: `ou-`, the label of its root, `-`, and 8 to 32 lower-case
    /// letters or digits.
    OuId,
    "expected the id of an organizational unit such as ou-a1b2-11112222",
    |text| {
        let (root, unit) = text.strip_prefix("ou-")?.split_once('-')?;
        Some(is_label(root, 4, 32) && is_label(unit, 8, 32))
    }
);

/// What has accounts below it: the root or an organizational unit. `StackSets` aim at these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TargetId {
    /// The root, and with it every account.
    Root(RootId),
    /// A unit, with the units below it.
    Ou(OuId),
}

impl TargetId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Root(id) => id.as_str(),
            Self::Ou(id) => id.as_str(),
        }
    }
}

impl std::fmt::Display for TargetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<TargetId> for String {
    fn from(id: TargetId) -> Self {
        match id {
            TargetId::Root(id) => id.into(),
            TargetId::Ou(id) => id.into(),
        }
    }
}

impl std::str::FromStr for TargetId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if let Ok(root) = text.parse() {
            return Ok(Self::Root(root));
        }
        text.parse().map(Self::Ou).map_err(|_| InvalidValue {
            expected: "expected the id of a root or an organizational unit such as r-a1b2 or \
                       ou-a1b2-11112222",
        })
    }
}

impl TryFrom<String> for TargetId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_have_the_form_that_aws_gives_them() {
        assert!("o-a1b2c3d4e5".parse::<OrganizationId>().is_ok());
        assert!("r-a1b2".parse::<RootId>().is_ok());
        assert!("ou-a1b2-11112222".parse::<OuId>().is_ok());
        for bad in [
            "",
            "o-",
            "o-A1b2c3d4e5",
            "o-a1b2c3d4e",
            "o-a1b2c3d4e5/",
            "r-a1b2c3d4e5",
        ] {
            assert!(bad.parse::<OrganizationId>().is_err(), "{bad}");
        }
        for bad in ["", "r-", "r-a1b", "r-A1b2", "r-a1b2/", "ou-a1b2-11112222"] {
            assert!(bad.parse::<RootId>().is_err(), "{bad}");
        }
        for bad in [
            "",
            "ou-a1b2",
            "ou-a1b2-",
            "ou-a1b2-1111222",
            "ou-a1-11112222",
            "ou-a1b2-1111-2222",
            "ou-a1b2-11112222*",
            "r-a1b2",
        ] {
            assert!(bad.parse::<OuId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_target_is_a_root_or_a_unit() {
        let read = |text: &str| text.parse::<TargetId>();
        assert!(matches!(read("r-a1b2"), Ok(TargetId::Root(_))));
        assert!(matches!(read("ou-a1b2-11112222"), Ok(TargetId::Ou(_))));
        assert!(read("111122223333").is_err());
    }

    proptest! {
        #[test]
        fn whatever_aws_gives_is_read_and_shown_unchanged(
            text in "(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})",
        ) {
            let id: TargetId = text.parse().unwrap();
            prop_assert_eq!(id.to_string(), text.clone());
            prop_assert_eq!(serde_json::to_value(&id).unwrap(), serde_json::json!(text));
        }

        #[test]
        fn nothing_else_is_a_target(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<TargetId>() {
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                prop_assert!(id.as_str().chars().all(fits));
            }
        }
    }
}
