//! What a stack may say, and what it means. Everything is read before anything is started.

use std::collections::BTreeSet;

use aws::StateMachineArn;
use custom_resource::{Failure, parse_properties, scalars};
use onboarding::arc::host_management::HostManagement;
use onboarding::arc::machine::Repair;
use onboarding::arc::{Goal, LARGEST_BATCH, RunId, TagValue, WantedTags};
use onboarding::{AccountId, ExclusionTags, Partition, RegionName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::provision::{Errand, Reach, Task};

/// The largest share of an account's quota of 100 executions.
const MOST_AT_ONCE: u16 = 100;

/// Properties of `Custom::ArcAutoProvisioning`, and what the wanted state holds under `Arc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ArcProperties {
    /// The account whose instances are meant.
    pub account_id: AccountId,
    /// AWS Regions; none means all that are enabled.
    #[serde(default, deserialize_with = "scalars::list")]
    pub regions: Vec<RegionName>,
    /// The value of the tag `MDFCSecurityConnector`.
    #[serde(default = "TagValue::default_connector")]
    pub connector_tag_value: TagValue,
    /// The value of the tag `Cloud`.
    #[serde(default = "TagValue::default_cloud")]
    pub cloud_tag_value: TagValue,
    /// How Systems Manager gets to manage instances.
    #[serde(default)]
    pub host_management: HostManagement,
    /// Instances with one of these tags are left alone.
    #[serde(default)]
    pub exclusion_tags: ExclusionTags,
    /// How many executions may run at once in a Region.
    #[serde(default)]
    pub max_concurrent_automations: AtOnce,
    /// Whether tags that an Azure Arc machine lacks are added to it.
    #[serde(default, deserialize_with = "scalars::boolean")]
    pub repair_arc_machine_tags: bool,
    /// The state machine that carries a request out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_machine_arn: Option<StateMachineArn>,
}

/// 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AtOnce(#[serde(deserialize_with = "at_once")] u16);

impl Default for AtOnce {
    fn default() -> Self {
        Self(25)
    }
}

/// Properties of `Custom::ArcRegions`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ArcRegionsProperties {
    /// The account that is asked.
    pub account_id: AccountId,
    /// AWS Regions; none means all that are enabled.
    #[serde(default, deserialize_with = "scalars::list")]
    pub regions: Vec<RegionName>,
    /// The value of the tag `MDFCSecurityConnector`: an update that takes Regions out finds here
    /// what is to be taken off there.
    #[serde(default = "TagValue::default_connector")]
    pub connector_tag_value: TagValue,
    /// The value of the tag `Cloud`, likewise.
    #[serde(default = "TagValue::default_cloud")]
    pub cloud_tag_value: TagValue,
    /// How many executions may run at once in a Region.
    #[serde(default)]
    pub max_concurrent_automations: AtOnce,
    /// The state machine that takes tags off.
    pub state_machine_arn: Option<StateMachineArn>,
}

fn at_once<'de, D: serde::Deserializer<'de>>(d: D) -> Result<u16, D::Error> {
    let count: u16 = scalars::integer(d)?;
    if (1..=MOST_AT_ONCE).contains(&count) {
        Ok(count)
    } else {
        let expected = format_args!("expected a number from 1 to {MOST_AT_ONCE}");
        Err(serde::de::Error::custom(expected))
    }
}

/// Where and when a task is done.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The partition of the account.
    pub partition: Partition,
    /// The run.
    pub run: RunId,
    /// Of what kind it is.
    pub reach: Reach,
    /// Until when.
    pub until: Instant,
}

impl ArcProperties {
    /// Properties that may be anything, for the way out: what cannot be read has its default.
    pub fn lenient(raw: &Value, account: &AccountId) -> Self {
        let mut read = json!({"AccountId": account});
        for (key, value) in raw.as_object().into_iter().flatten() {
            let mut one = json!({"AccountId": account});
            one[key] = value.clone();
            if key != "AccountId" && parse_properties::<Self>(&one).is_ok() {
                read[key] = value.clone();
            }
        }
        parse_properties(&read).unwrap_or_else(|_| Self {
            account_id: account.clone(),
            regions: Vec::new(),
            connector_tag_value: TagValue::default_connector(),
            cloud_tag_value: TagValue::default_cloud(),
            host_management: HostManagement::default(),
            exclusion_tags: ExclusionTags::default(),
            max_concurrent_automations: AtOnce::default(),
            repair_arc_machine_tags: false,
            state_machine_arn: None,
        })
    }

    /// The state machine to start.
    pub fn state_machine(&self) -> Result<&StateMachineArn, Failure> {
        let missing = "ResourceProperties.StateMachineArn: expected the ARN of a state machine";
        self.state_machine_arn
            .as_ref()
            .ok_or_else(|| Failure::new(missing))
    }

    /// What is to be done to put the tags on, or to take them away.
    pub fn task(&self, errand: Errand, circumstances: Circumstances) -> Task {
        let tags = WantedTags {
            account: self.account_id.clone(),
            cloud: self.cloud_tag_value.clone(),
            connector: self.connector_tag_value.clone(),
        };
        let Circumstances {
            partition,
            run,
            reach,
            until,
        } = circumstances;
        Task {
            account: self.account_id.clone(),
            partition,
            run,
            reach,
            errand,
            goal: match errand {
                Errand::Onboard => Goal::Apply(tags, self.exclusion_tags.clone()),
                Errand::Offboard | Errand::Narrow => Goal::Remove(tags),
            },
            chosen: self.regions.iter().cloned().collect::<BTreeSet<_>>(),
            host_management: self.host_management,
            repair: if self.repair_arc_machine_tags {
                Repair::On
            } else {
                Repair::Off
            },
            at_once: self.max_concurrent_automations.0,
            largest_batch: LARGEST_BATCH,
            until,
        }
    }
}

/// The account in properties that may be anything.
pub fn account_in(properties: &Value) -> Option<AccountId> {
    properties["AccountId"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests;
