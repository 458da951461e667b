//! Takes an account's connector away again: ours is deleted, an adopted one is restored.

use onboarding::deployment::is_reserved;
use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::{AccountId, Connector, ConnectorId};
use serde_json::Value;
use tracing::{info, warn};

use crate::error::RegisterError;
use crate::registration::Registration;

impl<C: Connectors, I: AccountIdentity, F: FormerConnectors> Registration<C, I, F> {
    /// Removes one connector if it is ours; whatever else it is stays untouched. Absent is
    /// success.
    pub async fn disconnect(
        &self,
        account: &AccountId,
        id: &ConnectorId,
    ) -> Result<(), RegisterError> {
        let port = RegisterError::port(account);
        match self.connectors.get(id).await.map_err(&port)? {
            Some(connector) if connector.is_owned_by(&self.deployment) => {
                self.dismantle(account, &connector).await
            }
            Some(_) => {
                warn!(account.id = %account, azure.connector = %id, "{id} is not this deployment's and stays as it is");
                self.former.forget(account, id).await.map_err(&port)
            }
            None => {
                info!(account.id = %account, azure.connector = %id, "{id} is gone already");
                self.former.forget(account, id).await.map_err(&port)
            }
        }
    }

    /// Removes every connector of ours for the account: the way out after a Create of which
    /// nobody knows how far it got.
    pub async fn disconnect_all(&self, account: &AccountId) -> Result<(), RegisterError> {
        let connectors = self
            .connectors
            .list()
            .await
            .map_err(RegisterError::port(account))?;
        let ours = connectors
            .iter()
            .filter(|seen| seen.connects(account) && seen.is_owned_by(&self.deployment));
        for connector in ours {
            self.dismantle(account, connector).await?;
        }
        Ok(())
    }

    /// Deletes a connector of ours, or restores it where it was not ours to begin with.
    pub(crate) async fn dismantle(
        &self,
        account: &AccountId,
        connector: &Connector,
    ) -> Result<(), RegisterError> {
        let port = RegisterError::port(account);
        let id = &connector.id;
        if !connector.is_adopted() {
            info!(account.id = %account, azure.connector = %id, "deleting {id}");
            return self.connectors.remove(id).await.map_err(&port);
        }
        let Some(former) = self.former_body(account, id).await? else {
            info!(account.id = %account, azure.connector = %id, "{id} was restored meanwhile");
            return Ok(());
        };
        info!(account.id = %account, azure.connector = %id, "restoring {id}, which was adopted");
        self.connectors.restore(id, &former).await.map_err(&port)?;
        self.former.forget(account, id).await.map_err(&port)
    }

    /// What a connector is to become that was adopted; `None` where it is that already.
    async fn former_body(
        &self,
        account: &AccountId,
        id: &ConnectorId,
    ) -> Result<Option<Value>, RegisterError> {
        let port = RegisterError::port(account);
        let kept = self.former.former(account, id).await.map_err(&port)?;
        if kept.is_some() {
            return Ok(kept);
        }
        // Whoever restores it at the same time does so before it forgets the body.
        let now = self.connectors.get(id).await.map_err(&port)?;
        let Some(now) = now.filter(|now| now.is_owned_by(&self.deployment)) else {
            return Ok(None);
        };
        warn!(account.id = %account, azure.connector = %id, "the former body of {id} is lost: it keeps its present plans and only our tags go");
        Ok(Some(without_our_tags(&now.body)))
    }
}

/// The body without the tags that claim it.
fn without_our_tags(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(tags) = body.get_mut("tags").and_then(Value::as_object_mut) {
        tags.retain(|key, _| !is_reserved(key));
    }
    body
}
