//! `StackSets` that reach the accounts of an organization, as the account sees them that manages
//! it.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    OrganizationStatus, StackInstanceDetailedStatus, StackInstanceStatus, StackInstanceSummary,
};
use onboarding::organization::{
    InstanceStatus, OperationId, OperationState, Shown, StackChoice, StackInstance, StackInstances,
    StackSetName, TargetId,
};
use onboarding::{AccountId, FailureKind, PortError};
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::pages::{Answer, Listing, Page, walk};

mod owner;
mod request;

use request::{begun, place, preferences, regions, targets};

/// The largest page.
const PAGE: i32 = 100;

/// The stack sets of the function's own account and Region. Made once.
#[derive(Clone)]
pub struct StackSets {
    client: Client,
}

impl fmt::Debug for StackSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StackSets")
    }
}

impl StackSets {
    /// Nothing is sent yet.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            client: Client::new(sdk),
        }
    }

    /// Their stacks in member accounts, for one request.
    pub fn instances(&self, deadline: Instant) -> StackSetInstances {
        StackSetInstances {
            client: self.client.clone(),
            deadline,
        }
    }
}

/// Stacks of stack sets in member accounts, for one request.
#[derive(Clone)]
pub struct StackSetInstances {
    client: Client,
    deadline: Instant,
}

impl fmt::Debug for StackSetInstances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackSetInstances")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl StackSetInstances {
    fn call<'a>(&self, action: &'static str, place: &'a str) -> Call<'a> {
        Call {
            action,
            place,
            deadline: self.deadline,
        }
    }

    async fn access(&self) -> Result<bool, Failure> {
        let call = self.call(
            "cloudformation:DescribeOrganizationsAccess",
            "in the organization",
        );
        let request = self.client.describe_organizations_access();
        let answer = call.send(request.send()).await?;
        Ok(answer.status() == Some(&OrganizationStatus::Enabled))
    }

    async fn list(
        &self,
        stack_set: &StackSetName,
        account: &AccountId,
    ) -> Result<Vec<StackInstance>, Failure> {
        let listing = Instances {
            of: self,
            stack_set,
            account,
            place: place(stack_set, account),
        };
        let mut found = Vec::new();
        walk(&listing, &mut |summary| {
            if summary.account() == Some(account.as_str()) {
                found.extend(instance(&summary));
            }
        })
        .await?;
        Ok(found)
    }

    /// Creates what is missing. With another id than before, this is also how `CloudFormation`
    /// has stacks tried again that are not current.
    async fn create(&self, choice: &StackChoice<'_>, id: &OperationId) -> Result<(), Failure> {
        let place = place(choice.stack_set, choice.account);
        let call = self.call("cloudformation:CreateStackInstances", &place);
        let request = self
            .client
            .create_stack_instances()
            .stack_set_name(choice.stack_set.as_str())
            .deployment_targets(targets(choice))
            .set_regions(Some(regions(choice)))
            .operation_preferences(preferences())
            .operation_id(id.as_str());
        begun(call.send(Box::pin(request.send())).await)
    }

    async fn delete(&self, choice: &StackChoice<'_>, id: &OperationId) -> Result<(), Failure> {
        let place = place(choice.stack_set, choice.account);
        let call = self.call("cloudformation:DeleteStackInstances", &place);
        let request = self
            .client
            .delete_stack_instances()
            .stack_set_name(choice.stack_set.as_str())
            .deployment_targets(targets(choice))
            .set_regions(Some(regions(choice)))
            .operation_preferences(preferences())
            .retain_stacks(false)
            .operation_id(id.as_str());
        begun(call.send(Box::pin(request.send())).await)
    }

    async fn describe(
        &self,
        stack_set: &StackSetName,
        id: &OperationId,
    ) -> Result<OperationState, Failure> {
        let place = format!("for stack set {stack_set}, operation {id}");
        let call = self.call("cloudformation:DescribeStackSetOperation", &place);
        let request = self
            .client
            .describe_stack_set_operation()
            .stack_set_name(stack_set.as_str())
            .operation_id(id.as_str());
        let answer = call.send(request.send()).await?;
        let operation = answer.stack_set_operation();
        let status = operation.and_then(|operation| operation.status());
        let missing = || call.failure(FailureKind::Transient, "the answer held no operation");
        status
            .map(|status| OperationState::read(status.as_str()))
            .ok_or_else(missing)
    }
}

/// The stacks of a stack set in an account.
struct Instances<'a> {
    of: &'a StackSetInstances,
    stack_set: &'a StackSetName,
    account: &'a AccountId,
    place: String,
}

impl Listing for Instances<'_> {
    type Item = StackInstanceSummary;

    fn call(&self) -> Call<'_> {
        self.of
            .call("cloudformation:ListStackInstances", &self.place)
    }

    fn pace(&self) -> Option<&Pace> {
        None
    }

    async fn page(&self, token: Option<String>) -> Result<Answer<StackInstanceSummary>, Failure> {
        let request = self
            .of
            .client
            .list_stack_instances()
            .stack_set_name(self.stack_set.as_str())
            .stack_instance_account(self.account.as_str())
            .max_results(PAGE)
            .set_next_token(token);
        let page = self.call().send(request.send()).await?;
        Ok(Answer::Page(Page {
            items: page.summaries.unwrap_or_default(),
            next: page.next_token,
        }))
    }
}

/// `None` for what is in no Region.
fn instance(seen: &StackInstanceSummary) -> Option<StackInstance> {
    let detailed = seen.stack_instance_status();
    let detailed = detailed.and_then(|status| status.detailed_status());
    let target: Option<TargetId> = seen.organizational_unit_id().and_then(|id| id.parse().ok());
    let status = InstanceStatus::read(
        seen.status().map(StackInstanceStatus::as_str),
        detailed.map(StackInstanceDetailedStatus::as_str),
    );
    Some(StackInstance {
        region: seen.region()?.parse().ok()?,
        status,
        reason: Shown::reason(seen.status_reason().unwrap_or_default()),
        target,
        last_operation: seen.last_operation_id().and_then(|id| id.parse().ok()),
    })
}

/// What the service refuses, with what to do about it.
fn explain(failure: Failure) -> PortError {
    let failure = if failure.is("StackSetNotFound") {
        failure.advised(
            "The stack set is one of the stack's own resources: see that the stack's last update \
             went through",
        )
    } else if failure.message().contains("organizations access") {
        failure.advised(
            "Run 'aws cloudformation activate-organizations-access' in the account that manages \
             the organization",
        )
    } else {
        failure
    };
    failure
        .denied_advice(|action| {
            format!("The function's role must be allowed {action} on the stack's own stack sets")
        })
        .into()
}

impl StackInstances for StackSetInstances {
    async fn is_trusted(&self) -> Result<bool, PortError> {
        self.access().await.map_err(explain)
    }

    async fn instances(
        &self,
        stack_set: &StackSetName,
        account: &AccountId,
    ) -> Result<Vec<StackInstance>, PortError> {
        self.list(stack_set, account).await.map_err(explain)
    }

    async fn make(&self, choice: &StackChoice<'_>, id: &OperationId) -> Result<(), PortError> {
        self.create(choice, id).await.map_err(explain)
    }

    async fn remove(&self, choice: &StackChoice<'_>, id: &OperationId) -> Result<(), PortError> {
        self.delete(choice, id).await.map_err(explain)
    }

    async fn operation(
        &self,
        stack_set: &StackSetName,
        id: &OperationId,
    ) -> Result<OperationState, PortError> {
        self.describe(stack_set, id).await.map_err(explain)
    }
}

#[cfg(test)]
mod tests;
