//! Brings an account's security connector to the wanted state, writing only what differs.

use std::time::Duration;

use onboarding::decision::{Decision, Readiness, Seen, Step, decide, needs_readiness};
use onboarding::plans::CiemSubject;
use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::{
    ApiVersion, Connector, ConnectorId, Deployment, FailureKind, Offering, Partition, RoleKey,
    RoleName, TenantId, WantedConnector,
};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::error::RegisterError;

mod look;

/// How long roles that IAM shows may stay invisible to the service. IAM is eventually consistent,
/// and the service looks into the account during the PUT.
#[derive(Debug, Clone, Copy)]
pub struct Propagation {
    /// In all.
    pub patience: Duration,
    /// Between two tries.
    pub pause: Duration,
}

impl Default for Propagation {
    fn default() -> Self {
        Self {
            patience: Duration::from_mins(1),
            pause: Duration::from_secs(10),
        }
    }
}

/// What the stack asks for, for one account.
#[derive(Debug)]
pub struct Wanted {
    /// The connector.
    pub connector: WantedConnector,
    /// The roles that its offerings name.
    pub roles: Vec<(RoleKey, RoleName)>,
    /// Who may assume CIEM's OIDC role, where CIEM is on.
    pub ciem_subject: Option<CiemSubject>,
    /// Properties that only the newer API version knows.
    pub newer_properties: Vec<&'static str>,
    /// Whether a connector of others may be taken over.
    pub adopt_existing: bool,
}

impl Wanted {
    /// The name of a role that its offerings need.
    fn role(&self, key: RoleKey) -> Option<&RoleName> {
        let named = self.roles.iter().find(|(other, _)| *other == key);
        named.map(|(_, name)| name)
    }
}

/// Everything that registering an account needs, for one request.
#[derive(Debug)]
pub struct Registration<C, I, F> {
    /// Azure Resource Manager.
    pub connectors: C,
    /// The account's provider and roles.
    pub identity: I,
    /// Former bodies of adopted connectors.
    pub former: F,
    /// Who we are.
    pub deployment: Deployment,
    /// The customer's tenant, which roles name in their trust.
    pub tenant: TenantId,
    /// The partition of the account.
    pub partition: Partition,
    /// How long to wait for IAM.
    pub propagation: Propagation,
}

impl<C: Connectors, I: AccountIdentity, F: FormerConnectors> Registration<C, I, F> {
    /// Makes, adopts or updates the account's connector. `replaces` is the connector that the
    /// resource had before, where an update may have moved it. `before_write` is told the id
    /// just before anything is written.
    pub async fn connect(
        &self,
        wanted: &Wanted,
        replaces: Option<&ConnectorId>,
        before_write: impl FnOnce(&ConnectorId) + Send,
    ) -> Result<Connector, RegisterError> {
        self.check_api_version(wanted).await?;
        let Decision {
            remove_first,
            wanted: target,
            seen,
            step,
        } = self.decide(wanted).await?;
        let moved_from = replaces.filter(|old| {
            **old != target.id && !remove_first.iter().any(|going| going.id == **old)
        });
        if step != Step::Nothing || !remove_first.is_empty() || moved_from.is_some() {
            before_write(&target.id);
        }
        if let Some(old) = moved_from {
            self.disconnect(&target.account, old).await?;
        }
        for old in &remove_first {
            self.dismantle(&target.account, old).await?;
        }
        match (step, seen) {
            (Step::Nothing, Some(seen)) => {
                info!(account.id = %target.account, azure.connector = %target.id, "{} is as wanted, nothing written", target.id);
                Ok(seen)
            }
            (Step::Adopt, Some(seen)) => self.adopt(wanted, &target, &seen).await,
            (step, seen) => {
                info!(account.id = %target.account, azure.connector = %target.id, step = ?step, "writing {}", target.id);
                self.put(wanted, &target, seen.as_ref()).await
            }
        }
    }

    /// Refuses what the API version in use does not know, before anything is written.
    async fn check_api_version(&self, wanted: &Wanted) -> Result<(), RegisterError> {
        let Some(property) = wanted.newer_properties.first() else {
            return Ok(());
        };
        let port = RegisterError::port(&wanted.connector.account);
        let version = self.connectors.api_version().await.map_err(port)?;
        if version >= ApiVersion::V20260801Preview {
            return Ok(());
        }
        Err(RegisterError::NewerProperty { property, version })
    }

    async fn decide(&self, wanted: &Wanted) -> Result<Decision, RegisterError> {
        let port = RegisterError::port(&wanted.connector.account);
        let target = self.with_external_id(wanted).await?;
        let connectors = self.connectors.list().await.map_err(&port)?;
        let readiness = if needs_readiness(&target, &connectors, &self.deployment) {
            let read = tokio::try_join!(self.connectors.offer(), self.connectors.list_classic());
            let (offer, classic) = read.map_err(&port)?;
            Some(Readiness { offer, classic })
        } else {
            None
        };
        let seen = Seen {
            connectors: &connectors,
            readiness: readiness.as_ref(),
        };
        decide(&target, &seen, &self.deployment, wanted.adopt_existing)
            .map_err(RegisterError::Refused)
    }

    /// The wanted connector with the external id of the data collection role. Where none is given,
    /// it is the one that the role's trust policy asks for: the role's own stack made it up.
    async fn with_external_id(&self, wanted: &Wanted) -> Result<WantedConnector, RegisterError> {
        let mut target = wanted.connector.clone();
        let open = target.offerings.iter_mut().find_map(|one| match one {
            Offering::DefenderForContainersAws(offering) => (offering.audit_logs
                && offering.data_collection_external_id.is_none())
            .then_some(&mut offering.data_collection_external_id),
            _ => None,
        });
        if let (Some(open), Some(name)) = (open, wanted.role(RoleKey::ContainersDataCollection)) {
            let role = self.identity.role(name).await;
            let role = role.map_err(RegisterError::port(&target.account))?;
            *open = role.and_then(|role| role.external_id()).map(String::from);
        }
        Ok(target)
    }

    /// Keeps the former body before the first write: from then on the connector can be restored.
    async fn adopt(
        &self,
        wanted: &Wanted,
        target: &WantedConnector,
        seen: &Connector,
    ) -> Result<Connector, RegisterError> {
        let port = RegisterError::port(&target.account);
        self.former
            .keep(&target.account, seen)
            .await
            .map_err(&port)?;
        info!(account.id = %target.account, azure.connector = %target.id, "adopting {}", target.id);
        let put = self.put(wanted, target, Some(seen)).await;
        if let Err(error) = &put
            && leaves_no_doubt(error.kind())
        {
            self.former
                .forget(&target.account, &target.id)
                .await
                .map_err(&port)?;
        }
        put
    }

    /// Writes the connector. Where the service refuses what is in it, our own look at the account
    /// decides: a defect is named at once, and where there is none IAM gets time to propagate.
    async fn put(
        &self,
        wanted: &Wanted,
        target: &WantedConnector,
        seen: Option<&Connector>,
    ) -> Result<Connector, RegisterError> {
        let account = &target.account;
        let started = Instant::now();
        loop {
            let error = match self.connectors.put(target, seen).await {
                Ok(connector) => return Ok(connector),
                Err(error) if error.refused_content => error,
                Err(error) => return Err(RegisterError::port(account)(error)),
            };
            let defects = self.look(target, wanted).await;
            if !defects.is_empty() {
                let defects = defects.iter().map(ToString::to_string).collect::<Vec<_>>();
                let (account, defects) = (account.clone(), defects.join("; "));
                return Err(RegisterError::Unusable {
                    account,
                    defects,
                    error,
                });
            }
            if started.elapsed() + self.propagation.pause > self.propagation.patience {
                return Err(RegisterError::port(account)(error));
            }
            warn!(account.id = %account, "the service does not see provider and roles of account {account} yet, trying again: {error}");
            sleep(self.propagation.pause).await;
        }
    }
}

/// Whether the failed write certainly changed nothing.
fn leaves_no_doubt(kind: FailureKind) -> bool {
    !matches!(kind, FailureKind::Transient | FailureKind::Throttled { .. })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
