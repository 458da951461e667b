//! One account, for one request, through its access role.

use std::fmt;
use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use onboarding::arc::ports::RegionError;
use onboarding::{AccountId, FailureKind, Partition, PortError, RegionName, RoleArn};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;
use crate::iam::IamIdentity;
use crate::sessions::{RoleSessions, SessionName};

/// The role that the functions act through in every onboarded account.
pub const ACCESS_ROLE: &str = "DefenderConnectorAccess";

/// Gives access to accounts. Made once.
#[derive(Debug, Clone)]
pub struct AccountAccess {
    sdk: SdkConfig,
    sessions: Arc<RoleSessions>,
    partition: Partition,
}

impl AccountAccess {
    /// Access to accounts of a partition; nothing is sent yet.
    pub fn new(sdk: &SdkConfig, sessions: Arc<RoleSessions>, partition: Partition) -> Self {
        Self {
            sdk: sdk.clone(),
            sessions,
            partition,
        }
    }

    /// One account, for one request.
    pub fn session(
        &self,
        account: &AccountId,
        name: SessionName,
        deadline: Instant,
    ) -> AccountSession {
        self.session_by(Assumption::Kept, account, name, deadline)
    }

    /// One account, for one request, with a session of this kind.
    pub fn session_by(
        &self,
        assumption: Assumption,
        account: &AccountId,
        name: SessionName,
        deadline: Instant,
    ) -> AccountSession {
        let Self { partition, .. } = self;
        AccountSession(Arc::new(Inner {
            access: self.clone(),
            role: RoleArn::seen(format!("arn:{partition}:iam::{account}:role/{ACCESS_ROLE}")),
            assumption,
            account: account.clone(),
            name,
            deadline,
            credentials: OnceCell::new(),
        }))
    }

    /// IAM of one account, for one request, with a session of this kind.
    pub fn identity(
        &self,
        assumption: Assumption,
        account: &AccountId,
        name: SessionName,
        deadline: Instant,
    ) -> IamIdentity {
        IamIdentity::new(self.session_by(assumption, account, name, deadline))
    }
}

/// Which session of the access role will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumption {
    /// One of an earlier request, too. A role that may just have been made is waited for.
    Kept,
    /// A new one: the role may have been made anew by a stack set. It is waited for as well.
    Anew,
    /// A new one at once: a role that does not let us in is gone, or going.
    AnewAtOnce,
}

/// One account, for one request, in every Region of it. The access role is assumed with the first
/// call, once.
#[derive(Clone)]
pub struct AccountSession(Arc<Inner>);

struct Inner {
    access: AccountAccess,
    role: RoleArn,
    assumption: Assumption,
    account: AccountId,
    name: SessionName,
    deadline: Instant,
    credentials: OnceCell<Credentials>,
}

impl fmt::Debug for AccountSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountSession")
            .field("role", &self.0.role)
            .finish_non_exhaustive()
    }
}

impl AccountSession {
    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.0.account
    }

    /// Its partition.
    pub fn partition(&self) -> &Partition {
        &self.0.access.partition
    }

    /// The SDK's configuration with the account's session, in the function's own Region.
    pub async fn sdk(&self) -> Result<SdkConfig, Failure> {
        let session = self.0.credentials.get_or_try_init(|| self.assume()).await?;
        let credentials = SharedCredentialsProvider::new(session.clone());
        let own = self.0.access.sdk.clone().into_builder();
        Ok(own.credentials_provider(credentials).build())
    }

    /// The same in another Region.
    pub async fn sdk_in(&self, region: &RegionName) -> Result<SdkConfig, Failure> {
        let region = Region::new(region.to_string());
        Ok(self.sdk().await?.into_builder().region(region).build())
    }

    /// Whether the access role can be assumed at this moment, whatever session there is: `Denied`
    /// where it cannot.
    pub async fn enter(&self) -> Result<(), PortError> {
        let entered = self.assume_by(Assumption::AnewAtOnce).await;
        entered.map(drop).map_err(PortError::from)
    }

    async fn assume(&self) -> Result<Credentials, Failure> {
        self.assume_by(self.0.assumption).await
    }

    async fn assume_by(&self, assumption: Assumption) -> Result<Credentials, Failure> {
        let Inner {
            access,
            role,
            account,
            name,
            deadline,
            ..
        } = &*self.0;
        let sessions = &access.sessions;
        let session = match assumption {
            Assumption::Kept => sessions.credentials(role, name, *deadline).await,
            Assumption::Anew => {
                sessions.forget(role);
                sessions.credentials(role, name, *deadline).await
            }
            Assumption::AnewAtOnce => sessions.credentials_now(role, name, *deadline).await,
        };
        session.map_err(|failure| {
            failure.denied_advice(|action| {
                format!(
                    "The role {ACCESS_ROLE} of account {account} (templates/access.yaml) must exist and trust \
                     this function's role, which must be allowed {action} on it; a service control \
                     policy can deny it as well"
                )
            })
        })
    }

    /// A call that ends by the request's deadline.
    pub fn call<'a>(&self, action: &'static str, place: &'a str) -> Call<'a> {
        Call {
            action,
            place,
            deadline: self.0.deadline,
        }
    }

    /// Puts a failure into words, and drops a session that may be the reason for it.
    pub fn explain(&self, failure: Failure) -> PortError {
        let Inner {
            access,
            role,
            account,
            ..
        } = &*self.0;
        if failure.refuses_session() {
            access.sessions.forget(role);
        }
        failure
            .denied_advice(|action| {
                format!(
                    "The role {ACCESS_ROLE} of account {account} (templates/access.yaml) must be allowed {action}; \
                     a service control policy can deny it as well"
                )
            })
            .into()
    }

    /// The same for a call in a Region that the account may not have enabled.
    pub fn explain_in_region(&self, failure: Failure) -> RegionError {
        if !failure.is_of_disabled_region() {
            return RegionError::Port(self.explain(failure));
        }
        // The same codes say that a session is no longer good.
        if failure.refuses_session() {
            self.0.access.sessions.forget(&self.0.role);
        }
        RegionError::Disabled(PortError::new(
            FailureKind::Denied,
            format!(
                "the Region is not enabled for account {}: {failure}",
                self.0.account
            ),
        ))
    }
}
