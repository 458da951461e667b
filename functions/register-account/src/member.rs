//! One account of an organization, for one step of a run.
//!
//! Several runs may work on the same account at once, and each step may be repeated. Whether the
//! account is to be put in or taken out is decided by marks in the run bucket. They are looked at
//! before anything is written and once more afterwards: whoever takes an account out puts the mark
//! down first and looks at Azure then, so what was written before that look is found there, and
//! what is written after it is taken back here.

use std::sync::atomic::{AtomicBool, Ordering};

use connector_properties::OfAccount;
use onboarding::decision::Step;
use onboarding::organization::MemberRegistration;
use onboarding::ports::{AccountIdentity, Connectors, FailureKind, FormerConnectors};
use onboarding::provider::Provider;
use onboarding::{AccountId, ConnectorId, RoleArn};
use tracing::{info, warn};

use crate::error::RegisterError;
use crate::identity::check_taken;
use crate::outcome::Outcome;
use crate::registration::{Connected, Registration};
use crate::run::Marks;

/// One account of an organization.
#[derive(Debug)]
pub struct Member<C, I, F, M> {
    /// What registers it.
    pub registration: Registration<C, I, F>,
    /// What decides whether it still should.
    pub marks: M,
    /// The account.
    pub account: AccountId,
    /// Whether that is the stack's own, which the stack's resources look after as well.
    pub is_own: bool,
    /// The connector that it has where nobody gave another name.
    pub usual: ConnectorId,
    /// All connectors that the run has seen for it, whoever they belong to.
    pub seen: Vec<ConnectorId>,
    /// Whether those are as wanted.
    pub as_wanted: bool,
}

impl<C: Connectors, I: AccountIdentity, F: FormerConnectors, M: Marks> Member<C, I, F, M> {
    /// Brings the account to what is wanted.
    pub async fn onboard(&self, asked: &OfAccount) -> Result<Outcome, RegisterError> {
        let account = &self.account;
        let port = RegisterError::port(account);
        if self.is_leaving().await? {
            // An earlier try may have been stopped between its write and its second look.
            self.take_back(None).await?;
            return Err(RegisterError::Leaving(account.clone()));
        }
        if self.marks.is_refused().await.map_err(&port)? {
            return Err(RegisterError::RolledBack(account.clone()));
        }
        let written = Written::default();
        let result = match self.bring_in(asked, &written).await {
            Err(RegisterError::Port { error, .. })
                if error.kind == FailureKind::Denied && self.is_shut_out().await =>
            {
                Err(RegisterError::NotReady {
                    account: account.clone(),
                    what: error.reason,
                })
            }
            result => result,
        };
        if written.anything() && self.is_leaving().await? {
            self.take_back(Some(&written)).await?;
            return Err(RegisterError::Leaving(account.clone()));
        }
        result
    }

    /// Takes out what we put into the account.
    pub async fn offboard(&self) -> Result<Outcome, RegisterError> {
        match self.check_leaving().await {
            // Another run has found it out for good meanwhile, and taken the mark away.
            Err(RegisterError::NotLeaving(_)) if self.as_wanted => {
                return Ok(Outcome::nothing_to_remove());
            }
            checked => checked?,
        }
        let seen = if self.as_wanted { &[][..] } else { &self.seen };
        self.take_out(seen.iter()).await
    }

    /// Removes the account's connector, where in the account itself nothing can be done.
    pub async fn remove_connector(&self) -> Result<Outcome, RegisterError> {
        self.check_leaving().await?;
        let ids = self.seen.iter().chain([&self.usual]);
        let removal = self
            .registration
            .disconnect_seen(&self.account, ids)
            .await?;
        Ok(if removal.removed > 0 {
            Outcome::removed()
        } else {
            Outcome::nothing_to_remove()
        })
    }

    async fn is_leaving(&self) -> Result<bool, RegisterError> {
        let marked = self.marks.is_leaving(&self.account).await;
        marked.map_err(RegisterError::port(&self.account))
    }

    /// A way out that nobody asked for would leave a whole account unprotected.
    async fn check_leaving(&self) -> Result<(), RegisterError> {
        if self.is_own {
            return Err(RegisterError::OwnAccount(self.account.clone()));
        }
        if self.is_leaving().await? {
            Ok(())
        } else {
            Err(RegisterError::NotLeaving(self.account.clone()))
        }
    }

    async fn bring_in(
        &self,
        asked: &OfAccount,
        written: &Written,
    ) -> Result<Outcome, RegisterError> {
        let (account, wanted) = (&self.account, &asked.wanted);
        let registration = &self.registration;
        self.check_access().await?;
        let roles = registration.roles(account, &wanted.roles).await?;
        // Those that our own stack sets made have the tags that these sets have.
        check_taken(account, &roles, |role| {
            registration.deployment.owns(&role.tags)
        })?;
        let ciem = Provider::Ciem(registration.tenant.clone());
        let wants_ciem = wanted.ciem_subject.is_some();
        // First, and also where roles are missing: the stack that makes those may have failed for
        // want of it.
        for provider in [Some(&Provider::Defender), wants_ciem.then_some(&ciem)] {
            let Some(provider) = provider else { continue };
            let before_write = || written.provider.store(true, Ordering::Relaxed);
            registration
                .provide_identity(account, provider, before_write)
                .await?;
        }
        let missing = roles.iter().filter(|role| role.seen.is_none());
        let missing: Vec<RoleArn> = missing
            .map(|role| RoleArn::new(&registration.partition, account, &role.name))
            .collect();
        if !missing.is_empty() {
            return Err(RegisterError::not_ready(account, &missing));
        }
        let outcome = match asked.registration {
            MemberRegistration::Direct => self.connect(asked, written).await?,
            MemberRegistration::Discovery => self.leave_to_defender().await?,
        };
        if !wants_ciem {
            registration.release_identity(account, &ciem).await?;
        }
        Ok(outcome)
    }

    /// Without the access role there is nothing that could be done; a stack set makes it.
    async fn check_access(&self) -> Result<(), RegisterError> {
        match self.registration.identity.access().await {
            Ok(()) => Ok(()),
            Err(error) if error.kind == FailureKind::Denied => Err(RegisterError::NotReady {
                account: self.account.clone(),
                what: error.reason,
            }),
            Err(error) => Err(RegisterError::port(&self.account)(error)),
        }
    }

    async fn connect(
        &self,
        asked: &OfAccount,
        written: &Written,
    ) -> Result<Outcome, RegisterError> {
        if self.as_wanted {
            let usual = self.seen.iter().find(|id| **id == self.usual);
            return Ok(Outcome::already_connected(usual.or(self.seen.first())));
        }
        // Set first: a write whose answer is lost is one as well.
        written.connector.store(true, Ordering::Relaxed);
        let connected = self
            .registration
            .connect_seen(&asked.wanted, &self.seen)
            .await?;
        let Connected {
            connector,
            step,
            moved,
            put,
        } = connected;
        written
            .connector
            .store(step != Step::Nothing || moved, Ordering::Relaxed);
        written
            .creation
            .store(step == Step::Create, Ordering::Relaxed);
        Ok(if step == Step::Nothing && !moved {
            Outcome::already_connected(Some(&connector.id))
        } else {
            Outcome::connected(&connector.id, put)
        })
    }

    /// Defender makes the connector itself. One of ours, from before, would be in its way.
    async fn leave_to_defender(&self) -> Result<Outcome, RegisterError> {
        let account = &self.account;
        let theirs = if self.as_wanted {
            self.seen.first().cloned()
        } else {
            let removal = self.registration.disconnect_seen(account, &self.seen);
            removal.await?.left.pop()
        };
        info!(account.id = %account, "Defender registers account {account} itself");
        Ok(match &theirs {
            Some(theirs) => Outcome::already_connected(Some(theirs)),
            None => Outcome::awaits_defender(),
        })
    }

    async fn take_out<'a>(
        &self,
        connectors: impl IntoIterator<Item = &'a ConnectorId>,
    ) -> Result<Outcome, RegisterError> {
        let account = &self.account;
        let registration = &self.registration;
        let removal = registration.disconnect_seen(account, connectors).await?;
        if let Err(error) = registration.identity.access().await {
            if error.kind != FailureKind::Denied {
                return Err(RegisterError::port(account)(error));
            }
            warn!(account.id = %account, "what is in account {account} stays there: {error}");
            return Ok(Outcome::removed().because(error.reason));
        }
        let released = match self.release().await {
            Err(RegisterError::Port { error, .. })
                if error.kind == FailureKind::Denied && self.is_shut_out().await =>
            {
                // A stack set takes the role away at this moment.
                warn!(account.id = %account, "what is in account {account} stays there: {error}");
                return Ok(Outcome::removed().because(error.reason));
            }
            released => released?,
        };
        Ok(if removal.removed > 0 || released {
            Outcome::released()
        } else {
            Outcome::nothing_to_remove()
        })
    }

    /// Gives the providers back; whether there was anything to give back.
    async fn release(&self) -> Result<bool, RegisterError> {
        let registration = &self.registration;
        let ciem = Provider::Ciem(registration.tenant.clone());
        let mut released = false;
        for provider in [&ciem, &Provider::Defender] {
            released |= registration
                .release_identity(&self.account, provider)
                .await?;
        }
        Ok(released)
    }

    async fn is_shut_out(&self) -> bool {
        let entered = self.registration.identity.enter().await;
        entered.is_err_and(|error| error.kind == FailureKind::Denied)
    }

    /// Takes out what came too late, or may have.
    async fn take_back(&self, written: Option<&Written>) -> Result<(), RegisterError> {
        let ids = self.seen.iter().chain([&self.usual]);
        if !self.is_own {
            return self.take_out(ids).await.map(drop);
        }
        // The stack's resources see to the own account. A connector that was there before is theirs:
        // the account stays registered where only its organization is taken out.
        if written.is_some_and(|written| written.creation.load(Ordering::Relaxed)) {
            let registration = &self.registration;
            registration.disconnect_seen(&self.account, ids).await?;
        }
        Ok(())
    }
}

/// What a step has written, or may have.
#[derive(Debug, Default)]
struct Written {
    provider: AtomicBool,
    connector: AtomicBool,
    creation: AtomicBool,
}

impl Written {
    fn anything(&self) -> bool {
        self.provider.load(Ordering::Relaxed) || self.connector.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
