//! AWS Organizations, as the account sees it that manages one.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::OrganizationFeatureSet;
use onboarding::organization::{Organization, RootId};
use onboarding::{FailureKind, PortError};
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::pages::{Listing, walk};

mod account;
mod directory;
mod lists;
mod unit;
mod units;

use lists::Roots;

const PLACE: &str = "in the organization";

/// The organization that the function's own account is in. Made once: the paces are for all
/// requests together.
#[derive(Clone)]
pub struct Organizations {
    client: Client,
    paces: Arc<Paces>,
}

/// How often each action may be called in one account: so many a second, so many at once.
#[derive(Debug)]
struct Paces {
    /// `ListAccounts`.
    accounts: Pace,
    /// `DescribeAccount`.
    account: Pace,
    /// `ListAccountsForParent`.
    accounts_below: Pace,
    /// `ListOrganizationalUnitsForParent`.
    units_below: Pace,
    /// `ListParents`.
    parents: Pace,
    /// `ListRoots`.
    roots: Pace,
}

impl fmt::Debug for Organizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Organizations")
    }
}

impl Organizations {
    /// Nothing is sent yet.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            client: Client::new(sdk),
            paces: Arc::new(Paces {
                accounts: Pace::new(8, 12),
                account: Pace::new(20, 30),
                accounts_below: Pace::new(5, 8),
                units_below: Pace::new(5, 8),
                parents: Pace::new(5, 8),
                roots: Pace::new(1, 2),
            }),
        }
    }

    /// The organization, for one request.
    pub fn directory(&self, deadline: Instant) -> OrganizationDirectory {
        OrganizationDirectory {
            organizations: self.clone(),
            deadline,
        }
    }
}

/// The organization, for one request.
///
/// Where an account is, Organizations tells with the account (`Paths`). An answer without that is
/// made up for by asking which accounts are below each wanted unit, one unit after another.
#[derive(Debug, Clone)]
pub struct OrganizationDirectory {
    organizations: Organizations,
    deadline: Instant,
}

impl OrganizationDirectory {
    fn client(&self) -> &Client {
        &self.organizations.client
    }

    fn paces(&self) -> &Paces {
        &self.organizations.paces
    }

    fn call(&self, action: &'static str) -> Call<'_> {
        Call {
            action,
            place: PLACE,
            deadline: self.deadline,
        }
    }

    async fn describe(&self) -> Result<Organization, Failure> {
        let call = self.call("organizations:DescribeOrganization");
        let answer = call
            .send(self.client().describe_organization().send())
            .await?;
        let read = answer.organization.and_then(|seen| {
            Some(Organization {
                id: seen.id()?.parse().ok()?,
                management_account: seen.master_account_id()?.parse().ok()?,
                has_all_features: seen.feature_set() == Some(&OrganizationFeatureSet::All),
            })
        });
        read.ok_or_else(|| incomplete(call))
    }

    async fn first_root(&self) -> Result<RootId, Failure> {
        let roots = Roots { directory: self };
        let mut found = None;
        walk(&roots, &mut |root| {
            found = found.take().or(root.id().and_then(|id| id.parse().ok()));
        })
        .await?;
        found.ok_or_else(|| incomplete(roots.call()))
    }
}

fn incomplete(call: Call<'_>) -> Failure {
    call.failure(FailureKind::Transient, "the answer was incomplete")
}

/// What the service refuses, with what to do about it.
fn explain(failure: Failure) -> PortError {
    let failure = if failure.is("AWSOrganizationsNotInUse") {
        failure.advised(
            "This account is in no organization: set Scope=Account, or deploy the stack into the \
             account that manages one",
        )
    } else {
        failure
    };
    failure
        .denied_advice(|action| {
            format!(
                "The function's role must be allowed {action}, and the stack must be in the \
                 account that manages the organization: Organizations tells no other one"
            )
        })
        .into()
}

#[cfg(test)]
mod tests;
