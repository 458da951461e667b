//! `ciem`: entitlement management, which is on where it is there.

use onboarding::RoleArn;
use onboarding::offering as domain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::feature::{CloudRole, some_text};

/// Cloud infrastructure entitlement management.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ciem {
    /// What reads the entitlements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciem_discovery: Option<CloudRole>,
    /// What the application signs in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciem_oidc: Option<CiemOidc>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// `ciem.ciemOidc`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CiemOidc {
    /// The display name of the application in the customer's tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_active_directory_app_name: Option<String>,
    /// The role.
    #[serde(flatten)]
    pub role: CloudRole,
}

impl Ciem {
    /// The feature has no switch: one role or the application's name is enough to be on, and what
    /// is then missing is unlike everything that is wanted.
    pub(super) fn seen(part: Option<&Self>) -> Option<domain::CiemRoles> {
        let part = part?;
        let oidc = part.ciem_oidc.as_ref();
        let discovery = CloudRole::seen(part.ciem_discovery.as_ref());
        let oidc_role = CloudRole::seen(oidc.map(|oidc| &oidc.role));
        let name = oidc.and_then(|oidc| oidc.azure_active_directory_app_name.as_ref());
        let name = some_text(name).cloned();
        if discovery.is_none() && oidc_role.is_none() && name.is_none() {
            return None;
        }
        let role = |role: Option<RoleArn>| role.unwrap_or_else(|| RoleArn::seen(""));
        Some(domain::CiemRoles {
            discovery: role(discovery),
            oidc: role(oidc_role),
            application_name: name.unwrap_or_default(),
        })
    }

    /// Without a switch, the only way to turn it off is to leave it out.
    pub(super) fn over(seen: Option<Self>, wanted: Option<&domain::CiemRoles>) -> Option<Self> {
        let wanted = wanted?;
        let seen = seen.unwrap_or_default();
        let oidc = seen.ciem_oidc.unwrap_or_default();
        Some(Self {
            ciem_discovery: CloudRole::over(seen.ciem_discovery, Some(&wanted.discovery)),
            ciem_oidc: Some(CiemOidc {
                azure_active_directory_app_name: Some(wanted.application_name.clone()),
                role: CloudRole {
                    cloud_role_arn: Some(wanted.oidc.to_string()),
                    ..oidc.role
                },
            }),
            other: seen.other,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn wanted() -> domain::CiemRoles {
        domain::CiemRoles {
            discovery: RoleArn::seen("arn:d"),
            oidc: RoleArn::seen("arn:o"),
            application_name: "app".into(),
        }
    }

    #[test]
    fn a_role_or_a_name_is_on_and_differs_while_the_rest_is_missing() {
        let seen = |body| {
            let part: Option<Ciem> = from_value(body).unwrap();
            Ciem::seen(part.as_ref())
        };
        for on in [
            json!({"ciemDiscovery": {"cloudRoleArn": "arn:d"}}),
            json!({"ciemOidc": {"cloudRoleArn": "arn:o"}}),
            json!({"ciemOidc": {"azureActiveDirectoryAppName": "app"}}),
        ] {
            let seen = seen(on.clone());
            assert!(seen.is_some() && seen != Some(wanted()), "{on}");
        }
        for off in [
            json!(null),
            json!({}),
            json!({"ciemDiscovery": {}, "ciemOidc": null}),
            json!({"ciemDiscovery": {"cloudRoleArn": ""},
                "ciemOidc": {"cloudRoleArn": "", "azureActiveDirectoryAppName": ""}}),
        ] {
            assert_eq!(seen(off.clone()), None, "{off}");
        }
    }

    #[test]
    fn it_is_written_over_what_is_there_or_left_out() {
        let there = json!({"x": 1, "ciemDiscovery": {"y": 2}, "ciemOidc": {"z": 3}});
        let part: Option<Ciem> = from_value(there).unwrap();
        assert_eq!(Ciem::over(part.clone(), None), None);
        let written = Ciem::over(part, Some(&wanted()));
        assert_eq!(Ciem::seen(written.as_ref()), Some(wanted()));
        assert_eq!(
            to_value(written).unwrap(),
            json!({"x": 1, "ciemDiscovery": {"y": 2, "cloudRoleArn": "arn:d"}, "ciemOidc":
                {"z": 3, "cloudRoleArn": "arn:o", "azureActiveDirectoryAppName": "app"}})
        );
    }
}
