//! Connectors that a walk over the subscription has seen for an account, read again one by one. To
//! list all of them for every account of an organization would take the service's whole quota.

use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::{AccountId, Connector, ConnectorId};

use super::Registration;
use crate::error::RegisterError;

impl<C: Connectors, I: AccountIdentity, F: FormerConnectors> Registration<C, I, F> {
    /// Those of these connectors that are still there, each once.
    pub(crate) async fn read(
        &self,
        account: &AccountId,
        ids: impl IntoIterator<Item = &ConnectorId>,
    ) -> Result<Vec<Connector>, RegisterError> {
        let mut asked: Vec<&ConnectorId> = Vec::new();
        let mut found = Vec::new();
        for id in ids {
            if asked.contains(&id) {
                continue;
            }
            asked.push(id);
            let read = self.connectors.get(id).await;
            found.extend(read.map_err(RegisterError::port(account))?);
        }
        Ok(found)
    }

    /// Removes those of these connectors that are ours and connect the account, or restores them.
    pub async fn disconnect_seen(
        &self,
        account: &AccountId,
        ids: impl IntoIterator<Item = &ConnectorId>,
    ) -> Result<Removal, RegisterError> {
        let connectors = self.read(account, ids).await?;
        let mut removal = Removal::default();
        for connector in connectors.iter().filter(|seen| seen.connects(account)) {
            if connector.is_owned_by(&self.deployment) {
                self.dismantle(account, connector).await?;
                removal.removed += 1;
            } else {
                // A former body that is kept stays: another step may be about to adopt.
                removal.left.push(connector.id.clone());
            }
        }
        Ok(removal)
    }
}

/// What became of the connectors of an account.
#[derive(Debug, Default)]
pub struct Removal {
    /// How many of ours there were.
    pub removed: usize,
    /// Those of others.
    pub left: Vec<ConnectorId>,
}
