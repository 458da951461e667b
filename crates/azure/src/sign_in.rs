//! Signing in to Microsoft Entra: a token for Azure Resource Manager, fetched once and kept.

use std::fmt;
use std::time::Duration;

use onboarding::TenantId;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tracing::{debug, warn};
use url::Url;

use crate::{Deadline, Error, Kind, Patience};

mod claims;
mod credential;
mod exchange;
mod refusal;

pub use credential::{
    ClientAssertion, ClientSecret, ClientSecretCredential, Credential, FederatedCredential, Proof,
    SignIn,
};

/// How the service is named in errors.
const SERVICE: &str = "Microsoft Entra";
const OPERATION: &str = "sign in to Azure";
/// How long an early refresh may hold up a caller who has a good token all the same.
const EARLY_REFRESH: Duration = Duration::from_secs(15);

/// The application or managed identity that signs in.
#[derive(Debug, Clone)]
pub struct EntraApplication {
    /// Base URL of Entra, `https://login.microsoftonline.com`.
    pub authority: Url,
    /// The tenant it lives in.
    pub tenant_id: TenantId,
    /// Its application (client) id.
    pub client_id: String,
}

/// An access token.
#[derive(Clone)]
pub(crate) struct Token {
    value: SecretString,
    generation: u64,
    refresh_at: Instant,
    expires_at: Instant,
}

impl Token {
    pub(crate) fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    generation: u64,
    /// The last flight's failure: those who waited for it share it instead of asking again.
    failure: Option<(Instant, Error)>,
}

/// Tokens for Azure Resource Manager, from one credential. Keeps the token it has until shortly
/// before it ends, and lets one request fly at a time.
pub struct TokenSource<C> {
    http: reqwest::Client,
    application: EntraApplication,
    credential: C,
    patience: Patience,
    held: Mutex<Held>,
}

impl<C> fmt::Debug for TokenSource<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

impl<C: Credential> TokenSource<C> {
    /// A source without a token; nothing is sent yet.
    pub fn new(
        http: reqwest::Client,
        application: EntraApplication,
        credential: C,
        patience: Patience,
    ) -> Self {
        Self {
            http,
            application,
            credential,
            patience,
            held: Mutex::default(),
        }
    }

    /// Signs in now unless there is a token, to find wrong settings before anything is written.
    pub async fn sign_in(&self, deadline: Deadline) -> Result<(), Error> {
        self.token(deadline).await.map(drop)
    }

    /// The token that is held, or a new one.
    pub(crate) async fn token(&self, deadline: Deadline) -> Result<Token, Error> {
        self.token_unless(None, deadline).await
    }

    /// Another token than the one that Resource Manager refused.
    pub(crate) async fn another(
        &self,
        refused: &Token,
        deadline: Deadline,
    ) -> Result<Token, Error> {
        self.token_unless(Some(refused.generation), deadline).await
    }

    async fn token_unless(&self, refused: Option<u64>, deadline: Deadline) -> Result<Token, Error> {
        let asked = Instant::now();
        let lock = timeout_at(deadline.moment(), self.held.lock()).await;
        let mut held = lock.map_err(|_| {
            let waited = "another request for a token took all the time there was";
            Error::new(Kind::Transient, SERVICE, OPERATION, waited)
        })?;
        let now = Instant::now();
        let held_token = held.token.take();
        let usable =
            held_token.filter(|token| Some(token.generation) != refused && token.expires_at > now);
        if let Some(token) = usable.as_ref().filter(|token| token.refresh_at > now) {
            let token = token.clone();
            held.token = usable;
            return Ok(token);
        }
        if let Some((_, failure)) = held.failure.as_ref().filter(|(at, _)| *at > asked) {
            return Err(failure.clone());
        }
        let limit = match usable {
            Some(_) => deadline.min(Deadline::after(EARLY_REFRESH)),
            None => deadline,
        };
        match (self.exchange(limit).await, usable) {
            (Ok(granted), _) => Ok(held.keep(granted)),
            (Err(error), Some(mut token)) => {
                warn!(%error, "the token could not be refreshed early; the old one still works");
                token.refresh_at = Instant::now() + EARLY_REFRESH * 2;
                held.token = Some(token.clone());
                Ok(token)
            }
            (Err(error), None) => {
                held.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

/// What Entra granted.
struct Granted {
    value: SecretString,
    life: Duration,
}

impl Held {
    fn keep(&mut self, granted: Granted) -> Token {
        self.generation += 1;
        let now = Instant::now();
        let token = Token {
            value: granted.value,
            generation: self.generation,
            refresh_at: now + early(granted.life),
            expires_at: now + granted.life,
        };
        debug!(lifetime_s = granted.life.as_secs(), "signed in to Azure");
        self.failure = None;
        self.token = Some(token.clone());
        token
    }
}

/// When to fetch the next token: 300 seconds before the end or after 80 % of the life, whichever
/// is earlier, and never in the first half.
fn early(life: Duration) -> Duration {
    let fraction = life.mul_f64(0.8);
    fraction
        .min(life.saturating_sub(Duration::from_mins(5)))
        .max(life / 2)
}

#[cfg(test)]
mod tests;
