//! `Custom::SecurityConnector`: the account's connector in Azure Resource Manager.

use connector_properties::SecurityConnectorProperties;
use connector_properties::raw::{account_in, dialect_in};
use custom_resource::{Context, Done, Failure, Handler, PhysicalId};
use onboarding::physical_id::{Reach, after_update, reach};
use onboarding::{Connector, ConnectorId};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::error::{failed, failed_to_delete};

/// The resource, in the cloud that the function was started for.
#[derive(Debug)]
pub struct SecurityConnector<'a>(pub &'a Cloud);

impl Handler for SecurityConnector<'_> {
    type Properties = SecurityConnectorProperties;

    async fn create(&self, wanted: Self::Properties, context: &Context) -> Result<Done, Failure> {
        let connector = self.connect(&wanted, None, None, context).await?;
        done(&connector.id.to_string(), &connector, &wanted)
    }

    async fn update(
        &self,
        wanted: Self::Properties,
        old: &Value,
        id: &PhysicalId,
        context: &Context,
    ) -> Result<Done, Failure> {
        let before = match reach(id.as_str()) {
            Reach::One(before) => Some(before),
            Reach::Whatever => None,
        };
        let connector = self
            .connect(&wanted, Some(old), before.as_ref(), context)
            .await?;
        done(
            &after_update(id.as_str(), &connector.id),
            &connector,
            &wanted,
        )
    }

    async fn delete(&self, raw: &Value, id: &PhysicalId, context: &Context) -> Result<(), Failure> {
        let account = account_in(raw).unwrap_or_else(|| self.0.own_account());
        let registration = self.0.registration(&account, dialect_in(raw), context);
        match reach(id.as_str()) {
            Reach::One(connector) => registration.disconnect(&account, &connector).await,
            Reach::Whatever => registration.disconnect_all(&account).await,
        }
        .map_err(|error| failed_to_delete(error, context))
    }
}

impl SecurityConnector<'_> {
    async fn connect(
        &self,
        properties: &SecurityConnectorProperties,
        old: Option<&Value>,
        before: Option<&ConnectorId>,
        context: &Context,
    ) -> Result<Connector, Failure> {
        let wanted = properties.wanted(&self.0.limits(), self.0.deployment(), old)?;
        let account = &properties.account_id;
        let registration = self.0.registration(account, properties.dialect(), context);
        let declare = |id: &ConnectorId| {
            if let Ok(id) = id.to_string().parse() {
                context.declare(id);
            }
        };
        // On the heap: clients, retries and paging make this future tens of kilobytes large.
        Box::pin(registration.connect(&wanted, before, declare))
            .await
            .map_err(failed)
    }
}

fn done(
    physical_id: &str,
    connector: &Connector,
    wanted: &SecurityConnectorProperties,
) -> Result<Done, Failure> {
    let id: PhysicalId = physical_id
        .parse()
        .map_err(|_| Failure::new("the connector's ARM id is too long"))?;
    Ok(Done::new(id)
        .with("ConnectorId", &connector.id)
        .with("ConnectorName", connector.name())
        .with("AccountId", &wanted.account_id))
}
