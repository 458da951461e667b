//! The queue of the organization's events, as whoever may write into it sees it.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::Organization;
use crate::endpoint::HOME_REGION;
use crate::until;

const QUEUE: &str = "DefenderConnector-OrganizationEvents";
const TAKEN_WITHIN: Duration = Duration::from_mins(1);

impl Organization<'_> {
    /// Puts messages into the queue by hand, and waits until the function has taken them.
    pub async fn forge_events(&self, events: &[Value]) -> Result<()> {
        let (before, expected) = (self.messages_taken().await?, events.len() as u64);
        let endpoint = &self.management.emulator.endpoint;
        let named = json!({"QueueName": QUEUE});
        let queue = endpoint.target(HOME_REGION, "sqs", "AmazonSQS.GetQueueUrl", named);
        let queue = queue.await?["QueueUrl"].clone();
        for event in events {
            let message = json!({"QueueUrl": queue, "MessageBody": event.to_string()});
            let target = "AmazonSQS.SendMessage";
            endpoint.target(HOME_REGION, "sqs", target, message).await?;
        }
        until("forged events to be taken", TAKEN_WITHIN, async || {
            let taken = self.messages_taken().await? - before;
            Ok((taken >= expected).then_some(()))
        })
        .await
    }

    async fn messages_taken(&self) -> Result<u64> {
        let endpoint = &self.management.emulator.endpoint;
        let batches = endpoint.admin(Method::GET, "batches", None).await?;
        let batches = batches.as_array().context("batches are a list")?.iter();
        let ours = batches.filter(|one| {
            one["account"] == self.management.id.as_str() && one["outcome"] != "running"
        });
        Ok(ours.filter_map(|one| one["messages"].as_u64()).sum())
    }
}
