//! IAM's answers in XML, as far as they are read.

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct ProviderAnswer {
    #[serde(rename = "GetOpenIDConnectProviderResult")]
    pub result: ProviderResult,
}

#[derive(Deserialize)]
pub(crate) struct ProviderResult {
    #[serde(rename = "ClientIDList", default)]
    pub audiences: Members<String>,
}

#[derive(Deserialize)]
pub(crate) struct Members<T> {
    #[serde(rename = "member", default = "Vec::new")]
    pub members: Vec<T>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct RoleAnswer {
    #[serde(rename = "GetRoleResult")]
    pub result: RoleResult,
}

#[derive(Deserialize)]
pub(crate) struct RoleResult {
    #[serde(rename = "Role")]
    pub role: Role,
}

#[derive(Deserialize)]
pub(crate) struct Role {
    #[serde(rename = "Arn")]
    pub arn: String,
    #[serde(rename = "AssumeRolePolicyDocument")]
    pub trust: String,
}

#[derive(Deserialize)]
pub(crate) struct InlinePolicies {
    #[serde(rename = "ListRolePoliciesResult")]
    pub result: PolicyNames,
}

#[derive(Deserialize)]
pub(crate) struct PolicyNames {
    #[serde(rename = "PolicyNames", default)]
    pub names: Members<String>,
}

#[derive(Deserialize)]
pub(crate) struct InlinePolicy {
    #[serde(rename = "GetRolePolicyResult")]
    pub result: InlineResult,
}

#[derive(Deserialize)]
pub(crate) struct InlineResult {
    #[serde(rename = "PolicyDocument")]
    pub document: String,
}

#[derive(Deserialize)]
pub(crate) struct AttachedPolicies {
    #[serde(rename = "ListAttachedRolePoliciesResult")]
    pub result: AttachedResult,
}

#[derive(Deserialize)]
pub(crate) struct AttachedResult {
    #[serde(rename = "AttachedPolicies", default)]
    pub policies: Members<AttachedPolicy>,
}

#[derive(Deserialize)]
pub(crate) struct AttachedPolicy {
    #[serde(rename = "PolicyArn")]
    pub arn: String,
}

#[derive(Deserialize)]
pub(crate) struct PolicyAnswer {
    #[serde(rename = "GetPolicyResult")]
    pub result: PolicyResult,
}

#[derive(Deserialize)]
pub(crate) struct PolicyResult {
    #[serde(rename = "Policy")]
    pub policy: Policy,
}

#[derive(Deserialize)]
pub(crate) struct Policy {
    #[serde(rename = "DefaultVersionId")]
    pub default_version: String,
}

#[derive(Deserialize)]
pub(crate) struct VersionAnswer {
    #[serde(rename = "GetPolicyVersionResult")]
    pub result: VersionResult,
}

#[derive(Deserialize)]
pub(crate) struct VersionResult {
    #[serde(rename = "PolicyVersion")]
    pub version: Version,
}

#[derive(Deserialize)]
pub(crate) struct Version {
    #[serde(rename = "Document")]
    pub document: String,
}
