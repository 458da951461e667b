//! The Azure subscription of the members' connectors.
//!
//! The functions may work in one subscription only, that of the stack. Were it changed while members
//! are registered, their connectors would stay in the former one, and others be made beside them.

use onboarding::{PortError, SubscriptionId};

use crate::bucket::Bucket;

/// Why nothing may be registered in this subscription; `None` where it may.
pub async fn refusal(bucket: &Bucket, this: &SubscriptionId) -> Result<Option<String>, PortError> {
    let other = bucket.other_subscription(this).await?;
    Ok(other.map(|other| {
        format!(
            "AzureSubscriptionId: the connectors of member accounts are in Azure subscription {other}, from which this stack cannot take them once it is for {this}. Set it back. To move, deploy with Scope=Account first, then with the other AzureSubscriptionId, then with Scope=Organization again"
        )
    }))
}
