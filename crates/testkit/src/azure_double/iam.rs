//! IAM's own API, asked as the root of an account of the emulator.

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::aws_api::{AwsApi, Service};
use super::aws_view::SeenRole;
use super::managed_policies;

mod answers;

use answers::{
    AttachedPolicies, InlinePolicies, InlinePolicy, PolicyAnswer, ProviderAnswer, RoleAnswer,
    VersionAnswer,
};

const SERVICE: Service<'_> = Service {
    name: "iam",
    region: "us-east-1",
};

/// The IAM of one account.
pub(crate) struct Iam<'a> {
    api: AwsApi<'a>,
}

impl<'a> Iam<'a> {
    pub(crate) fn new(api: AwsApi<'a>) -> Self {
        Self { api }
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

    async fn query<T: DeserializeOwned>(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Option<T>, String> {
        let said = self
            .api
            .query(SERVICE, "2010-05-08", action, parameters)
            .await?;
        if said.text.contains("<Code>NoSuchEntity</Code>") {
            return Ok(None);
        }
        said.xml(action).map(Some)
    }
}

/// IAM sends policies percent-encoded.
fn document(of: &str, encoded: &str) -> Result<Value, String> {
    let text = percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&text).map_err(|error| format!("a policy of {of} is no JSON: {error}"))
}
