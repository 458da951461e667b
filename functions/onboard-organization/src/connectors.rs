//! The connectors of the subscription, reduced as they are read.

use azure::{ArmClient, Deadline, Dialect, SecurityConnectors};
use azure_sign_in::StackIdentity;
use onboarding::{ApiVersionSetting, Connector, PortError, SubscriptionId};
use tokio::time::Instant;

/// What is asked of Azure: nothing is ever written from here.
pub trait SeenConnectors: Send + Sync {
    /// What `read` makes of each connector of the subscription, by `deadline`. A whole one is
    /// kilobytes, and there may be ten thousand.
    fn read<T: Send>(
        &self,
        version: ApiVersionSetting,
        deadline: Instant,
        read: impl Fn(&Connector) -> Option<T> + Send + Sync,
    ) -> impl Future<Output = Result<Vec<T>, PortError>> + Send;
}

/// The subscription that the stack is for.
#[derive(Debug)]
pub struct Subscription {
    arm: ArmClient<StackIdentity>,
    id: SubscriptionId,
}

impl Subscription {
    /// The subscription of this id; nothing is sent yet.
    pub fn new(arm: ArmClient<StackIdentity>, id: SubscriptionId) -> Self {
        Self { arm, id }
    }
}

impl SeenConnectors for Subscription {
    async fn read<T: Send>(
        &self,
        version: ApiVersionSetting,
        deadline: Instant,
        read: impl Fn(&Connector) -> Option<T> + Send + Sync,
    ) -> Result<Vec<T>, PortError> {
        let dialect = Dialect {
            api_version: version,
            ..Dialect::default()
        };
        SecurityConnectors::new(&self.arm, self.id.clone(), Deadline::at(deadline))
            .speaking(dialect)
            .list_reduced(read)
            .await
    }
}
