//! `RoleNames`: what Defender's roles are called in the account.

use custom_resource::Failure;
use onboarding::{RoleKey, RoleName, RoleNames};
use serde::Deserialize;

/// A property for each role, named as the role's key.
macro_rules! role_names {
    ($($field:ident: $key:ident),+ $(,)?) => {
        /// `RoleNames`.
        #[derive(Debug, Default, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        pub struct RoleNameProperties {
            $($field: Option<RoleName>,)+
        }

        impl RoleNameProperties {
            /// The names that are given.
            pub fn given(&self) -> Vec<(RoleKey, RoleName)> {
                let all = [$((RoleKey::$key, &self.$field)),+];
                all.into_iter()
                    .filter_map(|(key, name)| Some((key, name.clone()?)))
                    .collect()
            }
        }
    };
}

role_names! {
    cspm_monitor: CspmMonitor,
    agentless_scanner: AgentlessScanner,
    sensitive_data_discovery: SensitiveDataDiscovery,
    data_security_posture_db: DataSecurityPostureDb,
    ciem_oidc: CiemOidc,
    ciem: Ciem,
    defender_for_servers: DefenderForServers,
    arc_auto_provisioning: ArcAutoProvisioning,
    containers_k8s: ContainersK8s,
    containers_data_collection: ContainersDataCollection,
    containers_cloud_watch_to_kinesis: ContainersCloudWatchToKinesis,
    containers_kinesis_to_s3: ContainersKinesisToS3,
    containers_agentless_discovery: ContainersAgentlessDiscovery,
    containers_image_assessment: ContainersImageAssessment,
    data_threat_protection_db: DataThreatProtectionDb,
}

impl RoleNameProperties {
    /// The names that are given, each one that Defender accepts for its role.
    pub fn checked(&self) -> Result<Vec<(RoleKey, RoleName)>, Failure> {
        let given = self.given();
        match given.iter().find(|(key, name)| !key.accepts(name)) {
            Some((key, _)) => Err(Failure::new(format!(
                "ResourceProperties.RoleNames.{key:?}: expected a name that begins with MDC: \
                 Defender accepts no other for this role"
            ))),
            None => Ok(given),
        }
    }

    /// The given names, and Microsoft's for the others.
    pub fn names(&self) -> Result<RoleNames, Failure> {
        let mut names = RoleNames::default();
        for (key, name) in self.checked()? {
            names.set(key, name);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use onboarding::roles::ROLES;
    use serde_json::{Map, Value, json};

    use super::*;

    #[test]
    fn every_role_can_be_named() {
        let all: Map<String, Value> = ROLES
            .iter()
            .map(|row| {
                (
                    format!("{:?}", row.key),
                    json!(format!("MDC-{:?}", row.key)),
                )
            })
            .collect();
        let read: RoleNameProperties = serde_json::from_value(all.into()).unwrap();
        assert_eq!(read.checked().unwrap().len(), ROLES.len());
        for (key, name) in read.given() {
            assert_eq!(name.as_str(), format!("MDC-{key:?}"));
        }
    }

    #[test]
    fn what_is_not_named_has_microsofts_name() {
        let read: RoleNameProperties = serde_json::from_value(json!({"Ciem": "Ours"})).unwrap();
        let names = read.names().unwrap();
        assert_eq!(names.get(RoleKey::Ciem).as_str(), "Ours");
        assert_eq!(
            names.get(RoleKey::CiemOidc).as_str(),
            "DefenderForCloud-OidcCiem"
        );
    }

    #[test]
    fn a_name_that_defender_does_not_accept_is_refused_by_its_path() {
        let read = json!({"ContainersImageAssessment": "Ours"});
        let read: RoleNameProperties = serde_json::from_value(read).unwrap();
        let reason = read.names().unwrap_err().to_string();
        assert!(
            reason.starts_with("ResourceProperties.RoleNames.ContainersImageAssessment: "),
            "{reason}"
        );
    }
}
