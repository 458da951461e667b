//! One account.

use aws_sdk_organizations::types::{Account, AccountState, AccountStatus};
use onboarding::AccountId;
use onboarding::organization::{self, OuPath, SeenAccount, Shown, TargetId};

use super::lists::Parents;
use super::{OrganizationDirectory, incomplete};
use crate::failure::Failure;
use crate::pages::{Listing, walk};

/// AWS allows units five deep; whatever it may allow one day, no way is endless.
const DEEPEST: usize = 50;

/// What matters of an account; `None` for what is none.
pub(super) fn seen(account: &Account) -> Option<SeenAccount> {
    let status = account.status().map(AccountStatus::as_str);
    let state = account.state().map(AccountState::as_str);
    Some(SeenAccount {
        id: account.id()?.parse().ok()?,
        name: Shown::name(account.name().unwrap_or_default()),
        state: organization::AccountState::read(state, status),
        paths: paths(account.paths()),
    })
}

/// Where the account is. A path that cannot be read may be the one that matters, so then none is
/// known.
fn paths(texts: &[String]) -> Vec<OuPath> {
    let read: Result<Vec<OuPath>, _> = texts.iter().map(|text| text.parse()).collect();
    read.unwrap_or_default()
}

impl OrganizationDirectory {
    pub(super) async fn describe_account(
        &self,
        id: &AccountId,
    ) -> Result<Option<SeenAccount>, Failure> {
        let call = self.call("organizations:DescribeAccount");
        let request = self.client().describe_account().account_id(id.as_str());
        let sent = call.send(async {
            self.paces().account.turn().await;
            request.send().await
        });
        let answer = match sent.await {
            Ok(answer) => answer,
            Err(failure) if failure.is("AccountNotFound") => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let mut account = answer
            .account()
            .and_then(seen)
            .ok_or_else(|| incomplete(call))?;
        if account.paths.is_empty() {
            account.paths = vec![self.climb(id).await?];
        }
        Ok(Some(account))
    }

    /// The way from the root down to an account, found by going up.
    async fn climb(&self, id: &AccountId) -> Result<OuPath, Failure> {
        let mut way = Vec::new();
        let mut child = id.to_string();
        while way.len() < DEEPEST {
            let parent = self.parent(&child).await?;
            child = parent.to_string();
            let is_root = matches!(parent, TargetId::Root(_));
            way.push(parent);
            if is_root {
                way.reverse();
                return Ok(OuPath::new(way));
            }
        }
        Err(incomplete(self.call("organizations:ListParents")))
    }

    async fn parent(&self, child: &str) -> Result<TargetId, Failure> {
        let parents = Parents {
            directory: self,
            child_id: child,
        };
        let mut found = None;
        walk(&parents, &mut |parent| {
            found = found.take().or(parent.id().and_then(|id| id.parse().ok()));
        })
        .await?;
        found.ok_or_else(|| incomplete(parents.call()))
    }
}
