//! Stacks that a stack set has in a member account, and which of them have to be made again.

use std::collections::BTreeSet;
use std::future::Future;

use super::{OperationId, Shown, StackSetName, TargetId};
use crate::{AccountId, PortError, RegionName};

/// How a stack of a stack set stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceStatus {
    /// It is as its stack set says.
    Current,
    /// It waits for its turn, or is said to.
    Pending,
    /// It is being made or changed.
    Running,
    /// It failed, was cancelled or skipped, or an older version is still there.
    Outdated,
    /// Its deletion failed, and no operation touches it any more.
    Inoperable,
}

impl InstanceStatus {
    /// Reads `Status` and `StackInstanceStatus.DetailedStatus`.
    pub fn read(status: Option<&str>, detailed: Option<&str>) -> Self {
        match (status.unwrap_or_default(), detailed.unwrap_or_default()) {
            ("INOPERABLE", _) | (_, "INOPERABLE" | "FAILED_IMPORT") => Self::Inoperable,
            (_, "RUNNING") => Self::Running,
            (_, "PENDING") => Self::Pending,
            ("CURRENT", _) => Self::Current,
            _ => Self::Outdated,
        }
    }
}

/// A stack of a stack set in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackInstance {
    /// Its Region.
    pub region: RegionName,
    /// How it stands.
    pub status: InstanceStatus,
    /// Why, in the service's words.
    pub reason: Shown,
    /// The root or unit by which the stack set reached the account.
    pub target: Option<TargetId>,
    /// The operation that touched it last.
    pub last_operation: Option<OperationId>,
}

/// How an operation on a stack set stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// It waits or works.
    UnderWay,
    /// It is over; single stacks may have failed all the same.
    Succeeded,
    /// It failed or was stopped.
    Failed,
}

impl OperationState {
    /// Reads `Status`. What did not exist when this was written has not ended.
    pub fn read(status: &str) -> Self {
        match status {
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" | "STOPPED" => Self::Failed,
            _ => Self::UnderWay,
        }
    }
}

/// Which stacks are to be made, made again or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackChoice<'a> {
    /// By which stack set.
    pub stack_set: &'a StackSetName,
    /// In which account.
    pub account: &'a AccountId,
    /// The roots or units that the stack set aims at, one of which has the account below it.
    pub within: &'a BTreeSet<TargetId>,
    /// In which Regions.
    pub regions: &'a BTreeSet<RegionName>,
}

/// `StackSets` of the management account, which reach member accounts.
pub trait StackInstances: Send + Sync {
    /// Whether the organization lets `StackSets` act in its accounts.
    fn is_trusted(&self) -> impl Future<Output = Result<bool, PortError>> + Send;
    /// The stacks that a stack set has in an account.
    fn instances(
        &self,
        stack_set: &StackSetName,
        account: &AccountId,
    ) -> impl Future<Output = Result<Vec<StackInstance>, PortError>> + Send;
    /// Has stacks made that are missing, and made again that are not current. The same id again
    /// starts nothing. Another operation that must end first is a transient failure.
    fn make(
        &self,
        choice: &StackChoice<'_>,
        id: &OperationId,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// Has stacks removed with all that is in them. The same id again starts nothing. Another
    /// operation that must end first is a transient failure.
    fn remove(
        &self,
        choice: &StackChoice<'_>,
        id: &OperationId,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// How an operation stands.
    fn operation(
        &self,
        stack_set: &StackSetName,
        id: &OperationId,
    ) -> impl Future<Output = Result<OperationState, PortError>> + Send;
}

/// What it takes to have every stack of a stack set in an account current.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repair {
    /// Where one is to be made or made again.
    pub make: BTreeSet<RegionName>,
    /// Where one is under way.
    pub under_way: BTreeSet<RegionName>,
    /// Where nothing helps but a person, and what the service says of it.
    pub stuck: Vec<(RegionName, Shown)>,
}

impl Repair {
    /// Whether there is nothing to do and nothing to wait for.
    pub fn is_done(&self) -> bool {
        self.make.is_empty() && self.under_way.is_empty()
    }
}

/// Compares the Regions that should have a stack with the stacks that are there. Stacks in other
/// Regions are left to their stack set. `ended` are operations that are known to have ended: a
/// stack that waits for one of these waits for nothing, as an update that left it out shows it so.
pub fn repair(
    expected: &BTreeSet<RegionName>,
    seen: &[StackInstance],
    ended: &BTreeSet<OperationId>,
) -> Repair {
    let mut repair = Repair::default();
    for region in expected {
        let instance = seen.iter().find(|instance| instance.region == *region);
        let waits_in_vain = |instance: &StackInstance| {
            let last = instance.last_operation.as_ref();
            last.is_some_and(|last| ended.contains(last))
        };
        match instance.map(|instance| (instance.status, instance)) {
            Some((InstanceStatus::Current, _)) => {}
            Some((InstanceStatus::Inoperable, instance)) => {
                repair.stuck.push((region.clone(), instance.reason.clone()));
            }
            Some((InstanceStatus::Pending, instance)) if waits_in_vain(instance) => {
                repair.make.insert(region.clone());
            }
            Some((InstanceStatus::Pending | InstanceStatus::Running, _)) => {
                repair.under_way.insert(region.clone());
            }
            Some((InstanceStatus::Outdated, _)) | None => {
                repair.make.insert(region.clone());
            }
        }
    }
    repair
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(names: &[&str]) -> BTreeSet<RegionName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn instance(region: &str, status: InstanceStatus) -> StackInstance {
        StackInstance {
            region: region.parse().unwrap(),
            status,
            reason: Shown::reason("why"),
            target: None,
            last_operation: Some("op-1".parse().unwrap()),
        }
    }

    #[test]
    fn both_statuses_say_how_a_stack_stands() {
        for (status, detailed, read) in [
            (Some("CURRENT"), Some("SUCCEEDED"), InstanceStatus::Current),
            (Some("CURRENT"), None, InstanceStatus::Current),
            (
                Some("CURRENT"),
                Some("SOMETHING_NEW"),
                InstanceStatus::Current,
            ),
            (Some("OUTDATED"), Some("FAILED"), InstanceStatus::Outdated),
            (
                Some("OUTDATED"),
                Some("CANCELLED"),
                InstanceStatus::Outdated,
            ),
            (
                Some("OUTDATED"),
                Some("SKIPPED_SUSPENDED_ACCOUNT"),
                InstanceStatus::Outdated,
            ),
            (
                Some("OUTDATED"),
                Some("SUCCEEDED"),
                InstanceStatus::Outdated,
            ),
            (Some("OUTDATED"), None, InstanceStatus::Outdated),
            (Some("OUTDATED"), Some("PENDING"), InstanceStatus::Pending),
            (Some("OUTDATED"), Some("RUNNING"), InstanceStatus::Running),
            (
                Some("INOPERABLE"),
                Some("FAILED"),
                InstanceStatus::Inoperable,
            ),
            (
                Some("OUTDATED"),
                Some("FAILED_IMPORT"),
                InstanceStatus::Inoperable,
            ),
            (None, None, InstanceStatus::Outdated),
        ] {
            assert_eq!(
                InstanceStatus::read(status, detailed),
                read,
                "{status:?} {detailed:?}"
            );
        }
        assert_eq!(OperationState::read("QUEUED"), OperationState::UnderWay);
        assert_eq!(OperationState::read("STOPPING"), OperationState::UnderWay);
        assert_eq!(OperationState::read("SUCCEEDED"), OperationState::Succeeded);
        assert_eq!(OperationState::read("STOPPED"), OperationState::Failed);
    }

    #[test]
    fn what_is_missing_or_failed_is_made_and_what_is_under_way_is_waited_for() {
        let expected = regions(&["eu-west-1", "us-east-1", "us-east-2", "us-west-2"]);
        let seen = [
            instance("eu-west-1", InstanceStatus::Current),
            instance("us-east-1", InstanceStatus::Outdated),
            instance("us-east-2", InstanceStatus::Running),
            instance("ap-south-1", InstanceStatus::Outdated),
        ];
        let found = repair(&expected, &seen, &BTreeSet::new());
        assert_eq!(found.make, regions(&["us-east-1", "us-west-2"]));
        assert_eq!(found.under_way, regions(&["us-east-2"]));
        assert!(found.stuck.is_empty() && !found.is_done());
    }

    #[test]
    fn a_stack_that_waits_for_an_ended_operation_is_made() {
        let expected = regions(&["eu-west-1"]);
        let seen = [instance("eu-west-1", InstanceStatus::Pending)];
        let waiting = repair(&expected, &seen, &BTreeSet::new());
        assert_eq!(waiting.under_way, expected);
        let ended = BTreeSet::from(["op-1".parse().unwrap()]);
        assert_eq!(repair(&expected, &seen, &ended).make, expected);
    }

    #[test]
    fn what_no_operation_touches_is_left_to_a_person() {
        let expected = regions(&["eu-west-1"]);
        let seen = [instance("eu-west-1", InstanceStatus::Inoperable)];
        let found = repair(&expected, &seen, &BTreeSet::new());
        assert!(found.is_done());
        assert_eq!(
            found.stuck,
            [("eu-west-1".parse().unwrap(), Shown::reason("why"))]
        );
    }
}
