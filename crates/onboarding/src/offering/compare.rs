//! Whether what is seen is what is wanted.

use super::{
    CspmMonitorAws, DefenderCspmAws, DefenderForContainersAws, DefenderForDatabasesAws,
    DefenderForServersAws, Offering,
};
use crate::RoleArn;

impl Offering {
    /// Whether `seen` is as this offering wants it. Fields that are not wanted either way (those of
    /// a newer API version, say) do not count.
    pub fn is_met_by(&self, seen: &Self) -> bool {
        match (self, seen) {
            (Self::DefenderCspmAws(wanted), Self::DefenderCspmAws(seen)) => wanted.is_met_by(seen),
            (Self::DefenderForContainersAws(wanted), Self::DefenderForContainersAws(seen)) => {
                wanted.is_met_by(seen)
            }
            (wanted, seen) => wanted == seen,
        }
    }

    /// The roles that Defender would assume for it.
    pub fn roles(&self) -> Vec<&RoleArn> {
        let named: Vec<Option<&RoleArn>> = match self {
            Self::CspmMonitorAws(CspmMonitorAws {
                native_cloud_connection,
            }) => vec![native_cloud_connection.as_ref()],
            Self::DefenderCspmAws(offering) => offering.roles(),
            Self::DefenderForServersAws(DefenderForServersAws {
                defender_for_servers,
                arc_auto_provisioning,
                vm_scanners,
                ..
            }) => vec![
                defender_for_servers.as_ref(),
                arc_auto_provisioning.as_ref().map(|arc| &arc.role),
                vm_scanners.as_ref().map(|scanners| &scanners.role),
            ],
            Self::DefenderForContainersAws(offering) => offering.roles(),
            Self::DefenderForDatabasesAws(DefenderForDatabasesAws {
                arc_auto_provisioning,
                rds,
                databases_dspm,
            }) => vec![
                arc_auto_provisioning.as_ref().map(|arc| &arc.role),
                rds.as_ref(),
                databases_dspm.as_ref(),
            ],
            Self::Unmanaged { .. } => Vec::new(),
        };
        named.into_iter().flatten().collect()
    }
}

impl DefenderCspmAws {
    fn is_met_by(&self, seen: &Self) -> bool {
        let mut seen = seen.clone();
        set_aside(self.serverless_containers, &mut seen.serverless_containers);
        *self == seen
    }

    fn roles(&self) -> Vec<Option<&RoleArn>> {
        vec![
            self.vm_scanners.as_ref().map(|scanners| &scanners.role),
            self.data_sensitivity_discovery.as_ref(),
            self.databases_dspm.as_ref(),
            self.containers_image_assessment.as_ref(),
            self.containers_agentless_discovery.as_ref(),
            self.ciem.as_ref().map(|ciem| &ciem.discovery),
            self.ciem.as_ref().map(|ciem| &ciem.oidc),
        ]
    }
}

impl DefenderForContainersAws {
    fn is_met_by(&self, seen: &Self) -> bool {
        let mut seen = seen.clone();
        if self.retention_days.is_none() {
            seen.retention_days = None;
        }
        match (
            &self.data_collection_external_id,
            &mut seen.data_collection_external_id,
        ) {
            (None, seen) => *seen = None,
            // A GUID in whatever case.
            (Some(wanted), Some(seen)) if wanted.eq_ignore_ascii_case(seen) => {
                seen.clone_from(wanted);
            }
            _ => {}
        }
        if self.installation_method.is_none() {
            seen.installation_method = None;
        }
        set_aside(self.security_gating, &mut seen.security_gating);
        set_aside(self.anti_malware, &mut seen.anti_malware);
        *self == seen
    }

    fn roles(&self) -> Vec<Option<&RoleArn>> {
        vec![
            self.kubernetes_service.as_ref(),
            self.kubernetes_data_collection.as_ref(),
            self.cloud_watch_to_kinesis.as_ref(),
            self.kinesis_to_s3.as_ref(),
            self.image_assessment.as_ref(),
            self.agentless_discovery.as_ref(),
            self.vm_scanners.as_ref().map(|scanners| &scanners.role),
        ]
    }
}

/// A switch that is not wanted either way does not count; one that the service leaves out is off.
fn set_aside(wanted: Option<bool>, seen: &mut Option<bool>) {
    *seen = wanted.map(|_| seen.unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offering::{Arc, ArmId, Reading};
    use crate::plans::InstallationMethod;

    #[test]
    fn fields_that_are_not_wanted_either_way_do_not_count() {
        let wanted = DefenderForContainersAws::default();
        let seen = DefenderForContainersAws {
            retention_days: Some(30),
            data_collection_external_id: Some("x".into()),
            installation_method: Some(Reading::Unknown),
            security_gating: Some(true),
            anti_malware: Some(false),
            ..wanted.clone()
        };
        let met = |wanted: &DefenderForContainersAws, seen: &DefenderForContainersAws| {
            Offering::DefenderForContainersAws(wanted.clone())
                .is_met_by(&Offering::DefenderForContainersAws(seen.clone()))
        };
        assert!(met(&wanted, &seen));
        for changed in [
            DefenderForContainersAws {
                retention_days: Some(31),
                ..wanted.clone()
            },
            DefenderForContainersAws {
                data_collection_external_id: Some("y".into()),
                ..wanted.clone()
            },
            DefenderForContainersAws {
                installation_method: Some(Reading::Known(InstallationMethod::Helm)),
                ..wanted.clone()
            },
            DefenderForContainersAws {
                security_gating: Some(false),
                ..wanted.clone()
            },
            DefenderForContainersAws {
                policy_agent: true,
                ..wanted.clone()
            },
        ] {
            assert!(!met(&changed, &seen), "{changed:?}");
        }
        let upper = DefenderForContainersAws {
            data_collection_external_id: Some("X".into()),
            ..wanted.clone()
        };
        assert!(met(&upper, &seen));
    }

    #[test]
    fn a_switch_that_the_service_leaves_out_is_off() {
        let wanted = |switch| {
            Offering::DefenderCspmAws(DefenderCspmAws {
                serverless_containers: switch,
                ..DefenderCspmAws::default()
            })
        };
        assert!(wanted(Some(false)).is_met_by(&wanted(None)));
        assert!(!wanted(Some(true)).is_met_by(&wanted(None)));
        assert!(wanted(None).is_met_by(&wanted(Some(true))));
    }

    #[test]
    fn ids_have_no_case_and_another_type_never_fits() {
        let servers = |scope: &str| {
            Offering::DefenderForServersAws(DefenderForServersAws {
                arc_auto_provisioning: Some(Arc {
                    role: RoleArn::seen("arn:r"),
                    proxy: None,
                    private_link_scope: Some(ArmId(scope.into())),
                }),
                ..DefenderForServersAws::default()
            })
        };
        assert!(servers("/Subscriptions/A").is_met_by(&servers("/subscriptions/a")));
        assert!(!servers("/subscriptions/b").is_met_by(&servers("/subscriptions/a")));
        let other = Offering::Unmanaged {
            offering_type: "DefenderForServersAws".into(),
        };
        assert!(!servers("/subscriptions/a").is_met_by(&other));
    }
}
