//! Versions of the security connector API.

use serde::Deserialize;

use crate::InvalidValue;

/// A version that this project knows every field of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiVersion {
    /// `2024-08-01-preview`.
    V20240801Preview,
    /// `2026-08-01-preview`.
    V20260801Preview,
}

impl ApiVersion {
    /// All of them, the newest first.
    pub const ALL: [Self; 2] = [Self::V20260801Preview, Self::V20240801Preview];

    /// As the query parameter `api-version` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V20240801Preview => "2024-08-01-preview",
            Self::V20260801Preview => "2026-08-01-preview",
        }
    }

    /// The newest one among those that a service offers.
    pub fn newest_of(offered: &[String]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| offered.iter().any(|one| one == version.as_str()))
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which version to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ApiVersionSetting {
    /// This one.
    Fixed(ApiVersion),
    /// The newest one that the subscription's registration offers.
    Auto,
}

impl Default for ApiVersionSetting {
    /// The one that Microsoft's own SDK speaks.
    fn default() -> Self {
        Self::Fixed(ApiVersion::V20240801Preview)
    }
}

impl TryFrom<String> for ApiVersionSetting {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        if text == "Auto" {
            return Ok(Self::Auto);
        }
        let known = ApiVersion::ALL.into_iter().find(|v| v.as_str() == text);
        known.map(Self::Fixed).ok_or(InvalidValue {
            expected: "expected 2024-08-01-preview, 2026-08-01-preview or Auto",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_known_version_or_auto() {
        let read = |text: &str| ApiVersionSetting::try_from(text.to_owned());
        assert_eq!(read("Auto"), Ok(ApiVersionSetting::Auto));
        for version in ApiVersion::ALL {
            assert_eq!(
                read(version.as_str()),
                Ok(ApiVersionSetting::Fixed(version))
            );
        }
        for unknown in ["", "auto", "2023-10-01-preview", "2024-08-01"] {
            assert!(read(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn the_newest_offered_one_is_taken() {
        let of = |offered: &[&str]| {
            ApiVersion::newest_of(&offered.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            of(&["2024-08-01-preview", "2026-08-01-preview"]),
            Some(ApiVersion::V20260801Preview)
        );
        assert_eq!(
            of(&["2027-01-01", "2024-08-01-preview"]),
            Some(ApiVersion::V20240801Preview)
        );
        assert_eq!(of(&["2021-07-01-preview"]), None);
    }
}
