//! Everything that a deployment could leave behind.

use std::collections::BTreeSet;

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use crate::account::Account;
use crate::artifacts;
use crate::endpoint::{HOME_REGION, names};
use crate::fleet::REGIONS;

/// What one call lists: service, operation, list in the answer, name of an entry, what it is.
type Kind = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// In every region of a fleet.
const REGIONAL: [Kind; 4] = [
    (
        "ssm",
        "AmazonSSM.ListDocuments",
        "DocumentIdentifiers",
        "Name",
        "document",
    ),
    ("events", "AWSEvents.ListRules", "Rules", "Name", "rule"),
    (
        "monitoring",
        "GraniteServiceVersion20100801.DescribeAlarms",
        "MetricAlarms",
        "AlarmName",
        "alarm",
    ),
    (
        "ssm",
        "AmazonSSM.DescribeParameters",
        "Parameters",
        "Name",
        "parameter",
    ),
];

/// Names of what there is in an account and its tenancy, but for what deploying itself needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Inventory(BTreeSet<String>);

impl Inventory {
    /// What there is now.
    pub async fn of(account: &Account) -> Result<Self> {
        let mut found = Self(BTreeSet::new());
        found.add_identities(account).await?;
        found.add_global(account).await?;
        for region in REGIONS {
            found.add_region(account, region).await?;
        }
        Ok(found)
    }

    /// Whether there is something, such as `rule us-east-1/Nightly`.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    fn add(&mut self, kind: &str, names: impl IntoIterator<Item = String>) {
        let entries = names.into_iter().map(|name| format!("{kind} {name}"));
        self.0.extend(entries);
    }

    async fn add_identities(&mut self, account: &Account) -> Result<()> {
        let iam = &account.iam;
        let roles = iam.list_roles().into_paginator().items().send();
        let roles = roles.collect::<Result<Vec<_>, _>>().await?;
        self.add("role", roles.into_iter().map(|role| role.role_name));
        let profiles = iam.list_instance_profiles().into_paginator().items().send();
        let profiles = profiles.collect::<Result<Vec<_>, _>>().await?;
        let profiles = profiles.into_iter().map(|one| one.instance_profile_name);
        self.add("instance profile", profiles);
        let providers = iam.list_open_id_connect_providers().send().await?;
        let providers = providers.open_id_connect_provider_list().iter();
        let arns = providers.filter_map(|one| one.arn().map(str::to_owned));
        self.add("provider", arns);
        Ok(())
    }

    async fn add_global(&mut self, account: &Account) -> Result<()> {
        let buckets = account.s3.list_buckets().send().await?;
        let buckets = buckets.buckets().iter().filter_map(|bucket| bucket.name());
        let buckets = buckets.filter(|name| !serves_deploying(name));
        self.add("bucket", buckets.map(str::to_owned));
        self.add("function", account.emulator.functions().await?);
        self.add("log group", account.emulator.log_groups().await?);
        let connectors = account.azure.connectors().await?;
        let ids = connectors.iter().map(|one| one["id"].to_string());
        self.add("connector", ids);

        let endpoint = &account.emulator.endpoint;
        let target = "AWSStepFunctions.ListStateMachines";
        let machines = endpoint
            .target(HOME_REGION, "states", target, json!({}))
            .await?;
        self.add("state machine", names(&machines["stateMachines"], "name"));
        let schedules = endpoint.rest(Method::GET, "scheduler", "schedules", Value::Null);
        self.add("schedule", names(&schedules.await?["Schedules"], "Name"));
        let sets = account.cloudformation.list_stack_sets();
        let sets = sets.status("ACTIVE".into()).send().await?;
        let sets = sets
            .summaries()
            .iter()
            .filter_map(|one| one.stack_set_name());
        self.add("stack set", sets.map(str::to_owned));
        Ok(())
    }

    async fn add_region(&mut self, account: &Account, region: &str) -> Result<()> {
        let endpoint = &account.emulator.endpoint;
        let in_region = |name: String| format!("{region}/{name}");
        for (service, target, list, field, kind) in REGIONAL {
            let asked = match kind {
                // AWS's own are in every account.
                "document" => json!({"Filters": [{"Key": "Owner", "Values": ["Self"]}]}),
                _ => json!({}),
            };
            let listed = endpoint.target(region, service, target, asked).await?;
            self.add(kind, names(&listed[list], field).into_iter().map(in_region));
        }
        let target = "AmazonSQS.ListQueues";
        let queues = endpoint.target(region, "sqs", target, json!({})).await?;
        let urls = queues["QueueUrls"].as_array().into_iter().flatten();
        let names = urls.filter_map(|url| Some(url.as_str()?.rsplit('/').next()?.to_owned()));
        self.add("queue", names.map(in_region));
        Ok(())
    }
}

/// Buckets that `sam` and these tests keep packages in.
fn serves_deploying(bucket: &str) -> bool {
    bucket.starts_with(artifacts::BUCKET_PREFIX)
        || bucket.starts_with("aws-sam-cli-managed-default-")
}
