//! Runs of the state machine in a test's account, and their reports.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::account::Account;
use crate::endpoint::{HOME_REGION, names};
use crate::stack::Stack;
use crate::until;

const MACHINE: &str = "DefenderConnector-OnboardOrganization";
const SCHEDULE: &str = "default/DefenderConnector-DailySweep";
const ENDED_WITHIN: Duration = Duration::from_mins(3);
/// Longer than the SDK waits for one answer; it asks again and is held again.
const HELD_SECONDS: u32 = 20;

/// One execution of the state machine.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// How it is.
    pub status: String,
    /// What it was started with, as JSON.
    pub input: Value,
    /// Description and history, whole.
    pub record: Value,
}

impl Run {
    /// The run's id, which its report is filed under.
    pub fn id(&self) -> &str {
        self.input["RunId"].as_str().unwrap_or(&self.name)
    }

    /// What came of each time that it was to have its request answered.
    pub fn answers(&self) -> Vec<bool> {
        let events = self.record["events"].as_array().into_iter().flatten();
        let outputs = events.filter_map(|one| one["taskSucceededEventDetails"]["output"].as_str());
        let results = outputs.filter_map(|text| serde_json::from_str::<Value>(text).ok());
        results
            .filter_map(|result| result["Payload"]["Answered"].as_bool())
            .collect()
    }
}

impl Account {
    /// All runs whose state machine is still there.
    pub async fn runs(&self) -> Result<Vec<Run>> {
        match self.runs_there_were().await {
            // It was deleted between one call and the next.
            Err(error) if error.to_string().contains("DoesNotExist") => Ok(Vec::new()),
            runs => runs,
        }
    }

    async fn runs_there_were(&self) -> Result<Vec<Run>> {
        let machines = self.states("ListStateMachines", json!({})).await?;
        if !names(&machines["stateMachines"], "name").contains(&MACHINE.to_owned()) {
            return Ok(Vec::new());
        }
        let arn = self.machine_arn();
        let listed = self
            .states("ListExecutions", json!({"stateMachineArn": arn}))
            .await?;
        ensure!(listed["nextToken"].is_null(), "more runs than a test has");
        let mut runs = Vec::new();
        for arn in names(&listed["executions"], "executionArn") {
            runs.push(self.run(&arn).await?);
        }
        Ok(runs)
    }

    /// The ARN of the state machine.
    pub(crate) fn machine_arn(&self) -> String {
        format!(
            "arn:aws:states:{HOME_REGION}:{}:stateMachine:{MACHINE}",
            self.id
        )
    }

    /// One run.
    pub(crate) async fn run(&self, arn: &str) -> Result<Run> {
        let described = self
            .states("DescribeExecution", json!({"executionArn": arn}))
            .await?;
        let (mut events, mut token) = (Vec::new(), Value::Null);
        loop {
            let mut asked = json!({"executionArn": arn, "maxResults": 1000});
            if !token.is_null() {
                asked["nextToken"] = token;
            }
            let mut page = self.states("GetExecutionHistory", asked).await?;
            events.extend(
                page["events"]
                    .as_array_mut()
                    .into_iter()
                    .flat_map(std::mem::take),
            );
            token = page["nextToken"].take();
            if token.is_null() {
                break;
            }
        }
        let input = described["input"].as_str().context("a run has an input")?;
        Ok(Run {
            name: described["name"].as_str().unwrap_or_default().to_owned(),
            status: described["status"].as_str().unwrap_or_default().to_owned(),
            input: serde_json::from_str(input)?,
            record: json!({"described": described, "events": events}),
        })
    }

    /// Meanwhile has every start of a run take effect, and whoever starts it wait for the answer:
    /// 50 seconds, then it gives up.
    pub async fn with_held_starts<T>(&self, work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        let held = json!([{
            "service": "states",
            "action": "StartExecution",
            "account": self.id,
            "times": 1000,
            "holdSeconds": HELD_SECONDS,
        }]);
        let (done, _) = self.emulator.with_faults(&held, work).await?;
        Ok(done)
    }

    /// Waits for a run that a request of `CloudFormation` begins, and that is not one of these.
    pub async fn new_run(&self, known: &[Run]) -> Result<Run> {
        until("a run that a request begins", ENDED_WITHIN, async || {
            let mut runs = self.runs().await?.into_iter();
            let is_known = |run: &Run| known.iter().any(|one| one.name == run.name);
            Ok(runs.find(|run| !run.input["RequestId"].is_null() && !is_known(run)))
        })
        .await
    }

    /// Has the daily sweep's schedule start a run now; its name.
    pub async fn fire_sweep(&self) -> Result<String> {
        let known: Vec<String> = self.runs().await?.into_iter().map(|run| run.name).collect();
        let path = format!(
            "schedules/{SCHEDULE}/fire?account={}&region={HOME_REGION}",
            self.id
        );
        let endpoint = &self.emulator.endpoint;
        let fired = endpoint.admin(Method::POST, &path, None).await?;
        ensure!(
            fired["outcome"] == "delivered",
            "the schedule failed: {fired:#}"
        );
        let mut runs = self.runs().await?.into_iter();
        let new = runs.find(|run| !known.contains(&run.name));
        Ok(new.context("the schedule started no run")?.name)
    }

    /// Waits for the end of a run.
    pub async fn end_of_run(&self, name: String) -> Result<Run> {
        let ended = until("the end of a run", ENDED_WITHIN, async || {
            let mut runs = self.runs().await?.into_iter();
            let this = runs.find(|run| run.name == name);
            Ok(this.filter(|run| run.status != "RUNNING"))
        });
        ended.await
    }

    /// Waits for the end of the sweep that a new schedule begins at once.
    pub async fn first_sweep(&self) -> Result<Run> {
        let name = until("the first sweep", ENDED_WITHIN, async || {
            let mut runs = self.runs().await?.into_iter();
            let first = runs.find(|run| run.input["RequestId"].is_null());
            Ok(first.map(|run| run.name))
        })
        .await?;
        self.end_of_run(name).await
    }

    /// A sweep, to its end.
    pub async fn sweep(&self) -> Result<Run> {
        let name = self.fire_sweep().await?;
        self.end_of_run(name).await
    }

    /// A sweep that must go well, and its report.
    pub async fn successful_sweep(&self, stack: &Stack<'_>) -> Result<Value> {
        let run = self.sweep().await?;
        ensure!(run.status == "SUCCEEDED", "{:#}", run.record);
        self.report_of(stack, &run).await
    }

    /// The report of a run.
    pub async fn report_of(&self, stack: &Stack<'_>, run: &Run) -> Result<Value> {
        let key = format!("runs/{}/{}/arc-report.json", run.id(), self.id);
        self.kept(stack, &key).await
    }

    /// An object of the run bucket.
    pub(crate) async fn kept(&self, stack: &Stack<'_>, key: &str) -> Result<Value> {
        let bucket = stack.physical_id("RunBucket").await?;
        let object = self.s3.get_object().bucket(bucket).key(key).send().await;
        let object = object.with_context(|| format!("there is no {key}"))?;
        Ok(serde_json::from_slice(
            &object.body.collect().await?.to_vec(),
        )?)
    }

    /// The report of the last run that a request of `CloudFormation` began.
    pub async fn report_of_last_request(&self, stack: &Stack<'_>) -> Result<Value> {
        let started = |run: &Run| {
            run.record["described"]["startDate"]
                .as_f64()
                .unwrap_or_default()
        };
        let mut runs = self.runs().await?;
        runs.retain(|run| !run.input["RequestId"].is_null());
        runs.sort_by(|one, other| started(one).total_cmp(&started(other)));
        let last = runs.last().context("no request began a run")?;
        self.report_of(stack, last).await
    }

    /// What `CloudFormation` was last told of a resource.
    pub async fn attributes(&self, resource: &str) -> Result<Value> {
        let mut replies = self.emulator.replies().await?;
        replies.retain(|one| one.logical_resource_id.as_deref() == Some(resource));
        let last = replies
            .last()
            .with_context(|| format!("{resource} was never answered"))?;
        Ok(last.body["Data"].clone())
    }

    pub(crate) async fn states(&self, operation: &str, body: Value) -> Result<Value> {
        let target = format!("AWSStepFunctions.{operation}");
        let endpoint = &self.emulator.endpoint;
        endpoint.target(HOME_REGION, "states", &target, body).await
    }
}

/// The report of one region.
pub fn region_of<'r>(report: &'r Value, region: &str) -> &'r Value {
    let mut regions = report["Regions"].as_array().into_iter().flatten();
    regions
        .find(|one| one["Region"] == region)
        .unwrap_or(&Value::Null)
}

/// The report of one instance.
pub fn instance_of<'r>(report: &'r Value, id: &str) -> &'r Value {
    let regions = report["Regions"].as_array().into_iter().flatten();
    let mut instances =
        regions.flat_map(|region| region["Instances"].as_array().into_iter().flatten());
    instances
        .find(|one| one["InstanceId"] == id)
        .unwrap_or(&Value::Null)
}
