//! Systems Manager in one Region of one account: managed nodes, executions of runbooks, and the
//! setting of Default Host Management.

use std::fmt;

use aws_sdk_ssm::Client;
use onboarding::RegionName;
use onboarding::arc::ports::RegionError;
use tokio::sync::OnceCell;

use crate::account_session::AccountSession;
use crate::call::Call;
use crate::failure::Failure;

mod executions;
mod host_setting;
mod nodes;
mod start;

/// Systems Manager in one Region of one account, for one request.
pub struct SystemsManager {
    session: AccountSession,
    region: RegionName,
    place: String,
    client: OnceCell<Client>,
}

impl fmt::Debug for SystemsManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemsManager")
            .field("session", &self.session)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl SystemsManager {
    /// A Region of the session's account; nothing is sent yet.
    pub fn new(session: AccountSession, region: RegionName) -> Self {
        let place = format!("in account {}, {region}", session.account());
        Self {
            session,
            region,
            place,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> Result<&Client, Failure> {
        let connect = async || Ok(Client::new(&self.session.sdk_in(&self.region).await?));
        self.client.get_or_try_init(connect).await
    }

    fn call(&self, action: &'static str) -> Call<'_> {
        self.session.call(action, &self.place)
    }

    fn explain(&self, failure: Failure) -> RegionError {
        self.session.explain_in_region(failure)
    }
}

#[cfg(test)]
mod tests;
