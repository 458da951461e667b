//! What requests about the stacks of one account have in common.

use aws_sdk_cloudformation::types::{
    AccountFilterType, ConcurrencyMode, DeploymentTargets, RegionConcurrencyType,
    StackSetOperationPreferences,
};
use onboarding::AccountId;
use onboarding::organization::{StackChoice, StackSetName};

use crate::failure::Failure;

pub(super) fn place(stack_set: &StackSetName, account: &AccountId) -> String {
    format!("for stack set {stack_set}, account {account}")
}

pub(super) fn targets(choice: &StackChoice<'_>) -> DeploymentTargets {
    let within = choice.within.iter().map(ToString::to_string).collect();
    DeploymentTargets::builder()
        .set_organizational_unit_ids(Some(within))
        .accounts(choice.account.as_str())
        .account_filter_type(AccountFilterType::Intersection)
        .build()
}

pub(super) fn regions(choice: &StackChoice<'_>) -> Vec<String> {
    choice.regions.iter().map(ToString::to_string).collect()
}

/// A Region that fails must not keep the others from their turn.
pub(super) fn preferences() -> StackSetOperationPreferences {
    StackSetOperationPreferences::builder()
        .region_concurrency_type(RegionConcurrencyType::Parallel)
        .failure_tolerance_percentage(100)
        .max_concurrent_percentage(100)
        .concurrency_mode(ConcurrencyMode::SoftFailureTolerance)
        .build()
}

/// An operation that was begun before under the same id is the one that is wanted.
pub(super) fn begun<T>(answered: Result<T, Failure>) -> Result<(), Failure> {
    match answered {
        Err(failure) if !failure.is("OperationIdAlreadyExists") => Err(failure),
        _ => Ok(()),
    }
}
