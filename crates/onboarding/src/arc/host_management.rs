//! How instances get into reach of Systems Manager, where the customer lets us help.

use serde::{Deserialize, Serialize};

use super::roles::HOST_MANAGEMENT_ROLE;

/// What we may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostManagement {
    /// Nothing but report.
    #[default]
    None,
    /// Attach our instance profile to instances that have none.
    InstanceProfile,
    /// Register our role for Default Host Management in Regions where none is.
    DefaultHostManagement,
}

/// What to do about Default Host Management in a Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingStep {
    /// Nothing: it is as wanted, or somebody else's.
    Nothing,
    /// Register our role.
    Register,
    /// Take our registration back.
    Deregister,
}

/// Decides by the role that is registered. Ours has a name that only our template gives, so nothing
/// has to be remembered to tell it from that of somebody else.
pub fn setting_step(is_wanted: bool, registered: Option<&str>) -> SettingStep {
    match registered {
        None if is_wanted => SettingStep::Register,
        Some(role) if !is_wanted && is_ours(role) => SettingStep::Deregister,
        _ => SettingStep::Nothing,
    }
}

/// Whether a registered role, which may have a path or be a whole ARN, is ours.
pub fn is_ours(role: &str) -> bool {
    role.rsplit('/').next() == Some(HOST_MANAGEMENT_ROLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: &str = "service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole";

    #[test]
    fn our_role_is_registered_only_where_none_is() {
        assert_eq!(setting_step(true, None), SettingStep::Register);
        assert_eq!(setting_step(true, Some(THEIRS)), SettingStep::Nothing);
        let ours = Some(HOST_MANAGEMENT_ROLE);
        assert_eq!(setting_step(true, ours), SettingStep::Nothing);
    }

    #[test]
    fn only_what_we_registered_is_taken_back() {
        for ours in [
            "DefenderConnectorHostManagement",
            "/DefenderConnectorHostManagement",
            "arn:aws:iam::111122223333:role/DefenderConnectorHostManagement",
        ] {
            assert_eq!(setting_step(false, Some(ours)), SettingStep::Deregister);
        }
        assert_eq!(setting_step(false, Some(THEIRS)), SettingStep::Nothing);
        assert_eq!(setting_step(false, None), SettingStep::Nothing);
        assert!(!is_ours("XDefenderConnectorHostManagement") && !is_ours(""));
    }
}
