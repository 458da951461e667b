//! Everything that a deployment could leave behind.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::account::Account;
use crate::artifacts;

/// Names of what there is in an account and its tenancy, but for what deploying itself needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Inventory {
    roles: BTreeSet<String>,
    providers: BTreeSet<String>,
    buckets: BTreeSet<String>,
    functions: BTreeSet<String>,
    log_groups: BTreeSet<String>,
    connectors: BTreeSet<String>,
}

impl Inventory {
    /// What there is now.
    pub async fn of(account: &Account) -> Result<Self> {
        let roles = account.iam.list_roles().into_paginator().items().send();
        let roles = roles.collect::<Result<Vec<_>, _>>().await?;
        let providers = account.iam.list_open_id_connect_providers().send().await?;
        let providers = providers.open_id_connect_provider_list().iter();
        let buckets = account.s3.list_buckets().send().await?;
        let buckets = buckets.buckets().iter().filter_map(|bucket| bucket.name());
        let connectors = account.azure.connectors().await?;
        Ok(Self {
            roles: roles.into_iter().map(|role| role.role_name).collect(),
            providers: providers
                .filter_map(|one| one.arn().map(str::to_owned))
                .collect(),
            buckets: buckets
                .filter(|name| !serves_deploying(name))
                .map(str::to_owned)
                .collect(),
            functions: account.emulator.functions().await?.into_iter().collect(),
            log_groups: account.emulator.log_groups().await?.into_iter().collect(),
            connectors: connectors.iter().map(|one| one["id"].to_string()).collect(),
        })
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        [
            &self.roles,
            &self.providers,
            &self.buckets,
            &self.functions,
            &self.log_groups,
            &self.connectors,
        ]
        .iter()
        .all(|names| names.is_empty())
    }
}

/// Buckets that `sam` and these tests keep packages in.
fn serves_deploying(bucket: &str) -> bool {
    bucket.starts_with(artifacts::BUCKET_PREFIX)
        || bucket.starts_with("aws-sam-cli-managed-default-")
}
