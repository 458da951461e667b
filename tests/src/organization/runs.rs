//! Runs over an organization: begun by events, by the schedule, by hand.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Organization;
use crate::account::Account;
use crate::endpoint::names;
use crate::runs::Run;
use crate::until;

const QUIET_WITHIN: Duration = Duration::from_mins(4);

/// A run over an organization with the runs of its accounts.
#[derive(Debug)]
pub struct OrganizationRun {
    /// The run itself.
    pub run: Run,
    /// One for each account that it worked on.
    pub members: Vec<Run>,
}

impl Organization<'_> {
    /// Waits until nothing runs. What events there were may still be in their queue.
    pub async fn until_quiet(&self) -> Result<()> {
        until("the end of all runs", QUIET_WITHIN, async || {
            let runs = self.management.runs().await?;
            let quiet = runs.iter().all(|run| run.status != "RUNNING");
            Ok(quiet.then_some(()))
        })
        .await
    }

    /// Waits for the end of a run that events about this account have begun.
    pub async fn run_about(&self, account: &Account, known: &[Run]) -> Result<Run> {
        let what = format!("a run that events about account {} begin", account.id);
        until(&what, QUIET_WITHIN, async || {
            let runs = self.management.runs().await?;
            let is_it = |run: &Run| {
                let about = run.input["AccountIds"].as_array();
                about.is_some_and(|ids| ids.contains(&json!(account.id)))
                    && !known.iter().any(|one| one.name == run.name)
                    && run.status != "RUNNING"
            };
            Ok(runs.into_iter().find(is_it))
        })
        .await
    }

    /// Starts a run, as a person does, and waits for its end.
    pub async fn start(&self, input: &Value) -> Result<Run> {
        let name = self.begin(input).await?;
        self.management.end_of_run(name).await
    }

    /// Starts a run; its name.
    pub async fn begin(&self, input: &Value) -> Result<String> {
        let management = self.management;
        let asked = json!({
            "stateMachineArn": management.machine_arn(),
            "input": input.to_string(),
        });
        let started = management.states("StartExecution", asked).await?;
        let arn = started["executionArn"].as_str().unwrap_or_default();
        let name = arn.rsplit(':').next().context("an ARN has a name")?;
        Ok(name.to_owned())
    }

    /// Tries the accounts again that failed in a run, as the runbook says.
    pub async fn redrive(&self, run: &Run) -> Result<Run> {
        let id = run.id();
        let input = json!({"Operation": "Onboard", "Scope": "Organization", "Redrive": id});
        self.start(&input).await
    }

    /// The last run that a request of `CloudFormation` began.
    pub async fn last_request(&self) -> Result<Run> {
        let mut runs = self.management.runs().await?;
        runs.retain(|run| run.input["Scope"] == "Organization");
        runs.retain(|run| !run.input["RequestId"].is_null());
        let started = |run: &Run| run.record["described"]["startDate"].as_f64();
        runs.sort_by(|one, other| {
            let (one, other) = (started(one), started(other));
            one.unwrap_or_default()
                .total_cmp(&other.unwrap_or_default())
        });
        runs.pop().context("no request began a run")
    }

    /// All runs with all that was done in them.
    pub async fn whole_runs(&self) -> Result<Vec<OrganizationRun>> {
        let mut whole = Vec::new();
        for run in self.management.runs().await? {
            let members = self.members_of(&run).await?;
            whole.push(OrganizationRun { run, members });
        }
        Ok(whole)
    }

    async fn members_of(&self, run: &Run) -> Result<Vec<Run>> {
        let management = self.management;
        let arn = &run.record["described"]["executionArn"];
        let maps = management.states("ListMapRuns", json!({"executionArn": arn}));
        let mut members = Vec::new();
        for map in names(&maps.await?["mapRuns"], "mapRunArn") {
            let children = management.states("ListExecutions", json!({"mapRunArn": map}));
            for child in names(&children.await?["executions"], "executionArn") {
                members.push(management.run(&child).await?);
            }
        }
        Ok(members)
    }
}
