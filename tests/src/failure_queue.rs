//! The queue of what did not start or did not succeed, in each region of a test's account.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::Account;
use crate::until;

const QUEUE: &str = "DefenderConnector-ArcTagFailures";
const ARRIVES_WITHIN: Duration = Duration::from_mins(1);

/// A message in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// The event, as JSON.
    pub body: String,
    /// Why it came here, where `EventBridge` says so.
    #[serde(default)]
    pub message_attributes: Value,
}

impl Account {
    /// Waits for a message about an instance or an execution.
    pub async fn failure_about(&self, region: &str, id: &str) -> Result<Failure> {
        let endpoint = &self.emulator.endpoint;
        let url = {
            let named = json!({"QueueName": QUEUE});
            let seen = endpoint
                .target(region, "sqs", "AmazonSQS.GetQueueUrl", named)
                .await?;
            seen["QueueUrl"]
                .as_str()
                .context("a queue has a URL")?
                .to_owned()
        };
        let what = format!("a message about {id} in {QUEUE} of {region}");
        until(&what, ARRIVES_WITHIN, async || {
            let asked = json!({
                "QueueUrl": url,
                "MaxNumberOfMessages": 10,
                "VisibilityTimeout": 0,
                "MessageAttributeNames": ["All"],
            });
            let target = "AmazonSQS.ReceiveMessage";
            let mut seen = endpoint.target(region, "sqs", target, asked).await?;
            let messages = seen["Messages"].as_array_mut().map(std::mem::take);
            for message in messages.unwrap_or_default() {
                let message: Failure = serde_json::from_value(message)?;
                if message.body.contains(id) {
                    return Ok(Some(message));
                }
            }
            Ok(None)
        })
        .await
    }
}
