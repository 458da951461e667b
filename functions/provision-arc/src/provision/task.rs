//! What a pass is to bring about.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::arc::host_management::HostManagement;
use onboarding::arc::machine::Repair;
use onboarding::arc::ports::Records;
use onboarding::arc::roles::{ATTACH_PROFILE_ROLE, INSTANCE_ROLE, RUNBOOK_ROLE};
use onboarding::arc::{Goal, RunId};
use onboarding::{AccountId, FailureKind, Partition, PortError, RegionName};
use tokio::time::Instant;

/// What kind of run the task is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One over the stack's own account, by a resource of the stack or its sweep.
    OwnAccount,
    /// One over the organization.
    Organization,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// To put the tags on.
    Onboard,
    /// To take them off everywhere, since the account leaves.
    Offboard,
    /// To take them off in some Regions, while the account stays.
    Narrow,
}

impl Errand {
    /// The name that the state machine and reports know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onboard => "Onboard",
            Self::Offboard => "Offboard",
            Self::Narrow => "Narrow",
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Task {
    /// In which account.
    pub account: AccountId,
    /// Its partition.
    pub partition: Partition,
    /// As part of which run.
    pub run: RunId,
    /// Of what kind that is.
    pub reach: Reach,
    /// What for.
    pub errand: Errand,
    /// What the tags should be.
    pub goal: Goal,
    /// In which Regions; none means all that are enabled.
    pub chosen: BTreeSet<RegionName>,
    /// How Systems Manager gets to manage instances.
    pub host_management: HostManagement,
    /// Whether tags that an Arc machine lacks are added.
    pub repair: Repair,
    /// How many executions may run at once in a Region.
    pub at_once: u16,
    /// How many instances one call may start a runbook for.
    pub largest_batch: usize,
    /// Until when.
    pub until: Instant,
}

impl Task {
    fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }

    /// The parameters of our runbooks, but for the instance.
    pub(super) fn tag_parameters(&self) -> BTreeMap<&'static str, String> {
        let tags = self.goal.tags();
        BTreeMap::from([
            ("AutomationAssumeRole", self.role(RUNBOOK_ROLE)),
            ("AccountIdTagValue", tags.account.to_string()),
            ("CloudTagValue", tags.cloud.to_string()),
            ("ConnectorTagValue", tags.connector.to_string()),
        ])
    }

    /// The parameters of AWS's runbook, but for the instance.
    pub(super) fn profile_parameters(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("AutomationAssumeRole", self.role(ATTACH_PROFILE_ROLE)),
            ("RoleName", INSTANCE_ROLE.to_owned()),
            ("ForceReplace", "false".to_owned()),
        ])
    }

    /// Why nothing may be started, if so: a sweep that is late must not put back what a delete
    /// takes away.
    pub(super) async fn refusal(
        &self,
        records: &impl Records,
    ) -> Result<Option<PortError>, PortError> {
        let onboards = matches!(self.goal, Goal::Apply(..));
        if !onboards || !records.is_leaving(&self.account).await? {
            return Ok(None);
        }
        let reason = format!("account {} is being taken out", self.account);
        Ok(Some(PortError::new(FailureKind::Conflict, reason)))
    }
}
