//! What instance profiles of an account let instances do.

use std::fmt;

use aws_sdk_iam::Client;
use onboarding::PortError;
use onboarding::arc::ProfileName;
use onboarding::arc::ports::Profiles;
use onboarding::arc::readiness::{ProfilePolicies, SSM_POLICIES};
use tokio::sync::OnceCell;

use crate::account_session::AccountSession;
use crate::failure::Failure;

/// The instance profiles of one account, for one request.
pub struct InstanceProfiles {
    session: AccountSession,
    place: String,
    client: OnceCell<Client>,
}

impl fmt::Debug for InstanceProfiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceProfiles")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl InstanceProfiles {
    /// The profiles of the session's account.
    pub fn new(session: AccountSession) -> Self {
        let place = format!("in account {}", session.account());
        Self {
            session,
            place,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> Result<&Client, Failure> {
        let connect = async || Ok(Client::new(&self.session.sdk().await?));
        self.client.get_or_try_init(connect).await
    }

    async fn read(&self, profile: &ProfileName) -> Result<ProfilePolicies, Failure> {
        let call = self.session.call("iam:GetInstanceProfile", &self.place);
        let request = self.client().await?.get_instance_profile();
        let request = request.instance_profile_name(profile.as_str());
        let answer = match call.send(request.send()).await {
            Ok(answer) => answer,
            Err(failure) if failure.is("NoSuchEntity") => return Ok(ProfilePolicies::Unknown),
            Err(failure) => return Err(failure),
        };
        let roles = answer.instance_profile.as_ref();
        let role = roles.and_then(|profile| profile.roles().first());
        match role {
            // Such a profile lets an instance do nothing.
            None => Ok(ProfilePolicies::Insufficient),
            Some(role) => self.policies_of(role.role_name()).await,
        }
    }

    async fn policies_of(&self, role: &str) -> Result<ProfilePolicies, Failure> {
        let call = self
            .session
            .call("iam:ListAttachedRolePolicies", &self.place);
        let mut pages = self
            .client()
            .await?
            .list_attached_role_policies()
            .role_name(role)
            .into_paginator()
            .send();
        while let Some(page) = call.send(async { pages.next().await.transpose() }).await? {
            let mut names = page
                .attached_policies()
                .iter()
                .filter_map(|one| one.policy_name());
            if names.any(|name| SSM_POLICIES.contains(&name)) {
                return Ok(ProfilePolicies::Sufficient);
            }
        }
        Ok(ProfilePolicies::Insufficient)
    }
}

impl Profiles for InstanceProfiles {
    async fn policies(&self, profile: &ProfileName) -> Result<ProfilePolicies, PortError> {
        self.read(profile)
            .await
            .map_err(|failure| self.session.explain(failure))
    }
}

#[cfg(test)]
mod tests;
