//! Sessions of IAM roles, assumed with the function's own credentials and kept while they last.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_sts::Client;
use aws_sdk_sts::types::Credentials as SessionCredentials;
use onboarding::{FailureKind, RoleArn};
use tokio::time::{Instant, sleep};
use tracing::info;

use crate::call::Call;
use crate::failure::Failure;

/// How long a role that may just have been made is asked for.
const PATIENCE: Duration = Duration::from_mins(1);
const FIRST_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// What a kept session must still have: more than the longest time that a function runs, which
/// Lambda ends after 15 minutes.
const LEAST_LIFE: Duration = Duration::from_mins(16);

/// The name that a session has in `CloudTrail` of the account it acts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionName(String);

impl SessionName {
    /// A name that leads from `CloudTrail` to the request: `DefenderConnector-<request id>`.
    pub fn for_request(request_id: &str) -> Self {
        let fits = |c: &char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(*c);
        let name = "DefenderConnector-"
            .chars()
            .chain(request_id.chars().filter(fits));
        Self(name.take(64).collect())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Sessions of roles, one for each role that was asked for.
pub struct RoleSessions {
    sts: Client,
    patience: Duration,
    /// By the role's ARN.
    held: Mutex<HashMap<String, Credentials>>,
}

impl fmt::Debug for RoleSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleSessions")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl RoleSessions {
    /// Without a session yet; nothing is sent.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            sts: Client::new(sdk),
            patience: PATIENCE,
            held: Mutex::default(),
        }
    }

    /// Changes how long a refused `sts:AssumeRole` is tried again, a minute unless said otherwise.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The session that is held, or a new one.
    pub(crate) async fn credentials(
        &self,
        role: &RoleArn,
        name: &SessionName,
        deadline: Instant,
    ) -> Result<Credentials, Failure> {
        if let Some(kept) = self.lock().get(role.as_str()).filter(|kept| lasts(kept)) {
            return Ok(kept.clone());
        }
        let fresh = self.assume(role, name, deadline, self.patience).await?;
        self.lock().insert(role.as_str().to_owned(), fresh.clone());
        Ok(fresh)
    }

    /// A new session, whatever is held. A refusal is final: whoever asks does not wait for a role
    /// that is being made.
    pub(crate) async fn credentials_now(
        &self,
        role: &RoleArn,
        name: &SessionName,
        deadline: Instant,
    ) -> Result<Credentials, Failure> {
        self.forget(role);
        let fresh = self.assume(role, name, deadline, Duration::ZERO).await?;
        self.lock().insert(role.as_str().to_owned(), fresh.clone());
        Ok(fresh)
    }

    /// Drops a session that was refused: its role may have been made anew, and then a session of
    /// the former one is worth nothing.
    pub(crate) fn forget(&self, role: &RoleArn) {
        self.lock().remove(role.as_str());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Credentials>> {
        // A map of whole values cannot be left half-written.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn assume(
        &self,
        role: &RoleArn,
        name: &SessionName,
        deadline: Instant,
        patience: Duration,
    ) -> Result<Credentials, Failure> {
        let started = Instant::now();
        let until = deadline.min(started + patience);
        let mut refusal: Option<Failure> = None;
        let mut wait = FIRST_WAIT;
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.ask(role, name, deadline).await {
                Ok(credentials) => return Ok(credentials),
                Err(failure) => failure,
            };
            // Whatever ends the tries, an answer of the service says more than none.
            let failure = match refusal.take() {
                Some(refusal) if !failure.was_answered() => return Err(refusal),
                _ => failure.after(tries, started.elapsed()),
            };
            let passing = failure.is("AccessDenied") && !failure.is_explicit_denial();
            if !passing || Instant::now() + wait > until {
                return Err(failure);
            }
            info!(aws.role = %role, wait_ms = millis(wait), "the role {role} cannot be assumed yet; trying again");
            refusal = Some(failure);
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn ask(
        &self,
        role: &RoleArn,
        name: &SessionName,
        deadline: Instant,
    ) -> Result<Credentials, Failure> {
        let place = format!("for role {role}");
        let call = Call {
            action: "sts:AssumeRole",
            place: &place,
            deadline,
        };
        let request = self
            .sts
            .assume_role()
            .role_arn(role.as_str())
            .role_session_name(name.as_str());
        let answer = call.send(request.send()).await?;
        let unusable = || call.failure(FailureKind::Transient, "the answer held no credentials");
        answer
            .credentials
            .and_then(credentials)
            .ok_or_else(unusable)
    }
}

fn credentials(session: SessionCredentials) -> Option<Credentials> {
    let expires = SystemTime::try_from(session.expiration).ok()?;
    let complete = !session.access_key_id.is_empty() && !session.secret_access_key.is_empty();
    complete.then(|| {
        Credentials::new(
            session.access_key_id,
            session.secret_access_key,
            Some(session.session_token),
            Some(expires),
            "AssumedRole",
        )
    })
}

fn lasts(credentials: &Credentials) -> bool {
    credentials
        .expiry()
        .is_some_and(|end| end > SystemTime::now() + LEAST_LIFE)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
