//! Brings an account's security connector to the wanted state, writing only what differs.

use std::sync::Arc;
use std::time::Duration;

use connector_properties::Wanted;
use onboarding::decision::{Decision, Readiness, Seen, Step, decide, needs_readiness};
use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::{
    ApiVersion, Connector, ConnectorId, Deployment, FailureKind, Offering, Partition, RoleKey,
    TenantId, WantedConnector,
};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::error::RegisterError;

mod look;
mod seen;

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
    /// Whether the subscription can take new connectors, once that was found out. It is the same for
    /// every account of a run.
    pub readiness: Arc<OnceCell<Readiness>>,
}

/// An account whose connector is as wanted.
#[derive(Debug)]
pub struct Connected {
    /// The connector.
    pub connector: Connector,
    /// What had to be done.
    pub step: Step,
    /// Whether another connector of ours had to go.
    pub moved: bool,
    /// How long the service took to write it, where it was written.
    pub put: Option<Duration>,
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
        let target = self.with_external_id(wanted).await?;
        let port = RegisterError::port(&target.account);
        let connectors = self.connectors.list().await.map_err(port)?;
        let connected = self.bring(wanted, target, &connectors, replaces, before_write);
        Ok(connected.await?.connector)
    }

    /// The same for an account of which all connectors were seen before: they are read again one by
    /// one, and so is the wanted one, which an earlier try may have made since.
    pub async fn connect_seen(
        &self,
        wanted: &Wanted,
        seen: &[ConnectorId],
    ) -> Result<Connected, RegisterError> {
        self.check_api_version(wanted).await?;
        let target = self.with_external_id(wanted).await?;
        let ids = seen.iter().chain([&target.id]);
        let connectors = self.read(&target.account, ids).await?;
        self.bring(wanted, target, &connectors, None, |_| {}).await
    }

    async fn bring(
        &self,
        wanted: &Wanted,
        target: WantedConnector,
        connectors: &[Connector],
        replaces: Option<&ConnectorId>,
        before_write: impl FnOnce(&ConnectorId) + Send,
    ) -> Result<Connected, RegisterError> {
        let Decision {
            remove_first,
            wanted: target,
            seen,
            step,
        } = self.decide(wanted, &target, connectors).await?;
        let moved_from = replaces.filter(|old| {
            **old != target.id && !remove_first.iter().any(|going| going.id == **old)
        });
        let moved = !remove_first.is_empty() || moved_from.is_some();
        if step != Step::Nothing || moved {
            before_write(&target.id);
        }
        if let Some(old) = moved_from {
            self.disconnect(&target.account, old).await?;
        }
        for old in &remove_first {
            self.dismantle(&target.account, old).await?;
        }
        let (connector, put) = match (&step, seen) {
            (Step::Nothing, Some(seen)) => {
                info!(account.id = %target.account, azure.connector = %target.id, "{} is as wanted, nothing written", target.id);
                (seen, None)
            }
            (Step::Adopt, Some(seen)) => self.adopt(wanted, &target, &seen).await?,
            (step, seen) => {
                info!(account.id = %target.account, azure.connector = %target.id, step = ?step, "writing {}", target.id);
                self.put(wanted, &target, seen.as_ref()).await?
            }
        };
        Ok(Connected {
            connector,
            step,
            moved,
            put,
        })
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

    async fn decide(
        &self,
        wanted: &Wanted,
        target: &WantedConnector,
        connectors: &[Connector],
    ) -> Result<Decision, RegisterError> {
        let port = RegisterError::port(&target.account);
        let readiness = if needs_readiness(target, connectors, &self.deployment) {
            let look = || async {
                let (offer, classic) =
                    tokio::try_join!(self.connectors.offer(), self.connectors.list_classic())?;
                Ok(Readiness { offer, classic })
            };
            Some(self.readiness.get_or_try_init(look).await.map_err(&port)?)
        } else {
            None
        };
        let seen = Seen {
            connectors,
            readiness,
        };
        decide(target, &seen, &self.deployment, &wanted.terms).map_err(RegisterError::Refused)
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
    ) -> Result<(Connector, Option<Duration>), RegisterError> {
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
    ) -> Result<(Connector, Option<Duration>), RegisterError> {
        let account = &target.account;
        let started = Instant::now();
        loop {
            let sent = Instant::now();
            let error = match self.connectors.put(target, seen).await {
                Ok(connector) => return Ok((connector, Some(sent.elapsed()))),
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
pub(crate) mod tests;
#[cfg(test)]
pub(crate) mod world;
