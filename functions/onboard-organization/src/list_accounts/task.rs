//! What a run is to do, and whether it may.

use std::collections::BTreeSet;

use onboarding::arc::RunId;
use onboarding::decision::{OrganizationConnectorOf, Refusal};
use onboarding::organization::report::failed_accounts;
use onboarding::organization::{
    DeploymentScope, Intent, MemberRegistration, Membership, Narrowing, OrganizationSettings,
    Purpose, Scope, SeenConnector, WantedState,
};
use onboarding::{AccountId, FailureKind};

use super::Listing;
use crate::connectors::SeenConnectors;
use crate::error::OrganizationError;
use crate::narrowing;
use crate::run::Asked;

/// What a run is to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Nothing, and why.
    Idle(String),
    /// This.
    Work(Box<Work>),
}

/// What a run is to bring about.
#[derive(Debug)]
pub(super) struct Work {
    /// What for.
    pub(super) goal: Goal,
    /// The wanted state that it goes by.
    pub(super) state: WantedState,
    /// What that says of the organization.
    pub(super) settings: OrganizationSettings,
    /// The accounts that are wanted.
    pub(super) scope: Scope,
    /// The accounts that are asked for, where it is not all.
    pub(super) only: Option<BTreeSet<AccountId>>,
    /// The text of the wanted state, where it was read from where the stack keeps it.
    pub(super) stored: Option<String>,
}

/// What a run is for.
#[derive(Debug)]
pub(super) enum Goal {
    /// To bring everything to what is wanted.
    Onboard,
    /// To take everything out.
    Offboard,
    /// To take out what an update loses.
    Narrow(Box<Lost>),
}

/// What an update loses.
#[derive(Debug)]
pub(super) struct Lost {
    /// Compared with what it leaves.
    pub(super) narrowing: Narrowing,
    /// Whether instances had tags before it.
    pub(super) had_tags: bool,
}

impl Work {
    fn new(goal: Goal, state: WantedState) -> Result<Self, OrganizationError> {
        let settings = state.organization().cloned().ok_or_else(|| {
            OrganizationError::Invalid("the wanted state is for one account alone".to_owned())
        })?;
        Ok(Self {
            goal,
            scope: Scope::of(&settings),
            settings,
            state,
            only: None,
            stored: None,
        })
    }

    pub(super) fn purpose(&self) -> Purpose<'_> {
        match &self.goal {
            Goal::Onboard => Purpose::Onboard,
            Goal::Offboard => Purpose::Offboard,
            Goal::Narrow(lost) => Purpose::Narrow(&lost.narrowing),
        }
    }

    pub(super) fn intent(&self) -> Intent {
        self.purpose().intent()
    }

    pub(super) fn registration(&self) -> MemberRegistration {
        self.settings.member_registration
    }

    /// Refuses to register accounts one by one where Defender registers them itself. Whoever works
    /// on one account does not see the connector that stands for all.
    pub(super) fn check_alone(
        &self,
        connectors: &[SeenConnector],
    ) -> Result<(), OrganizationError> {
        let direct = self.registration() == MemberRegistration::Direct;
        if !direct || !matches!(self.goal, Goal::Onboard) {
            return Ok(());
        }
        let stands_for_all = |one: &&SeenConnector| {
            one.membership == Membership::Organization && one.account == *self.scope.management()
        };
        let Some(found) = connectors.iter().find(stands_for_all) else {
            return Ok(());
        };
        let refusal = Refusal::OrganizationConnector {
            connector: found.id.to_string(),
            whose: if found.is_ours {
                OrganizationConnectorOf::Ours
            } else {
                OrganizationConnectorOf::Others
            },
        };
        Err(OrganizationError::Conflict(refusal.to_string()))
    }
}

impl<C: SeenConnectors> Listing<'_, C> {
    pub(super) async fn task(&self) -> Result<Task, OrganizationError> {
        let asked = self.asked;
        let chooses = asked.account_ids.is_some() || asked.redrive.is_some();
        match (asked.intent, &asked.request_id) {
            (Intent::Onboard, None) => self.unasked().await,
            (_, Some(_)) if chooses => Err(OrganizationError::Invalid(
                "a request of CloudFormation is for all accounts".to_owned(),
            )),
            (Intent::Onboard, Some(request)) => {
                self.check_goes_on(request).await?;
                let asked = self.asked_for().await?;
                Work::new(Goal::Onboard, asked.wanted()?).map(Task::work)
            }
            (Intent::Narrow, Some(request)) => {
                self.check_goes_on(request).await?;
                narrowed(&self.asked_for().await?)
            }
            (Intent::Offboard, Some(_)) => {
                if !self.bucket().is_all_leaving().await? {
                    return Err(not_leaving());
                }
                let asked = self.asked_for().await?;
                Work::new(Goal::Offboard, asked.wanted()?).map(Task::work)
            }
            (Intent::Offboard, None) => Err(not_leaving()),
            (Intent::Narrow, None) => Err(OrganizationError::Invalid(
                "only an update of the stack takes out what it loses".to_owned(),
            )),
        }
    }

    /// What events, the schedule or a person have begun.
    async fn unasked(&self) -> Result<Task, OrganizationError> {
        let stored = match self.cloud.wanted_state(self.deadline).await {
            Ok(stored) => stored,
            Err(error) if error.kind == FailureKind::NotFound => {
                return Ok(Task::idle("there is no wanted state"));
            }
            Err(error) => return Err(error.into()),
        };
        let state = WantedState::read(&stored)?;
        if state.scope() == DeploymentScope::Account {
            return Ok(Task::idle("the stack is for its own account alone"));
        }
        if self.bucket().is_all_leaving().await? {
            return Ok(Task::idle("a delete of the stack takes everything out"));
        }
        let mut work = Work::new(Goal::Onboard, state)?;
        work.only = self.only().await?;
        work.stored = Some(stored);
        Ok(Task::work(work))
    }

    async fn only(&self) -> Result<Option<BTreeSet<AccountId>>, OrganizationError> {
        let chosen = self.asked.account_ids.clone();
        let Some(before) = &self.asked.redrive else {
            return Ok(chosen);
        };
        let unknown =
            || OrganizationError::Invalid(format!("there is no report of the run {before}"));
        let report = self.bucket().report(before).await?.ok_or_else(unknown)?;
        let failed = failed_accounts(&report).map_err(|_| {
            OrganizationError::Invalid(format!("the report of the run {before} cannot be read"))
        })?;
        Ok(Some(
            failed
                .into_iter()
                .chain(chosen.into_iter().flatten())
                .collect(),
        ))
    }

    /// A request that was refused, by whomever, is being rolled back: its run must not go on with
    /// what nobody wants any more.
    async fn check_goes_on(&self, request: &RunId) -> Result<(), OrganizationError> {
        let bucket = self.bucket();
        if bucket.requests().is_refused(request).await? {
            return Err(OrganizationError::Conflict(format!(
                "the request {request} that began the run was refused meanwhile"
            )));
        }
        if bucket.is_all_leaving().await? {
            return Err(OrganizationError::Conflict(
                "nothing is put in while a delete of the stack takes everything out".to_owned(),
            ));
        }
        Ok(())
    }

    async fn asked_for(&self) -> Result<Asked, OrganizationError> {
        let run = &self.asked.run_id;
        let asked = self.bucket().asked(run).await?;
        asked
            .filter(|asked| asked.intent == self.asked.intent)
            .ok_or_else(|| OrganizationError::Invalid(format!("no request began the run {run}")))
    }
}

impl Task {
    fn idle(reason: &str) -> Self {
        Self::Idle(reason.to_owned())
    }

    fn work(work: Work) -> Self {
        Self::Work(Box::new(work))
    }
}

fn narrowed(asked: &Asked) -> Result<Task, OrganizationError> {
    let after = asked.wanted()?;
    let Some(before) = asked.before()? else {
        return Ok(Task::idle("nothing was wanted before"));
    };
    let narrowing = Narrowing::between(&before, &after);
    if !narrowing::loses(&narrowing) {
        return Ok(Task::idle("the update takes nothing from any account"));
    }
    let state = narrowing::state(&narrowing, &before)?;
    let lost = Lost {
        narrowing,
        had_tags: before.arc().is_some(),
    };
    Work::new(Goal::Narrow(Box::new(lost)), state).map(Task::work)
}

fn not_leaving() -> OrganizationError {
    OrganizationError::Invalid(
        "accounts are taken out only by the delete of the stack, and none is under way".to_owned(),
    )
}
