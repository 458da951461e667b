//! Brings an account's security connector to the wanted state, writing only what differs.

use std::time::Duration;

use onboarding::decision::{Decision, Readiness, Seen, Step, decide, needs_readiness};
use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::trust::defect;
use onboarding::{
    AccountId, Connector, ConnectorId, Deployment, FailureKind, PortError, RoleArn, RoleKey,
    RoleName, TenantId, WantedConnector,
};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::error::{RegisterError, Unusable};

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
    /// Whether a connector of others may be taken over.
    pub adopt_existing: bool,
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
    /// The ARN of Defender's provider in the account.
    pub provider_arn: String,
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

    async fn decide(&self, wanted: &Wanted) -> Result<Decision, RegisterError> {
        let port = RegisterError::port(&wanted.connector.account);
        let connectors = self.connectors.list().await.map_err(&port)?;
        let readiness = if needs_readiness(&wanted.connector, &connectors, &self.deployment) {
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
        decide(
            &wanted.connector,
            &seen,
            &self.deployment,
            wanted.adopt_existing,
        )
        .map_err(RegisterError::Refused)
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
            let defects = self.look(account, wanted).await;
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

    /// What Defender could not use. A look that fails finds nothing: the service's own answer is
    /// then all there is to say.
    async fn look(&self, account: &AccountId, wanted: &Wanted) -> Vec<Unusable> {
        let found = async {
            let mut found = Vec::new();
            if self.identity.provider().await?.is_none() {
                found.push(Unusable::NoProvider(self.provider_arn.clone()));
            }
            for (key, name) in &wanted.roles {
                found.extend(self.look_at_role(account, *key, name).await?);
            }
            Ok::<_, PortError>(found)
        };
        found.await.unwrap_or_else(|error| {
            warn!(account.id = %account, "could not look at the roles of account {account}: {error}");
            Vec::new()
        })
    }

    async fn look_at_role(
        &self,
        account: &AccountId,
        key: RoleKey,
        name: &RoleName,
    ) -> Result<Option<Unusable>, PortError> {
        let arn = || {
            onboarding::Partition::of_arn(&self.provider_arn).map_or_else(
                || RoleArn::seen(name.as_str()),
                |p| RoleArn::new(&p, account, name),
            )
        };
        let Some(role) = self.identity.role(name).await? else {
            return Ok(Some(Unusable::NoRole(arn())));
        };
        let defect = defect(&role, key, &self.provider_arn, &self.tenant);
        Ok(defect.map(|defect| Unusable::Trust {
            role: arn(),
            defect,
        }))
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
