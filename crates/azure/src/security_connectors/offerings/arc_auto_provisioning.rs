//! `arcAutoProvisioning`: Azure Arc on every instance, in two of the offerings.

use onboarding::offering::{self as domain, ArmId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::feature::{Feature, some_text};

/// Azure Arc on every instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArcAutoProvisioning {
    /// How the agent connects; absent is directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<ArcConfiguration>,
    /// The switch and the role that runs the installation.
    #[serde(flatten)]
    pub feature: Feature,
}

/// `arcAutoProvisioning.configuration`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ArcConfiguration {
    /// The URL of the proxy that the agent uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// The ARM id of the private link scope that the agent uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_link_scope: Option<String>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl ArcAutoProvisioning {
    pub(super) fn seen(part: Option<&Self>) -> Option<domain::Arc> {
        let role = Feature::seen(part.map(|part| &part.feature))?;
        let configuration = part.and_then(|part| part.configuration.as_ref());
        let text = |of: fn(&ArcConfiguration) -> Option<&String>| {
            some_text(configuration.and_then(of)).cloned()
        };
        Some(domain::Arc {
            role,
            proxy: text(|one| one.proxy.as_ref()),
            private_link_scope: text(|one| one.private_link_scope.as_ref()).map(ArmId),
        })
    }

    pub(super) fn over(seen: Option<Self>, wanted: Option<&domain::Arc>) -> Option<Self> {
        let Some(wanted) = wanted else {
            return seen.map(Self::off);
        };
        let seen = seen.unwrap_or_default();
        let scope = wanted.private_link_scope.as_ref();
        Some(Self {
            configuration: Some(ArcConfiguration {
                proxy: wanted.proxy.clone(),
                private_link_scope: scope.map(|ArmId(id)| id.clone()),
                ..seen.configuration.unwrap_or_default()
            }),
            feature: seen.feature.on(&wanted.role),
        })
    }

    fn off(self) -> Self {
        let only_unknown = |configuration: ArcConfiguration| ArcConfiguration {
            other: configuration.other,
            ..ArcConfiguration::default()
        };
        Self {
            configuration: self.configuration.map(only_unknown),
            feature: self.feature.off(),
        }
    }
}

#[cfg(test)]
mod tests {
    use onboarding::RoleArn;
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn wanted(proxy: Option<&str>) -> domain::Arc {
        domain::Arc {
            role: RoleArn::seen("arn:a"),
            proxy: proxy.map(str::to_owned),
            private_link_scope: None,
        }
    }

    fn part(configuration: &Value) -> Option<ArcAutoProvisioning> {
        let body =
            json!({"enabled": true, "cloudRoleArn": "arn:a", "configuration": configuration});
        from_value(body).unwrap()
    }

    #[test]
    fn a_direct_connection_is_one_in_whatever_form() {
        for direct in [
            json!(null),
            json!({}),
            json!({"proxy": "", "privateLinkScope": ""}),
            json!({"proxy": null, "privateLinkScope": null}),
        ] {
            let seen = ArcAutoProvisioning::seen(part(&direct).as_ref());
            assert_eq!(seen, Some(wanted(None)), "{direct}");
        }
        let seen = ArcAutoProvisioning::seen(part(&json!({"proxy": "http://p"})).as_ref());
        assert_eq!(seen, Some(wanted(Some("http://p"))));
    }

    #[test]
    fn what_is_not_wanted_goes_and_the_unknown_stays() {
        let seen = part(&json!({"proxy": "http://p", "privateLinkScope": "/s", "x": 1}));
        let over = |wanted: Option<domain::Arc>| {
            to_value(ArcAutoProvisioning::over(seen.clone(), wanted.as_ref())).unwrap()
        };
        assert_eq!(
            over(Some(wanted(Some("http://q")))),
            json!({"enabled": true, "cloudRoleArn": "arn:a",
                "configuration": {"proxy": "http://q", "x": 1}})
        );
        assert_eq!(
            over(None),
            json!({"enabled": false, "configuration": {"x": 1}})
        );
        assert_eq!(ArcAutoProvisioning::over(None, None), None);
    }

    #[test]
    fn a_new_one_has_an_empty_configuration() {
        let new = ArcAutoProvisioning::over(None, Some(&wanted(None)));
        assert_eq!(
            to_value(new).unwrap(),
            json!({"enabled": true, "cloudRoleArn": "arn:a", "configuration": {}})
        );
    }
}
