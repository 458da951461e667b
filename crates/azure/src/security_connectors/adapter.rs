//! The domain's port, over Resource Manager.

use onboarding::deployment::{DEPLOYMENT_ID, MANAGED_BY, tag};
use onboarding::inert::inert;
use onboarding::ports::{Connectors, ServiceOffer};
use onboarding::{
    ApiVersion, ClassicConnector, Connector, ConnectorId, FailureKind, PortError, WantedConnector,
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
        Ok(self.service_offer().await?.clone())
    }

    async fn api_version(&self) -> Result<ApiVersion, PortError> {
        Ok(self.version().await?)
    }

    async fn list(&self) -> Result<Vec<Connector>, PortError> {
        let path = self.provider_path("/securityConnectors");
        let version = self.version().await?.as_str();
        let operation = "list the security connectors of the subscription";
        let call = self.call(operation, &path, version);
        let items = self.arm.list(&call).await?;
        Ok(items.into_iter().filter_map(merge::read).collect())
    }

    async fn list_classic(&self) -> Result<Vec<ClassicConnector>, PortError> {
        Ok(self.classic().await?)
    }

    async fn get(&self, id: &ConnectorId) -> Result<Option<Connector>, PortError> {
        let version = self.version().await?.as_str();
        let (operation, path) = (doing("read", id), id.to_string());
        let call = self.call(&operation, &path, version);
        match self.arm.get(&call).await {
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
            let body = self.body(wanted, newer.as_ref().or(seen)).await?;
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
        let body = self.body(wanted, newer.as_ref().or(seen)).await?;
        read(id, self.write(id, &body).await?)
    }

    async fn restore(&self, id: &ConnectorId, former: &Value) -> Result<(), PortError> {
        let version = self.version().await?;
        let former: SecurityConnector = serde_json::from_value(former.clone())
            .map_err(|error| unreadable("restore", id, version, &error))?;
        let mut former = former.without_read_only();
        // It names a state that is past by now.
        former.etag = None;
        let (operation, path) = (doing("restore", id), id.to_string());
        let call = self.call(&operation, &path, version.as_str());
        self.arm.put(&call, &former.body()).await?;
        Ok(())
    }

    async fn remove(&self, id: &ConnectorId) -> Result<(), PortError> {
        let version = self.version().await?.as_str();
        let (operation, path) = (doing("delete", id), id.to_string());
        let call = self.call(&operation, &path, version);
        self.arm.delete(&call).await?;
        Ok(())
    }
}

impl<C: Credential> SecurityConnectors<'_, C> {
    async fn write(&self, id: &ConnectorId, body: &Value) -> Result<Value, Error> {
        let version = self.version().await?.as_str();
        let (operation, path) = (doing("write", id), id.to_string());
        let call = self.call(&operation, &path, version);
        self.arm.put(&call, body).await
    }

    async fn body(
        &self,
        wanted: &WantedConnector,
        seen: Option<&Connector>,
    ) -> Result<Value, PortError> {
        let version = self.version().await?;
        merge::body(wanted, seen, self.dialect.sub_plan_form)
            .map_err(|error| unreadable("change", &wanted.id, version, &error))
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

/// Whose a connector is: a write that was meant for one owner's must not reach another's.
fn owner(connector: Option<&Connector>) -> Option<(Option<&str>, Option<&str>)> {
    let tags = &connector?.tags;
    Some((tag(tags, MANAGED_BY.0), tag(tags, DEPLOYMENT_ID)))
}

fn unreadable(
    verb: &str,
    id: &ConnectorId,
    version: ApiVersion,
    error: &serde_json::Error,
) -> PortError {
    let what = doing(verb, id);
    let why = inert(&error.to_string(), 300);
    PortError::new(
        FailureKind::Invalid,
        format!("could not {what}: its body is not as API version {version} describes it: {why}"),
    )
}
