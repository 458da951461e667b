//! What a stack shows of itself.

use anyhow::{Context, Result};
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

use super::Stack;
use crate::operation::{Failure, Outcome};

impl Stack<'_> {
    /// The stack's ARN, once it was created.
    pub async fn id(&self) -> Result<String> {
        if let Some(id) = self.id.borrow().clone() {
            return Ok(id);
        }
        let client = &self.account.cloudformation;
        let seen = client
            .describe_stacks()
            .stack_name(&self.name)
            .send()
            .await?;
        let stack = seen.stacks().first().context("no such stack")?;
        let id = stack.stack_id().context("a stack has an ARN")?.to_owned();
        *self.id.borrow_mut() = Some(id.clone());
        Ok(id)
    }

    /// The physical id of a resource.
    pub async fn physical_id(&self, resource: &str) -> Result<String> {
        let client = &self.account.cloudformation;
        let request = client.describe_stack_resource().stack_name(&self.name);
        let seen = request.logical_resource_id(resource).send().await?;
        let id = seen
            .stack_resource_detail()
            .and_then(|detail| detail.physical_resource_id());
        Ok(id
            .with_context(|| format!("{resource} has no physical id"))?
            .to_owned())
    }

    pub(super) async fn look(&self) -> Result<Outcome> {
        let id = self.id().await?;
        let client = &self.account.cloudformation;
        let seen = client.describe_stacks().stack_name(&id).send().await?;
        let stack = seen.stacks().first().context("no such stack")?;
        let status = stack
            .stack_status()
            .context("a stack has a status")?
            .as_str()
            .to_owned();
        let outputs = stack.outputs().iter().filter_map(|output| {
            Some((
                output.output_key()?.to_owned(),
                output.output_value()?.to_owned(),
            ))
        });
        let outputs = outputs.collect();
        let settled = !status.ends_with("_IN_PROGRESS");
        let failures = if settled {
            self.failures().await?
        } else {
            Vec::new()
        };
        Ok(Outcome {
            status,
            stack_id: id,
            outputs,
            failures,
        })
    }

    async fn failures(&self) -> Result<Vec<Failure>> {
        let mut failures = Vec::new();
        for event in self.events().await?.iter().rev() {
            let known = self.known_events.borrow();
            let new = event.event_id().is_some_and(|id| !known.contains(id));
            let status = event
                .resource_status()
                .map(ResourceStatus::as_str)
                .unwrap_or_default();
            if new && status.ends_with("_FAILED") {
                failures.push(Failure {
                    resource: event.logical_resource_id().unwrap_or_default().to_owned(),
                    status: status.to_owned(),
                    reason: event
                        .resource_status_reason()
                        .unwrap_or_default()
                        .to_owned(),
                });
            }
        }
        Ok(failures)
    }

    /// All events, newest first.
    async fn events(&self) -> Result<Vec<StackEvent>> {
        let client = &self.account.cloudformation;
        let request = client.describe_stack_events().stack_name(self.id().await?);
        Ok(request
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await?)
    }

    pub(super) async fn remember_events(&self) -> Result<()> {
        let ids = self
            .events()
            .await?
            .into_iter()
            .filter_map(|event| event.event_id);
        self.known_events.borrow_mut().extend(ids);
        Ok(())
    }
}
