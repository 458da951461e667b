//! Properties that may be anything, for the way out: a resource must go even where they were never
//! good.

use std::collections::BTreeSet;

use azure::Dialect;
use onboarding::provider::Provider;
use onboarding::{AccountId, ApiVersionSetting};
use serde_json::Value;

/// The role names.
pub fn role_names_in(properties: &Value) -> BTreeSet<String> {
    let names = properties["RoleNames"]
        .as_object()
        .into_iter()
        .flat_map(|names| names.values());
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// How to speak to the service.
pub fn dialect_in(properties: &Value) -> Dialect {
    let setting = properties["ApiVersion"].as_str().map(str::to_owned);
    let api_version = setting.and_then(|text| ApiVersionSetting::try_from(text).ok());
    Dialect {
        api_version: api_version.unwrap_or_default(),
        ..Dialect::default()
    }
}

/// The provider.
pub fn provider_in(properties: &Value) -> Provider {
    let tenant = properties["TenantId"].as_str();
    match tenant.and_then(|tenant| tenant.parse().ok()) {
        Some(tenant) => Provider::Ciem(tenant),
        None => Provider::Defender,
    }
}

/// The account.
pub fn account_in(properties: &Value) -> Option<AccountId> {
    properties["AccountId"].as_str()?.parse().ok()
}
