//! `vmScanners`: agentless scanning of machines, in three of the offerings.

use std::collections::BTreeMap;

use onboarding::offering as domain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::feature::Feature;

/// The only mode there is.
const SCANNING_MODE: &str = "Default";

/// Agentless scanning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VmScanners {
    /// How machines are scanned, and which are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<VmScannersConfiguration>,
    /// The switch and the scanner's role.
    #[serde(flatten)]
    pub feature: Feature,
}

/// `vmScanners.configuration`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VmScannersConfiguration {
    /// `Default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanning_mode: Option<String>,
    /// Machines with one of these tags are left out; absent is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusion_tags: Option<BTreeMap<String, String>>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl VmScanners {
    pub(super) fn seen(part: Option<&Self>) -> Option<domain::VmScanners> {
        let role = Feature::seen(part.map(|part| &part.feature))?;
        let configuration = part.and_then(|part| part.configuration.as_ref());
        let exclusion_tags = configuration.and_then(|one| one.exclusion_tags.clone());
        Some(domain::VmScanners {
            role,
            exclusion_tags: exclusion_tags.unwrap_or_default(),
        })
    }

    pub(super) fn over(seen: Option<Self>, wanted: Option<&domain::VmScanners>) -> Option<Self> {
        let Some(wanted) = wanted else {
            return seen.map(Self::off);
        };
        let seen = seen.unwrap_or_default();
        let configuration = seen.configuration.unwrap_or_default();
        let tags = Some(&wanted.exclusion_tags).filter(|tags| !tags.is_empty());
        let mode = configuration.scanning_mode;
        Some(Self {
            configuration: Some(VmScannersConfiguration {
                scanning_mode: mode.or_else(|| Some(SCANNING_MODE.to_owned())),
                exclusion_tags: tags.cloned(),
                other: configuration.other,
            }),
            feature: seen.feature.on(&wanted.role),
        })
    }

    fn off(self) -> Self {
        let without_tags = |configuration| VmScannersConfiguration {
            exclusion_tags: None,
            ..configuration
        };
        Self {
            configuration: self.configuration.map(without_tags),
            feature: self.feature.off(),
        }
    }
}

#[cfg(test)]
mod tests {
    use onboarding::RoleArn;
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn wanted(tags: &[(&str, &str)]) -> domain::VmScanners {
        let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        domain::VmScanners {
            role: RoleArn::seen("arn:s"),
            exclusion_tags: tags.collect(),
        }
    }

    fn part(configuration: &Value) -> Option<VmScanners> {
        let body =
            json!({"enabled": true, "cloudRoleArn": "arn:s", "configuration": configuration});
        from_value(body).unwrap()
    }

    #[test]
    fn no_tags_are_none_in_whatever_form() {
        for none in [
            json!(null),
            json!({}),
            json!({"exclusionTags": null}),
            json!({"scanningMode": "Default", "exclusionTags": {}}),
        ] {
            let seen = VmScanners::seen(part(&none).as_ref());
            assert_eq!(seen, Some(wanted(&[])), "{none}");
        }
        let one = part(&json!({"exclusionTags": {"k": "v"}}));
        assert_eq!(VmScanners::seen(one.as_ref()), Some(wanted(&[("k", "v")])));
    }

    #[test]
    fn tags_are_replaced_as_a_whole_and_the_unknown_stays() {
        let seen = part(&json!({"exclusionTags": {"old": "1"}, "x": 1}));
        let over = |wanted: Option<domain::VmScanners>| {
            to_value(VmScanners::over(seen.clone(), wanted.as_ref())).unwrap()
        };
        assert_eq!(
            over(Some(wanted(&[("k", "v")]))),
            json!({"enabled": true, "cloudRoleArn": "arn:s", "configuration":
                {"scanningMode": "Default", "exclusionTags": {"k": "v"}, "x": 1}})
        );
        assert_eq!(
            over(Some(wanted(&[])))["configuration"],
            json!({"scanningMode": "Default", "x": 1})
        );
        assert_eq!(
            over(None),
            json!({"enabled": false, "configuration": {"x": 1}})
        );
        assert_eq!(VmScanners::over(None, None), None);
    }

    #[test]
    fn a_mode_of_tomorrow_stays() {
        let seen = part(&json!({"scanningMode": "Deep"}));
        let written = VmScanners::over(seen, Some(&wanted(&[]))).unwrap();
        let mode = written.configuration.unwrap().scanning_mode;
        assert_eq!(mode.as_deref(), Some("Deep"));
    }
}
