//! Stack instances of the stack sets that reach members.

use anyhow::Result;
use serde_json::json;

use super::Organization;
use crate::account::Account;

const STACK_SETS: [&str; 3] = [
    "DefenderConnector-Members-Access",
    "DefenderConnector-Members-Account",
    "DefenderConnector-Members-Region",
];

/// A stack in an account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackInstance {
    /// Of which stack set, without the prefix.
    pub stack_set: &'static str,
    /// In which account.
    pub account: String,
    /// In which region.
    pub region: String,
    /// How it is: `SUCCEEDED`, `FAILED`, ….
    pub status: String,
}

impl Organization<'_> {
    /// All stack instances in members; none where there is no such stack set.
    pub async fn stack_instances(&self) -> Result<Vec<StackInstance>> {
        let cloudformation = &self.management.cloudformation;
        let there = cloudformation.list_stack_sets().status("ACTIVE".into());
        let there = there.send().await?;
        let mut found = Vec::new();
        for name in STACK_SETS {
            let mut names = there
                .summaries()
                .iter()
                .filter_map(|one| one.stack_set_name());
            if !names.any(|one| one == name) {
                continue;
            }
            let listed = cloudformation.list_stack_instances().stack_set_name(name);
            let listed = listed.into_paginator().items().send();
            for one in listed.collect::<Result<Vec<_>, _>>().await? {
                let status = one.stack_instance_status();
                let status = status.and_then(|status| status.detailed_status());
                found.push(StackInstance {
                    stack_set: name.rsplit('-').next().unwrap_or(name),
                    account: one.account().unwrap_or_default().to_owned(),
                    region: one.region().unwrap_or_default().to_owned(),
                    status: status.map_or("", |status| status.as_str()).to_owned(),
                });
            }
        }
        found.sort();
        Ok(found)
    }

    /// Those of one account.
    pub async fn stack_instances_in(&self, account: &Account) -> Result<Vec<StackInstance>> {
        let mut all = self.stack_instances().await?;
        all.retain(|one| one.account == account.id);
        Ok(all)
    }

    /// Meanwhile nobody in this account may remove stacks of members by the API.
    pub async fn with_refused_removals<T>(
        &self,
        work: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<T> {
        let refused = json!([{
            "service": "cloudformation",
            "action": "DeleteStackInstances",
            "account": self.management.id,
            "times": 1000,
            "status": 403,
            "code": "AccessDenied",
            "message": "Not today.",
        }]);
        let (done, _) = self.management.emulator.with_faults(&refused, work).await?;
        Ok(done)
    }
}
