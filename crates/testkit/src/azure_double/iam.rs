//! IAM's own API, asked as the root of an account of the emulator.

use percent_encoding::percent_decode_str;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use super::aws_view::SeenRole;
use super::managed_policies;

mod answers;

use answers::{
    AttachedPolicies, InlinePolicies, InlinePolicy, PolicyAnswer, ProviderAnswer, RoleAnswer,
    VersionAnswer,
};

/// The IAM of one account.
pub(crate) struct Iam<'a> {
    http: &'a reqwest::Client,
    endpoint: &'a str,
    account: &'a str,
}

impl<'a> Iam<'a> {
    pub(crate) fn new(http: &'a reqwest::Client, endpoint: &'a str, account: &'a str) -> Self {
        Self {
            http,
            endpoint,
            account,
        }
    }

    /// The audiences of a provider, if it exists.
    pub(crate) async fn audiences(&self, arn: &str) -> Result<Option<Vec<String>>, String> {
        let answer: Option<ProviderAnswer> = self
            .query(
                "GetOpenIDConnectProvider",
                &[("OpenIDConnectProviderArn", arn)],
            )
            .await?;
        Ok(answer.map(|answer| answer.result.audiences.members))
    }

    /// A role with every policy it has. Lists are read by their first page, which holds more than
    /// a role can have.
    pub(crate) async fn role(&self, name: &str) -> Result<Option<SeenRole>, String> {
        let by_name = [("RoleName", name)];
        let Some(found) = self.query::<RoleAnswer>("GetRole", &by_name).await? else {
            return Ok(None);
        };
        let role = found.result.role;
        let trust = document(&role.arn, &role.trust)?;
        let mut policies = Vec::new();
        let inline: Option<InlinePolicies> = self.query("ListRolePolicies", &by_name).await?;
        for policy in inline.into_iter().flat_map(|all| all.result.names.members) {
            let named = [("RoleName", name), ("PolicyName", policy.as_str())];
            let found: Option<InlinePolicy> = self.query("GetRolePolicy", &named).await?;
            if let Some(found) = found {
                policies.push(document(&policy, &found.result.document)?);
            }
        }
        let attached: Option<AttachedPolicies> =
            self.query("ListAttachedRolePolicies", &by_name).await?;
        for policy in attached
            .into_iter()
            .flat_map(|all| all.result.policies.members)
        {
            policies.extend(self.managed_policy(&policy.arn).await?);
        }
        Ok(Some(SeenRole {
            arn: role.arn,
            trust,
            policies,
        }))
    }

    /// The default version of a policy. Where the emulator has no document for one of AWS's own,
    /// the double's excerpt stands for it.
    async fn managed_policy(&self, arn: &str) -> Result<Option<Value>, String> {
        let by_arn = ("PolicyArn", arn);
        let Some(policy) = self.query::<PolicyAnswer>("GetPolicy", &[by_arn]).await? else {
            return Ok(managed_policies::document(arn));
        };
        let version = policy.result.policy.default_version;
        let of_version = [by_arn, ("VersionId", version.as_str())];
        let answer: Option<VersionAnswer> = self.query("GetPolicyVersion", &of_version).await?;
        answer
            .map(|answer| document(arn, &answer.result.version.document))
            .transpose()
    }

    /// A 12-digit access key stands for the root of that account; nothing is signed.
    async fn query<T: DeserializeOwned>(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Option<T>, String> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", "2010-05-08")
            .extend_pairs(parameters)
            .finish();
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/iam/aws4_request, \
             SignedHeaders=host, Signature=0",
            self.account
        );
        let response = self
            .http
            .post(self.endpoint)
            .header(AUTHORIZATION, credential)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .map_err(|error| format!("AWS did not answer {action}: {error}"))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| error.to_string())?;
        if status.is_success() {
            return quick_xml::de::from_str(&text)
                .map(Some)
                .map_err(|error| format!("the answer to {action} is unreadable: {error}"));
        }
        if text.contains("<Code>NoSuchEntity</Code>") {
            return Ok(None);
        }
        Err(format!("AWS answered {action} with HTTP {status}"))
    }
}

/// IAM sends policies percent-encoded.
fn document(of: &str, encoded: &str) -> Result<Value, String> {
    let text = percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&text).map_err(|error| format!("a policy of {of} is no JSON: {error}"))
}
