//! Reports of runs over an organization, and what else lies in the run bucket.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Organization;
use crate::account::Account;
use crate::runs::Run;
use crate::stack::Stack;

impl Organization<'_> {
    /// The report of a run.
    pub async fn report(&self, stack: &Stack<'_>, run: &Run) -> Result<Value> {
        let key = format!("runs/{}/report.json", run.id());
        self.management.kept(stack, &key).await
    }

    /// The report of the last deploy, where the stack's output says that it is.
    pub async fn report_of_deploy(&self, stack: &Stack<'_>, uri: &str) -> Result<Value> {
        let bucket = stack.physical_id("RunBucket").await?;
        let key = uri.strip_prefix(&format!("s3://{bucket}/"));
        let key = key.with_context(|| format!("{uri} is not in the run bucket"))?;
        self.management.kept(stack, key).await
    }

    /// The accounts that are marked as leaving, or `all`.
    pub async fn leaving(&self, stack: &Stack<'_>) -> Result<Vec<String>> {
        let bucket = stack.physical_id("RunBucket").await?;
        let listed = self.management.s3.list_objects_v2().bucket(bucket);
        let listed = listed.prefix("leaving/").send().await?;
        let keys = listed.contents().iter().filter_map(|object| object.key());
        let names = keys.filter_map(|key| key.strip_prefix("leaving/"));
        Ok(names.map(str::to_owned).collect())
    }
}

/// What a report says of an account that its run worked on.
pub fn entry_of<'r>(report: &'r Value, account: &Account) -> &'r Value {
    in_list(report, "Accounts", account)
}

/// What a report says of an account that its run left alone.
pub fn skipped_of<'r>(report: &'r Value, account: &Account) -> &'r Value {
    in_list(report, "Skipped", account)
}

fn in_list<'r>(report: &'r Value, list: &str, account: &Account) -> &'r Value {
    let mut entries = report[list].as_array().into_iter().flatten();
    let is_it = |one: &&Value| one["AccountId"] == account.id.as_str();
    entries.find(is_it).unwrap_or(&Value::Null)
}
