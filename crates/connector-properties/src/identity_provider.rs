//! Properties of `Custom::IdentityProvider`.

use custom_resource::Failure;
use onboarding::provider::Provider;
use onboarding::{AccountId, RoleKey, RoleName, TenantId};
use serde::Deserialize;

use crate::{Limits, RoleNameProperties};

/// Properties of `Custom::IdentityProvider`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IdentityProviderProperties {
    /// The account that gets the provider.
    pub account_id: AccountId,
    /// The tenant that issues to CIEM; absent for Defender's own provider.
    pub tenant_id: Option<TenantId>,
    /// The roles that the stack is about to make, under the names it will give them.
    #[serde(default)]
    pub role_names: RoleNameProperties,
}

impl IdentityProviderProperties {
    /// The roles that the stack is about to make, under the names it will give them.
    pub fn roles(&self) -> Result<Vec<(RoleKey, RoleName)>, Failure> {
        self.role_names.checked()
    }

    /// The provider that is meant.
    pub fn provider(&self, limits: &Limits) -> Result<Provider, Failure> {
        match &self.tenant_id {
            None => Ok(Provider::Defender),
            Some(tenant) if *tenant == limits.tenant => Ok(Provider::Ciem(tenant.clone())),
            Some(_) => Err(Failure::new(format!(
                "ResourceProperties.TenantId: this function is limited to tenant {} by its environment; change AzureTenantId, which changes both",
                limits.tenant
            ))),
        }
    }
}
