//! What a stack may say, and what it means. Everything is read before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use azure::{Dialect, SubPlanForm};
use custom_resource::{Failure, scalars};
use onboarding::connector::ScanInterval;
use onboarding::deployment::is_reserved;
use onboarding::provider::Provider;
use onboarding::{
    AccountId, ApiVersionSetting, ConnectorId, ConnectorName, Deployment, Location, Partition,
    RegionName, ResourceGroup, RoleArn, RoleKey, RoleName, SubscriptionId, TenantId,
    WantedConnector,
};
use serde::Deserialize;
use serde_json::Value;

use crate::registration::Wanted;

mod plans;
mod role_names;
mod tags;

pub use plans::PlanProperties;
pub use role_names::RoleNameProperties;
use tags::{TagKey, TagValue};

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

/// Properties of `Custom::SecurityConnector`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SecurityConnectorProperties {
    /// The account to connect.
    pub account_id: AccountId,
    /// The connector's subscription; the function's environment allows one.
    pub subscription_id: SubscriptionId,
    /// The connector's resource group; the function's environment allows one.
    pub resource_group: ResourceGroup,
    /// The connector's Azure location.
    pub location: Location,
    /// The connector's name; `aws-<AccountId>` when absent.
    pub connector_name: Option<ConnectorName>,
    /// How often Defender scans.
    #[serde(default)]
    pub scan_interval_hours: ScanIntervalHours,
    /// AWS Regions; none means all.
    #[serde(default, deserialize_with = "scalars::list")]
    pub regions: Vec<RegionName>,
    /// Names of Defender's roles.
    #[serde(default)]
    pub role_names: RoleNameProperties,
    /// Azure tags of the user's own.
    #[serde(default)]
    pub tags: BTreeMap<TagKey, TagValue>,
    /// Whether a connector of others may be taken over.
    #[serde(default, deserialize_with = "scalars::boolean")]
    pub adopt_existing: bool,
    /// The plans.
    #[serde(default)]
    pub plans: PlanProperties,
    /// The API version to write with.
    #[serde(default)]
    pub api_version: ApiVersionSetting,
    /// How `subPlan` is written.
    #[serde(default)]
    pub sub_plan_form: SubPlanForm,
}

/// 4, 6, 12 or 24.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct ScanIntervalHours(#[serde(deserialize_with = "scan_interval")] ScanInterval);

impl Default for ScanIntervalHours {
    fn default() -> Self {
        Self(ScanInterval::DEFAULT)
    }
}

fn scan_interval<'de, D: serde::Deserializer<'de>>(d: D) -> Result<ScanInterval, D::Error> {
    let hours: i64 = scalars::integer(d)?;
    ScanInterval::from_hours(hours)
        .ok_or_else(|| serde::de::Error::custom("expected 4, 6, 12 or 24 hours"))
}

/// Azure takes 50 tags on a resource; four of them are ours.
const OWN_TAGS_MOST: usize = 46;

/// What the function's environment allows.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The one subscription.
    pub subscription: SubscriptionId,
    /// The one resource group.
    pub resource_group: ResourceGroup,
    /// The one tenant.
    pub tenant: TenantId,
    /// The partition that role ARNs are built for.
    pub partition: Partition,
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

impl SecurityConnectorProperties {
    /// The wanted connector. `old` are the properties before an update.
    pub fn wanted(
        &self,
        limits: &Limits,
        deployment: &Deployment,
        old: Option<&Value>,
    ) -> Result<Wanted, Failure> {
        self.check(limits)?;
        let name = || ConnectorName::for_account(&self.account_id);
        let names = self.role_names.names()?;
        let plans = self.plans.plans()?;
        let own = self
            .tags
            .iter()
            .map(|(TagKey(key), TagValue(value))| (key.clone(), value.clone()));
        let id = ConnectorId {
            subscription: self.subscription_id.clone(),
            resource_group: self.resource_group.clone(),
            name: self.connector_name.clone().unwrap_or_else(name),
        };
        let connector = WantedConnector {
            id,
            account: self.account_id.clone(),
            location: self.location.clone(),
            scan_interval: self.scan_interval_hours.0,
            regions: self.regions.iter().map(ToString::to_string).collect(),
            offerings: plans.offerings(|key| {
                RoleArn::new(&limits.partition, &self.account_id, &names.get(key))
            }),
            tags: own.chain(deployment.tags()).collect(),
            withdrawn_tags: old.map(|old| self.withdrawn_tags(old)).unwrap_or_default(),
        };
        let roles = plans.roles().into_iter();
        Ok(Wanted {
            connector,
            roles: roles.map(|key| (key, names.get(key))).collect(),
            ciem_subject: plans.ciem().map(|ciem| ciem.subject.clone()),
            newer_properties: plans.newer_properties(),
            adopt_existing: self.adopt_existing,
        })
    }

    /// How to speak to the service.
    pub fn dialect(&self) -> Dialect {
        Dialect {
            api_version: self.api_version,
            sub_plan_form: self.sub_plan_form,
        }
    }

    fn check(&self, limits: &Limits) -> Result<(), Failure> {
        if self.subscription_id != limits.subscription {
            return Err(Failure::new(format!(
                "ResourceProperties.SubscriptionId: this function is limited to subscription {} by its environment; change AzureSubscriptionId, which changes both",
                limits.subscription
            )));
        }
        if self.resource_group != limits.resource_group {
            return Err(Failure::new(format!(
                "ResourceProperties.ResourceGroup: this function is limited to resource group {} by its environment; change AzureResourceGroup, which changes both",
                limits.resource_group
            )));
        }
        if self.tags.len() > OWN_TAGS_MOST {
            return Err(Failure::new(format!(
                "ResourceProperties.Tags: expected at most {OWN_TAGS_MOST} tags"
            )));
        }
        Ok(())
    }

    /// Tags that the stack asked for before and asks for no more.
    fn withdrawn_tags(&self, old: &Value) -> BTreeSet<String> {
        let before = old["Tags"]
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys);
        let kept = |key: &&String| {
            !is_reserved(key)
                && !self
                    .tags
                    .keys()
                    .any(|TagKey(now)| now.eq_ignore_ascii_case(key))
        };
        before.filter(kept).cloned().collect()
    }
}

/// The role names in properties that may be anything.
pub fn role_names_in(properties: &Value) -> BTreeSet<String> {
    let names = properties["RoleNames"]
        .as_object()
        .into_iter()
        .flat_map(|names| names.values());
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// How to speak to the service, by properties that may be anything.
pub fn dialect_in(properties: &Value) -> Dialect {
    let setting = properties["ApiVersion"].as_str().map(str::to_owned);
    let api_version = setting.and_then(|text| ApiVersionSetting::try_from(text).ok());
    Dialect {
        api_version: api_version.unwrap_or_default(),
        ..Dialect::default()
    }
}

/// The provider in properties that may be anything.
pub fn provider_in(properties: &Value) -> Provider {
    let tenant = properties["TenantId"].as_str();
    match tenant.and_then(|tenant| tenant.parse().ok()) {
        Some(tenant) => Provider::Ciem(tenant),
        None => Provider::Defender,
    }
}

/// The account in properties that may be anything.
pub fn account_in(properties: &Value) -> Option<AccountId> {
    properties["AccountId"].as_str()?.parse().ok()
}

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod tests;
