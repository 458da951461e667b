//! What lies in an account of the local cloud, as the AWS SDK for Python sees it.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::boto::Viewer;

const PROGRAM: &str = include_str!("inventory.py");
/// SAM's own stack with its bucket for artifacts: made by `--resolve-s3`, shared by all stacks of
/// an account, and so never taken away by `sam delete`.
const SAM_MANAGED: &str = "aws-sam-cli-managed-default";

/// Everything in an account that a deployment of ours could leave behind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// Stacks that are not deleted.
    pub stacks: Vec<Stack>,
    /// IAM roles.
    pub roles: Vec<String>,
    /// OIDC providers.
    pub providers: Vec<Provider>,
    /// Everything else, by kind and name; what has a region names it.
    others: Vec<String>,
}

/// A CloudFormation stack.
#[derive(Debug, Clone, Deserialize)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
    /// What it made.
    pub resources: Vec<Resource>,
}

/// A resource of a stack.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its status.
    pub status: String,
}

/// An OIDC provider.
#[derive(Debug, Clone, Deserialize)]
pub struct Provider {
    /// Its ARN.
    pub arn: String,
    /// Who may ask for a session through it.
    pub audiences: Vec<String>,
}

#[derive(Deserialize)]
struct Federation {
    issuer: String,
}

impl Inventory {
    /// Looks at the account and some regions of it.
    pub fn take(viewer: Viewer<'_>, regions: &[&str]) -> Result<Self> {
        let arguments = [&["list"], regions].concat();
        let printed = viewer.run("inventory", PROGRAM, &arguments)?;
        serde_json::from_str(&printed).context("the inventory cannot be read")
    }

    /// What is here and was not `before`, one line each.
    pub fn beyond(&self, before: &Self) -> Vec<String> {
        let before = before.names();
        self.names()
            .into_iter()
            .filter(|name| !before.contains(name))
            .collect()
    }

    fn names(&self) -> BTreeSet<String> {
        let named = |kind: &str, names: &[String]| -> Vec<String> {
            names.iter().map(|name| format!("{kind} {name}")).collect()
        };
        let stacks: Vec<String> = self.stacks.iter().map(|stack| stack.name.clone()).collect();
        let providers: Vec<String> = self.providers.iter().map(|one| one.arn.clone()).collect();
        let everything = [
            named("stack", &stacks),
            named("role", &self.roles),
            named("identity provider", &providers),
            self.others.clone(),
        ];
        everything
            .concat()
            .into_iter()
            .filter(|name| !name.contains(SAM_MANAGED))
            .collect()
    }
}

/// Switches the account's outbound federation on and returns the issuer it was given.
pub fn enable_outbound_federation(viewer: Viewer<'_>) -> Result<String> {
    let printed = viewer.run("inventory", PROGRAM, &["federate"])?;
    let federation: Federation =
        serde_json::from_str(&printed).context("IAM named no issuer for outbound federation")?;
    Ok(federation.issuer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Inventory {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_a_stack_left_behind_is_named() {
        let before =
            read(r#"{"stacks":[],"roles":["Admin"],"providers":[],"others":["rule us-east-1/x"]}"#);
        let after = read(
            r#"{"stacks":[{"name":"aws-sam-cli-managed-default","status":"CREATE_COMPLETE","resources":[]}],
            "roles":["Admin","CspmMonitorAws"],
            "providers":[{"arn":"arn:aws:iam::111111111111:oidc-provider/x","audiences":[]}],
            "others":["log group /aws/lambda/f","rule us-east-1/x","rule eu-west-1/x",
            "bucket aws-sam-cli-managed-default-samclisourcebucket-1"]}"#,
        );
        assert_eq!(
            after.beyond(&before),
            [
                "identity provider arn:aws:iam::111111111111:oidc-provider/x",
                "log group /aws/lambda/f",
                "role CspmMonitorAws",
                "rule eu-west-1/x"
            ]
        );
        assert!(before.beyond(&before).is_empty());
    }
}
