//! What the function's environment allows.

use onboarding::{Partition, ResourceGroup, SubscriptionId, TenantId};

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
