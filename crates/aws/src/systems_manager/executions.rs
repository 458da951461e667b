//! Executions of runbooks: what is under way and how it ended.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ssm::types::{
    AutomationExecutionFilter, AutomationExecutionFilterKey, AutomationExecutionMetadata,
    AutomationExecutionStatus, ResolvedTargets,
};
use onboarding::FailureKind;
use onboarding::arc::ports::{Children, Executions, RegionError, StartError};
use onboarding::arc::{Batch, Child, Ending, ExecutionId, InstanceId, Runbook, UnderWay};
use uuid::Uuid;

use super::SystemsManager;
use crate::failure::Failure;

/// How the names of our own runbooks begin.
const OURS: &str = "DefenderConnector-";
const DESCRIBE: &str = "ssm:DescribeAutomationExecutions";
const UNDER_WAY: [&str; 4] = ["Pending", "InProgress", "Waiting", "Cancelling"];
const FAILED: [&str; 3] = ["Failed", "TimedOut", "Cancelled"];
/// The largest page.
const PAGE: i32 = 50;

type FilterKey = AutomationExecutionFilterKey;

impl SystemsManager {
    async fn describe_executions(
        &self,
        filters: &[(FilterKey, &[&str])],
    ) -> Result<Vec<AutomationExecutionMetadata>, Failure> {
        let call = self.call(DESCRIBE);
        let build = |(key, values): &(FilterKey, &[&str])| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            AutomationExecutionFilter::builder()
                .key(key.clone())
                .set_values(Some(values))
                .build()
        };
        let filters: Result<Vec<_>, _> = filters.iter().map(build).collect();
        let filters = filters
            .map_err(|_| call.failure(FailureKind::Invalid, "the filter could not be built"))?;
        let mut pages = self
            .client()
            .await?
            .describe_automation_executions()
            .set_filters(Some(filters))
            .max_results(PAGE)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = call.send(async { pages.next().await.transpose() }).await? {
            found.extend(page.automation_execution_metadata_list.unwrap_or_default());
        }
        Ok(found)
    }

    async fn list_under_way(&self, runbook: Runbook) -> Result<Vec<UnderWay>, Failure> {
        let mut prefixes = vec![OURS];
        if !runbook.is_ours() {
            prefixes.push(runbook.name());
        }
        let mut found = BTreeMap::new();
        for prefix in prefixes {
            let filters = [
                (FilterKey::DocumentNamePrefix, &[prefix][..]),
                (FilterKey::ExecutionStatus, &UNDER_WAY[..]),
            ];
            let listed = self.describe_executions(&filters).await?;
            found.extend(listed.iter().filter_map(under_way));
        }
        Ok(found.into_values().collect())
    }

    async fn execution(
        &self,
        id: &ExecutionId,
    ) -> Result<aws_sdk_ssm::types::AutomationExecution, Failure> {
        let call = self.call("ssm:GetAutomationExecution");
        let request = self.client().await?.get_automation_execution();
        let request = request.automation_execution_id(id.as_str());
        let answer = call.send(request.send()).await?.automation_execution;
        answer.ok_or_else(|| call.failure(FailureKind::Transient, "the answer held no execution"))
    }

    async fn target_of(&self, id: &ExecutionId) -> Result<Option<InstanceId>, Failure> {
        match self.execution(id).await {
            Ok(execution) => {
                let values = execution.parameters.unwrap_or_default();
                let mut values = values.get("InstanceId").into_iter().flatten();
                Ok(values.find_map(|value| InstanceId::within(value)))
            }
            Err(failure) if failure.is("AutomationExecutionNotFound") => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn list_children(
        &self,
        batch: &ExecutionId,
        which: Children,
    ) -> Result<Vec<Child>, Failure> {
        let parent = [batch.as_str()];
        let mut filters = vec![(FilterKey::ParentExecutionId, &parent[..])];
        if which == Children::Failed {
            filters.push((FilterKey::ExecutionStatus, &FAILED[..]));
        }
        let mut children = Vec::new();
        for seen in self.describe_executions(&filters).await? {
            let Some(id) = seen.automation_execution_id().map(ExecutionId::seen) else {
                continue;
            };
            // How the target of a child of target maps is written is not documented.
            let instance = match targets(&seen).pop_first() {
                Some(instance) => Some(instance),
                None => self.target_of(&id).await?,
            };
            children.extend(instance.map(|instance| Child {
                instance,
                ending: seen.automation_execution_status().and_then(ending),
                message: seen.failure_message().unwrap_or_default().to_owned(),
                id,
            }));
        }
        Ok(children)
    }
}

/// `None` for what is none of our business, and for children: their batch is listed as well.
fn under_way(seen: &AutomationExecutionMetadata) -> Option<(ExecutionId, UnderWay)> {
    let id = ExecutionId::seen(seen.automation_execution_id()?);
    let runbook = Runbook::named(seen.document_name()?)?;
    if seen.parent_automation_execution_id().is_some() {
        return None;
    }
    let is_batch = !seen.target_maps().is_empty()
        || !seen.targets().is_empty()
        || seen.max_concurrency().is_some_and(|text| !text.is_empty());
    let under_way = UnderWay {
        id: id.clone(),
        runbook,
        is_batch,
        targets: targets(seen),
    };
    Some((id, under_way))
}

/// The instances that a description names, wherever it does.
fn targets(seen: &AutomationExecutionMetadata) -> BTreeSet<InstanceId> {
    let maps = seen.target_maps().iter().flat_map(|map| map.values());
    let resolved = seen
        .resolved_targets()
        .map(ResolvedTargets::parameter_values);
    let values = maps
        .flatten()
        .chain(resolved.into_iter().flatten())
        .map(String::as_str)
        .chain(seen.target());
    values.filter_map(InstanceId::within).collect()
}

fn ending(status: &AutomationExecutionStatus) -> Option<Ending> {
    use AutomationExecutionStatus as Status;
    match status {
        Status::Success | Status::CompletedWithSuccess => Some(Ending::Success),
        Status::Failed
        | Status::Timedout
        | Status::Cancelled
        | Status::CompletedWithFailure
        | Status::Rejected
        | Status::Exited => Some(Ending::Failure),
        // Whatever else there is or will be: it has not ended.
        _ => None,
    }
}

impl Executions for SystemsManager {
    async fn under_way(&self, runbook: Runbook) -> Result<Vec<UnderWay>, RegionError> {
        self.list_under_way(runbook)
            .await
            .map_err(|failure| self.explain(failure))
    }

    async fn target(&self, id: &ExecutionId) -> Result<Option<InstanceId>, RegionError> {
        self.target_of(id)
            .await
            .map_err(|failure| self.explain(failure))
    }

    async fn start(&self, batch: &Batch, token: Uuid) -> Result<ExecutionId, StartError> {
        self.start_batch(batch, token)
            .await
            .map_err(|failure| self.explain_start(failure))
    }

    async fn ending(&self, id: &ExecutionId) -> Result<Option<Ending>, RegionError> {
        let execution = self.execution(id).await;
        let execution = execution.map_err(|failure| self.explain(failure))?;
        Ok(execution.automation_execution_status().and_then(ending))
    }

    async fn children(
        &self,
        batch: &ExecutionId,
        which: Children,
    ) -> Result<Vec<Child>, RegionError> {
        self.list_children(batch, which)
            .await
            .map_err(|failure| self.explain(failure))
    }
}
