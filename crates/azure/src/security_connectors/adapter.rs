//! The domain's port, over Resource Manager.

use onboarding::deployment::{DEPLOYMENT_ID, MANAGED_BY, tag};
use onboarding::ports::{Connectors, ServiceOffer};
use onboarding::{
    ClassicConnector, Connector, ConnectorId, FailureKind, PortError, WantedConnector,
};
use serde_json::Value;
use tracing::info;

use super::merge;
use super::model::SecurityConnector;
use super::{SecurityConnectors, doing};
use crate::arm::is_gone;
use crate::sign_in::Credential;
use crate::{Error, Kind};

/// How often a write is made anew because somebody else wrote in between.
const WRITES: u32 = 3;

impl<C: Credential> Connectors for SecurityConnectors<'_, C> {
    async fn offer(&self) -> Result<ServiceOffer, PortError> {
        Ok(self.service_offer().await?)
    }

    async fn list(&self) -> Result<Vec<Connector>, PortError> {
        let path = self.provider_path("/securityConnectors");
        let call = self.call("list the security connectors of the subscription", &path);
        let items = self.arm.list(&call).await?;
        Ok(items.into_iter().filter_map(merge::read).collect())
    }

    async fn list_classic(&self) -> Result<Vec<ClassicConnector>, PortError> {
        Ok(self.classic().await?)
    }

    async fn get(&self, id: &ConnectorId) -> Result<Option<Connector>, PortError> {
        match self
            .arm
            .get(&self.call(&doing("read", id), &id.to_string()))
            .await
        {
            Ok(body) => read(id, body).map(Some),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn put(
        &self,
        wanted: &WantedConnector,
        seen: Option<&Connector>,
    ) -> Result<Connector, PortError> {
        let id = seen.map_or(&wanted.id, |seen| &seen.id);
        let mut newer: Option<Connector> = None;
        for _ in 1..WRITES {
            let body = body(wanted, newer.as_ref().or(seen))?;
            match self.write(id, &body).await {
                Ok(written) => return read(id, written),
                Err(error) if error.kind() == Kind::PreconditionFailed => {
                    info!(connector.id = %id, "the connector changed since it was read");
                    newer = self.get(id).await?;
                    if owner(newer.as_ref()) != owner(seen) {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        let written = self
            .write(id, &body(wanted, newer.as_ref().or(seen))?)
            .await?;
        read(id, written)
    }

    async fn restore(&self, id: &ConnectorId, former: &Value) -> Result<(), PortError> {
        let former: SecurityConnector = serde_json::from_value(former.clone())
            .map_err(|error| unreadable("restore", id, &error))?;
        let mut former = former.without_read_only();
        // It names a state that is past by now.
        former.etag = None;
        let operation = doing("restore", id);
        self.arm
            .put(&self.call(&operation, &id.to_string()), &former.body())
            .await?;
        Ok(())
    }

    async fn remove(&self, id: &ConnectorId) -> Result<(), PortError> {
        self.arm
            .delete(&self.call(&doing("delete", id), &id.to_string()))
            .await?;
        Ok(())
    }
}

impl<C: Credential> SecurityConnectors<'_, C> {
    async fn write(&self, id: &ConnectorId, body: &Value) -> Result<Value, Error> {
        self.arm
            .put(&self.call(&doing("write", id), &id.to_string()), body)
            .await
    }
}

fn read(id: &ConnectorId, body: Value) -> Result<Connector, PortError> {
    merge::read(body).ok_or_else(|| {
        let reason = format!(
            "could not {}: the answer has no connector's id",
            doing("read", id)
        );
        PortError::new(FailureKind::Transient, reason)
    })
}

fn body(wanted: &WantedConnector, seen: Option<&Connector>) -> Result<Value, PortError> {
    merge::body(wanted, seen).map_err(|error| unreadable("change", &wanted.id, &error))
}

/// Whose a connector is: a write that was meant for one owner's must not reach another's.
fn owner(connector: Option<&Connector>) -> Option<(Option<&str>, Option<&str>)> {
    let tags = &connector?.tags;
    Some((tag(tags, MANAGED_BY.0), tag(tags, DEPLOYMENT_ID)))
}

fn unreadable(verb: &str, id: &ConnectorId, error: &serde_json::Error) -> PortError {
    let why = "its body is not as API version 2024-08-01-preview describes it";
    PortError::new(
        FailureKind::Invalid,
        format!("could not {}: {why}: {error}", doing(verb, id)),
    )
}
