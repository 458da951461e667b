//! What offerings are made of: a switch, a role, and a feature that has both.

use onboarding::RoleArn;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A part that has a role and nothing else of ours.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudRole {
    /// The ARN of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_role_arn: Option<String>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A part that is switched on or off and has no role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switch {
    /// Absent is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A part that is switched on or off and has a role where it is on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Feature {
    /// Absent is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The ARN of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_role_arn: Option<String>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Some services write an empty text where there is none.
pub(super) fn some_text(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

impl CloudRole {
    pub(super) fn seen(part: Option<&Self>) -> Option<RoleArn> {
        let role = part.and_then(|part| part.cloud_role_arn.as_ref());
        some_text(role).map(RoleArn::seen)
    }

    /// A role that is not wanted goes with all that is around it: without a role the part means
    /// nothing.
    pub(super) fn over(seen: Option<Self>, wanted: Option<&RoleArn>) -> Option<Self> {
        wanted.map(|role| Self {
            cloud_role_arn: Some(role.to_string()),
            ..seen.unwrap_or_default()
        })
    }
}

impl Switch {
    pub(super) fn is_on(part: Option<&Self>) -> bool {
        part.is_some_and(|part| part.enabled == Some(true))
    }

    pub(super) fn turned(self, on: bool) -> Self {
        Self {
            enabled: Some(on),
            ..self
        }
    }
}

impl Feature {
    /// The role, where the feature is on. One that is on without a role is on all the same, and
    /// unlike every one that is wanted.
    pub(super) fn seen(part: Option<&Self>) -> Option<RoleArn> {
        let on = part.filter(|part| part.enabled == Some(true))?;
        Some(RoleArn::seen(on.cloud_role_arn.clone().unwrap_or_default()))
    }

    pub(super) fn over(seen: Option<Self>, wanted: Option<&RoleArn>) -> Option<Self> {
        match wanted {
            Some(role) => Some(seen.unwrap_or_default().on(role)),
            None => seen.map(Self::off),
        }
    }

    pub(super) fn on(self, role: &RoleArn) -> Self {
        Self {
            enabled: Some(true),
            cloud_role_arn: Some(role.to_string()),
            ..self
        }
    }

    pub(super) fn off(self) -> Self {
        Self {
            enabled: Some(false),
            cloud_role_arn: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn feature(body: Value) -> Option<Feature> {
        from_value(body).unwrap()
    }

    #[test]
    fn a_feature_is_on_only_where_it_says_so() {
        let seen = |body| Feature::seen(feature(body).as_ref());
        for off in [
            json!(null),
            json!({}),
            json!({"enabled": false, "cloudRoleArn": "arn:r"}),
            json!({"enabled": null, "cloudRoleArn": "arn:r"}),
            json!({"cloudRoleArn": "arn:r"}),
        ] {
            assert_eq!(seen(off.clone()), None, "{off}");
        }
        let on = json!({"enabled": true, "cloudRoleArn": "arn:r"});
        assert_eq!(seen(on), Some(RoleArn::seen("arn:r")));
        assert_eq!(seen(json!({"enabled": true})), Some(RoleArn::seen("")));
    }

    #[test]
    fn a_feature_is_switched_without_losing_what_is_unknown() {
        let over = |body, wanted: Option<&RoleArn>| to_value(Feature::over(feature(body), wanted));
        let role = RoleArn::seen("arn:r");
        let on = json!({"enabled": true, "cloudRoleArn": "arn:r", "x": {"y": 1}});
        let off = json!({"enabled": false, "x": {"y": 1}});
        assert_eq!(over(on.clone(), None).unwrap(), off);
        assert_eq!(over(off, Some(&role)).unwrap(), on);
        assert_eq!(over(json!(null), None).unwrap(), json!(null));
        let new = json!({"enabled": true, "cloudRoleArn": "arn:r"});
        assert_eq!(over(json!(null), Some(&role)).unwrap(), new);
    }

    #[test]
    fn a_role_that_is_not_wanted_takes_its_part_with_it() {
        let part = |body: Value| from_value::<Option<CloudRole>>(body).unwrap();
        let role = RoleArn::seen("arn:r");
        let seen = part(json!({"cloudRoleArn": "arn:old", "x": 1}));
        assert_eq!(
            CloudRole::seen(seen.as_ref()),
            Some(RoleArn::seen("arn:old"))
        );
        assert_eq!(CloudRole::over(seen.clone(), None), None);
        let written = to_value(CloudRole::over(seen, Some(&role))).unwrap();
        assert_eq!(written, json!({"cloudRoleArn": "arn:r", "x": 1}));
        for none in [json!(null), json!({}), json!({"cloudRoleArn": ""})] {
            assert_eq!(CloudRole::seen(part(none).as_ref()), None);
        }
    }
}
