//! The setting of Default Host Management.

use onboarding::arc::ports::{HostSetting, RegionError};
use onboarding::arc::roles::HOST_MANAGEMENT_ROLE;

use super::SystemsManager;
use crate::failure::Failure;

/// The setting's id.
const SETTING: &str = "/ssm/managed-instance/default-ec2-instance-management-role";
/// Its value where it is off.
const OFF: &str = "$None";

impl SystemsManager {
    async fn read(&self) -> Result<Option<String>, Failure> {
        let request = self
            .client()
            .await?
            .get_service_setting()
            .setting_id(SETTING);
        let answer = self
            .call("ssm:GetServiceSetting")
            .send(request.send())
            .await?;
        let value = answer
            .service_setting
            .and_then(|setting| setting.setting_value);
        Ok(value.filter(|value| !value.is_empty() && value != OFF))
    }

    async fn write(&self) -> Result<(), Failure> {
        let request = self
            .client()
            .await?
            .update_service_setting()
            .setting_id(SETTING)
            .setting_value(HOST_MANAGEMENT_ROLE);
        self.call("ssm:UpdateServiceSetting")
            .send(request.send())
            .await
            .map(drop)
    }

    async fn reset(&self) -> Result<(), Failure> {
        let request = self
            .client()
            .await?
            .reset_service_setting()
            .setting_id(SETTING);
        self.call("ssm:ResetServiceSetting")
            .send(request.send())
            .await
            .map(drop)
    }
}

impl HostSetting for SystemsManager {
    async fn registered(&self) -> Result<Option<String>, RegionError> {
        self.read().await.map_err(|failure| self.explain(failure))
    }

    async fn register(&self) -> Result<(), RegionError> {
        self.write().await.map_err(|failure| self.explain(failure))
    }

    async fn deregister(&self) -> Result<(), RegionError> {
        self.reset().await.map_err(|failure| self.explain(failure))
    }
}
