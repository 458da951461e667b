//! Properties of `Custom::SecurityConnector`.

use std::collections::{BTreeMap, BTreeSet};

use azure::{Dialect, SubPlanForm};
use custom_resource::{Failure, scalars};
use onboarding::connector::ScanInterval;
use onboarding::decision::Terms;
use onboarding::deployment::is_reserved;
use onboarding::{
    AccountId, ApiVersionSetting, ConnectorId, ConnectorName, Deployment, Location, RegionName,
    ResourceGroup, RoleArn, SubscriptionId, WantedConnector,
};
use serde::Deserialize;
use serde_json::Value;

use crate::tags::{TagKey, TagValue};
use crate::{Limits, OrganizationProperties, PlanProperties, RoleNameProperties, Wanted};

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
    /// Where Defender is to register the members of the account's organization itself.
    pub organization: Option<OrganizationProperties>,
    /// Whether a change was asked for of who registers these members: we, or Defender itself.
    #[serde(default, deserialize_with = "scalars::boolean")]
    pub migrate_member_registration: bool,
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
            organization: self
                .organization
                .as_ref()
                .map(OrganizationProperties::wanted),
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
            terms: self.terms(old),
        })
    }

    /// How to speak to the service.
    pub fn dialect(&self) -> Dialect {
        Dialect {
            api_version: self.api_version,
            sub_plan_form: self.sub_plan_form,
        }
    }

    /// Whoever takes a change back that was asked for asks for it, too: the rollback of an update has
    /// the properties of that update as its old ones.
    fn terms(&self, old: Option<&Value>) -> Terms {
        let asked_before = old.is_some_and(|old| {
            let asked = &old["MigrateMemberRegistration"];
            asked == "true" || *asked == true
        });
        Terms {
            adopt_existing: self.adopt_existing,
            management_account: None,
            migrate_member_registration: self.migrate_member_registration || asked_before,
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
