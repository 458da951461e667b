//! What is asked of Organizations.

use std::collections::BTreeSet;
use std::future::Future;

use super::{OrganizationId, RootId, SeenAccount, TargetId};
use crate::{AccountId, PortError};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// The account that manages it.
    pub management_account: AccountId,
    /// Whether it does more than bill together. `StackSets` need that.
    pub has_all_features: bool,
}

/// The organization that the function's own account is in.
pub trait Directory: Send + Sync {
    /// The organization.
    fn organization(&self) -> impl Future<Output = Result<Organization, PortError>> + Send;
    /// Its root.
    fn root(&self) -> impl Future<Output = Result<RootId, PortError>> + Send;
    /// Shows every account once, one after another. Where they are is told at least so well that
    /// it can be seen which of `wanted` they are below; none stands for the root, where all are.
    fn accounts(
        &self,
        wanted: &BTreeSet<TargetId>,
        each: &mut (dyn FnMut(SeenAccount) + Send),
    ) -> impl Future<Output = Result<(), PortError>> + Send;
    /// One account; `None` where it is not in the organization.
    fn account(
        &self,
        id: &AccountId,
    ) -> impl Future<Output = Result<Option<SeenAccount>, PortError>> + Send;
}
