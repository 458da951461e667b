//! The roles of templates/access.yaml that Arc auto-provisioning names.

/// Writes and removes the four tags, for our runbooks.
pub const RUNBOOK_ROLE: &str = "DefenderConnectorRunbook";
/// Attaches our instance profile, for AWS's runbook.
pub const ATTACH_PROFILE_ROLE: &str = "DefenderConnectorAttachProfile";
/// In our instance profile.
pub const INSTANCE_ROLE: &str = "DefenderConnectorInstance";
/// Lent to instances by Default Host Management.
pub const HOST_MANAGEMENT_ROLE: &str = "DefenderConnectorHostManagement";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_are_the_templates() {
        let template = include_str!("../../../../templates/access.yaml");
        for role in [
            RUNBOOK_ROLE,
            ATTACH_PROFILE_ROLE,
            INSTANCE_ROLE,
            HOST_MANAGEMENT_ROLE,
        ] {
            assert!(template.contains(&format!("RoleName: {role}\n")), "{role}");
        }
    }
}
