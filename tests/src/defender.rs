//! What Defender finds in an account: its identity provider and roles, in IAM.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIDConnectProviderError;
use aws_sdk_iam::operation::get_role::GetRoleError;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::account::Account;

/// The issuer that Defender signs in to AWS with, as Microsoft documents it.
pub const DEFENDER_PROVIDER_URL: &str =
    "https://sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/";

/// An identity provider as IAM shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its audiences.
    pub audiences: BTreeSet<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A role as IAM shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Who may assume it.
    pub trust: Value,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// AWS-managed policies attached to it.
    pub attached: BTreeSet<String>,
    /// Its inline policies.
    pub inline: BTreeSet<String>,
}

impl Account {
    /// The ARN of Defender's provider here.
    pub fn provider_arn(&self) -> String {
        let host_path = DEFENDER_PROVIDER_URL.trim_start_matches("https://");
        format!("arn:aws:iam::{}:oidc-provider/{host_path}", self.id)
    }

    /// Defender's provider.
    pub async fn provider(&self) -> Result<Option<Provider>> {
        let arn = self.provider_arn();
        let request = self.iam.get_open_id_connect_provider();
        let seen = match request.open_id_connect_provider_arn(arn).send().await {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetOpenIDConnectProviderError::is_no_such_entity_exception) =>
            {
                return Ok(None);
            }
            seen => seen?,
        };
        Ok(Some(Provider {
            audiences: seen.client_id_list().iter().cloned().collect(),
            tags: tags(seen.tags()),
        }))
    }

    /// A role by its name.
    pub async fn role(&self, name: &str) -> Result<Option<Role>> {
        let seen = match self.iam.get_role().role_name(name).send().await {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetRoleError::is_no_such_entity_exception) =>
            {
                return Ok(None);
            }
            seen => seen?,
        };
        let role = seen.role().context("GetRole answers a role")?;
        let trust = role.assume_role_policy_document().unwrap_or_default();
        let trust = percent_decode_str(trust).decode_utf8()?;
        let attached = self
            .iam
            .list_attached_role_policies()
            .role_name(name)
            .send()
            .await?;
        let inline = self.iam.list_role_policies().role_name(name).send().await?;
        let arns = attached.attached_policies().iter();
        Ok(Some(Role {
            arn: role.arn().to_owned(),
            trust: serde_json::from_str(&trust)?,
            tags: tags(role.tags()),
            attached: arns
                .filter_map(|one| one.policy_arn().map(str::to_owned))
                .collect(),
            inline: inline.policy_names().iter().cloned().collect(),
        }))
    }

    /// The document of a role's inline policy.
    pub async fn role_policy(&self, role: &str, policy: &str) -> Result<String> {
        let request = self.iam.get_role_policy().role_name(role);
        let seen = request.policy_name(policy).send().await?;
        let document = percent_decode_str(seen.policy_document()).decode_utf8()?;
        Ok(document.into_owned())
    }

    /// A role that must be there.
    pub async fn existing_role(&self, name: &str) -> Result<Role> {
        self.role(name)
            .await?
            .with_context(|| format!("there is no role {name}"))
    }
}

fn tags(seen: &[aws_sdk_iam::types::Tag]) -> BTreeMap<String, String> {
    seen.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}
