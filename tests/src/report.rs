//! What a failed test shows: events, what failed in Systems Manager, what the functions printed,
//! what Azure was asked.

use std::fmt::Write;
use std::fs;

use anyhow::Result;
use aws_sdk_cloudformation::types::{ResourceStatus, StackStatus};
use serde_json::Value;

use crate::account::Account;
use crate::local_cloud::LocalCloud;

const LOG_LINES: usize = 60;

/// All of it, as text. What cannot be had is left out: the test has failed already.
pub(crate) async fn report(account: &Account) -> String {
    let mut text = format!(
        "account {}, {:?}\n",
        account.id, account.azure.tenancy.subscription
    );
    text.push_str(
        &events(account)
            .await
            .unwrap_or_else(|error| format!("no events: {error}\n")),
    );
    text.push_str("--- runs\n");
    text.push_str(
        &runs(account)
            .await
            .unwrap_or_else(|error| format!("no runs: {error}\n")),
    );
    text.push_str("--- failed in Systems Manager\n");
    for failed in account.automations().await.unwrap_or_default() {
        if let Some(failure) = &failed.failure {
            let step = failed.failed_step.as_deref().unwrap_or("no step");
            let (id, document) = (&failed.execution_id, &failed.document);
            let _ = writeln!(text, "{id} {document} {step}: {failure}");
        }
    }
    text.push_str("--- printed by its functions\n");
    let lines = printed(&account.cloud, &account.id);
    for line in lines.iter().skip(lines.len().saturating_sub(LOG_LINES)) {
        let _ = writeln!(text, "{line}");
    }
    text.push_str("--- asked of Azure\n");
    let asked = account.azure.requests().await.unwrap_or_default();
    let signed_in = account.azure.sign_ins().await.unwrap_or_default();
    for request in signed_in.iter().chain(&asked) {
        let (status, note) = (request.status, request.note.as_deref().unwrap_or_default());
        let _ = writeln!(
            text,
            "{} {} {status:?} {note}",
            request.method, request.path
        );
    }
    text
}

/// How runs ended, and which accounts failed in them by the reports that are still there.
async fn runs(account: &Account) -> Result<String> {
    let mut text = String::new();
    for run in account.runs().await? {
        let (input, described) = (&run.input, &run.record["described"]);
        let cause = described["cause"].as_str().unwrap_or_default();
        let _ = writeln!(text, "{} {} {input} {cause}", run.name, run.status);
    }
    let buckets = account.s3.list_buckets().send().await?;
    for bucket in buckets.buckets().iter().filter_map(|one| one.name()) {
        let objects = account.s3.list_objects_v2().bucket(bucket).prefix("runs/");
        let objects = objects.send().await?;
        let keys = objects.contents().iter().filter_map(|one| one.key());
        for key in keys.filter(|key| key.ends_with("/report.json")) {
            let object = account.s3.get_object().bucket(bucket).key(key);
            let body = object.send().await?.body.collect().await?.to_vec();
            let report: Value = serde_json::from_slice(&body)?;
            let entries = report["Accounts"].as_array().into_iter().flatten();
            for entry in entries.filter(|entry| entry["Outcome"] == "Failed") {
                let _ = writeln!(text, "{key}: {entry}");
            }
        }
    }
    Ok(text)
}

async fn events(account: &Account) -> Result<String> {
    let mut text = String::new();
    let stacks = account
        .cloudformation
        .list_stacks()
        .into_paginator()
        .items()
        .send();
    for stack in stacks.collect::<Result<Vec<_>, _>>().await? {
        let name = stack.stack_name().unwrap_or_default();
        let status = stack
            .stack_status()
            .map(StackStatus::as_str)
            .unwrap_or_default();
        let _ = writeln!(text, "--- stack {name}: {status}");
        let events = account.cloudformation.describe_stack_events();
        let events = events.stack_name(stack.stack_id().unwrap_or_default());
        let events = events
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await?;
        for event in events.iter().rev() {
            let status = event
                .resource_status()
                .map(ResourceStatus::as_str)
                .unwrap_or_default();
            let reason = event.resource_status_reason().unwrap_or_default();
            if !reason.is_empty() {
                let resource = event.logical_resource_id().unwrap_or_default();
                let _ = writeln!(text, "{resource} {status}: {reason}");
            }
        }
    }
    Ok(text)
}

/// All lines that the account's functions printed; their names hold the account's id.
pub(crate) fn printed(cloud: &LocalCloud, account: &str) -> Vec<String> {
    let all = fs::read(cloud.logs.join("functions.log")).unwrap_or_default();
    let all = String::from_utf8_lossy(&all);
    let of_account = |line: &&str| {
        line.split(' ')
            .next()
            .is_some_and(|name| name.contains(account))
    };
    all.lines().filter(of_account).map(str::to_owned).collect()
}
