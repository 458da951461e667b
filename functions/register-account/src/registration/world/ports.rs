//! What the world answers to each port.

use onboarding::connector::{OrganizationalData, WantedOrganization};
use onboarding::ports::{
    AccountIdentity, Connectors, FailureKind, FormerConnectors, PortError, ServiceOffer,
};
use onboarding::provider::{Adoption, Provider, Release, SeenProvider};
use onboarding::trust::SeenRole;
use onboarding::{
    AccountId, ApiVersion, ClassicConnector, Connector, ConnectorId, RoleName, WantedConnector,
};
use serde_json::{Value, json};

use super::World;
use crate::run::Marks;

/// The connector as ARM would show it after this write.
pub fn written(wanted: &WantedConnector) -> Connector {
    Connector {
        id: wanted.id.clone(),
        environment: "AWS".into(),
        hierarchy_identifier: wanted.account.to_string(),
        location: wanted.location.to_string(),
        tags: wanted.tags.clone(),
        scan_interval_hours: Some(wanted.scan_interval.hours()),
        regions: wanted.regions.clone(),
        organizational_data: wanted.organization.as_ref().map(as_shown),
        offerings: wanted.offerings.clone(),
        body: json!({"tags": wanted.tags, "hours": wanted.scan_interval.hours()}),
    }
}

fn as_shown(wanted: &WantedOrganization) -> OrganizationalData {
    let excluded = wanted.excluded_account_ids.iter();
    OrganizationalData::Organization {
        stack_set_name: wanted.stack_set_name.clone(),
        excluded_account_ids: excluded.map(ToString::to_string).collect(),
    }
}

impl Connectors for World {
    async fn api_version(&self) -> Result<ApiVersion, PortError> {
        Ok(ApiVersion::V20240801Preview)
    }

    async fn offer(&self) -> Result<ServiceOffer, PortError> {
        let locations = vec!["East US".to_owned()];
        self.azure().read(|_| ServiceOffer {
            registered: true,
            locations,
            api_versions: vec![],
        })
    }

    async fn list(&self) -> Result<Vec<Connector>, PortError> {
        self.azure().read(|state| state.connectors.clone())
    }

    async fn list_classic(&self) -> Result<Vec<ClassicConnector>, PortError> {
        self.azure().read(|_| Vec::new())
    }

    async fn get(&self, id: &ConnectorId) -> Result<Option<Connector>, PortError> {
        self.azure()
            .read(|state| state.connectors.iter().find(|seen| seen.id == *id).cloned())
    }

    async fn put(
        &self,
        wanted: &WantedConnector,
        _seen: Option<&Connector>,
    ) -> Result<Connector, PortError> {
        let refused = {
            let mut inner = self.inner();
            let refused = inner.refusals > 0;
            inner.refusals = inner.refusals.saturating_sub(1);
            refused
        };
        if refused {
            let mut error = PortError::new(FailureKind::Invalid, "error occured");
            error.refused_content = true;
            return Err(error);
        }
        self.azure().write(|state| {
            state.connectors.retain(|seen| seen.id != wanted.id);
            state.connectors.push(written(wanted));
            written(wanted)
        })
    }

    async fn restore(&self, id: &ConnectorId, former: &Value) -> Result<(), PortError> {
        self.azure().write(|state| {
            for seen in state.connectors.iter_mut().filter(|seen| seen.id == *id) {
                seen.body = former.clone();
                seen.tags = serde_json::from_value(former["tags"].clone()).unwrap();
                seen.scan_interval_hours = former["hours"].as_i64();
            }
        })
    }

    async fn remove(&self, id: &ConnectorId) -> Result<(), PortError> {
        self.azure()
            .write(|state| state.connectors.retain(|seen| seen.id != *id))
    }
}

/// Without the access role nothing can be done.
fn closed(state: &super::State, reason: &str) -> Result<(), PortError> {
    if state.is_closed {
        return Err(PortError::new(FailureKind::Denied, reason));
    }
    Ok(())
}

impl AccountIdentity for World {
    async fn access(&self) -> Result<(), PortError> {
        self.read(|state| closed(state, "sts:AssumeRole: no"))?
    }

    async fn enter(&self) -> Result<(), PortError> {
        self.access().await
    }

    async fn provider(&self, which: &Provider) -> Result<Option<SeenProvider>, PortError> {
        self.read(|state| {
            closed(state, "iam: no")?;
            Ok(state.providers.get(&which.host_path()).cloned())
        })?
    }

    async fn adopt_provider(&self, which: &Provider, adoption: &Adoption) -> Result<(), PortError> {
        let (audiences, tags) = match adoption {
            Adoption::Create { audiences, tags } => (audiences, tags),
            Adoption::Merge { add, tags } => (add, tags),
            Adoption::Nothing => return Ok(()),
        };
        self.write(|state| {
            closed(state, "iam: no")?;
            let provider = state.providers.entry(which.host_path()).or_default();
            provider
                .audiences
                .extend(audiences.iter().map(|one| (*one).to_owned()));
            provider.tags.extend(tags.clone());
            Ok(())
        })?
    }

    async fn release_provider(&self, which: &Provider, release: &Release) -> Result<(), PortError> {
        match release {
            Release::Delete => self.write(|state| {
                closed(state, "iam: no")?;
                state.providers.remove(&which.host_path());
                Ok(())
            })?,
            Release::Withdraw { audiences, tags } => self.write(|state| {
                closed(state, "iam: no")?;
                if let Some(provider) = state.providers.get_mut(&which.host_path()) {
                    provider.audiences.retain(|held| !audiences.contains(held));
                    provider.tags.retain(|key, _| !tags.contains(key));
                }
                Ok(())
            })?,
            Release::Keep | Release::Nothing => Ok(()),
        }
    }

    async fn role(&self, name: &RoleName) -> Result<Option<SeenRole>, PortError> {
        self.read(|state| {
            closed(state, "iam: no")?;
            Ok(state.roles.get(name.as_str()).cloned())
        })?
    }
}

impl FormerConnectors for World {
    async fn keep(&self, _: &AccountId, former: &Connector) -> Result<(), PortError> {
        let id = former.id.to_string();
        self.write(|state| drop(state.records.insert(id, former.body.clone())))
    }

    async fn former(&self, _: &AccountId, id: &ConnectorId) -> Result<Option<Value>, PortError> {
        self.read(|state| state.records.get(&id.to_string()).cloned())
    }

    async fn forget(&self, _: &AccountId, id: &ConnectorId) -> Result<(), PortError> {
        self.write(|state| drop(state.records.remove(&id.to_string())))
    }

    async fn empty(&self) -> Result<(), PortError> {
        self.write(|state| state.records.clear())
    }
}

impl Marks for World {
    async fn is_leaving(&self, _: &AccountId) -> Result<bool, PortError> {
        self.read(|state| state.is_leaving)
    }

    async fn is_refused(&self) -> Result<bool, PortError> {
        self.read(|state| state.is_refused)
    }
}
