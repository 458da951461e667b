//! The AWS emulator, where no SDK reaches: its own admin API, and services that need one call.

use anyhow::{Context, Result};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::endpoint::{Endpoint, HOME_REGION, names};
use crate::local_cloud::LocalCloud;

/// Faults are one list of the emulator for all tests.
static FAULTS: Mutex<()> = Mutex::const_new(());
/// More calls than any test makes.
const NO_CALL: u64 = 1_000_000;

/// The emulator as one account's root.
#[derive(Debug)]
pub struct Emulator {
    pub(crate) endpoint: Endpoint,
    account: String,
}

/// One PUT that `CloudFormation` got.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// Which request it answers.
    pub request_id: Option<String>,
    /// Of which stack.
    pub stack_id: Option<String>,
    /// Of which resource.
    pub logical_resource_id: Option<String>,
    /// `Create`, `Update` or `Delete`.
    pub request_type: Option<String>,
    /// Whether it counted.
    pub accepted: bool,
    /// The HTTP status it was answered with.
    pub status: u16,
    /// Why it did not count.
    pub problem: String,
    /// The answer itself.
    pub body: Value,
    /// Its length.
    pub bytes: usize,
    /// Its content type.
    pub content_type: Option<String>,
}

impl Reply {
    /// The answer's reason.
    pub fn reason(&self) -> &str {
        self.body["Reason"].as_str().unwrap_or_default()
    }

    /// The physical id that it claims.
    pub fn physical_id(&self) -> &str {
        self.body["PhysicalResourceId"].as_str().unwrap_or_default()
    }
}

impl Emulator {
    /// The emulator, as `account` sees it.
    pub fn new(cloud: &LocalCloud, account: &str) -> Result<Self> {
        Ok(Self {
            endpoint: Endpoint::new(cloud, account)?,
            account: account.to_owned(),
        })
    }

    /// Every PUT that `CloudFormation` got for stacks of this account, oldest first.
    pub async fn replies(&self) -> Result<Vec<Reply>> {
        let all = self.endpoint.admin(Method::GET, "replies", None).await?;
        let mut all: Vec<Reply> = serde_json::from_value(all)?;
        let of_account = format!(":{}:", self.account);
        all.retain(|reply| {
            reply
                .stack_id
                .as_ref()
                .is_some_and(|id| id.contains(&of_account))
        });
        Ok(all)
    }

    /// Ids of all requests that custom resources of this account were sent.
    pub async fn custom_resource_requests(&self) -> Result<Vec<String>> {
        Ok(names(&self.invocations().await?, "requestId"))
    }

    /// How the asynchronous invocations of a function ended, or `running`, oldest first.
    pub async fn outcomes(&self, function: &str) -> Result<Vec<String>> {
        let mut all = self.invocations().await?;
        if let Some(all) = all.as_array_mut() {
            all.retain(|one| one["function"] == function);
        }
        Ok(names(&all, "outcome"))
    }

    /// All asynchronous invocations of this account's functions.
    async fn invocations(&self) -> Result<Value> {
        let mut all = self
            .endpoint
            .admin(Method::GET, "invocations", None)
            .await?;
        let listed = all.as_array_mut().context("invocations are a list")?;
        listed.retain(|one| one["account"] == self.account.as_str());
        Ok(all)
    }

    /// Meanwhile has AWS APIs fail as ordered; what is left of the orders afterwards.
    pub(crate) async fn with_faults<T>(
        &self,
        faults: &Value,
        work: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<(T, Value)> {
        let _turn = FAULTS.lock().await;
        self.endpoint
            .admin(Method::PUT, "faults", Some(faults))
            .await?;
        let done = work().await;
        let left = self.endpoint.admin(Method::GET, "faults", None).await;
        self.endpoint.admin(Method::DELETE, "faults", None).await?;
        Ok((done?, left?))
    }

    /// How often an AWS API is called by this account meanwhile: faults that are never reached
    /// count the calls before them.
    pub async fn calls<T>(
        &self,
        service: &str,
        actions: &[&str],
        work: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<(T, Vec<u64>)> {
        let fault = |action: &&str| json!({"service": service, "action": action, "account": self.account, "skip": NO_CALL});
        let faults = actions.iter().map(fault).collect();
        let (done, left) = self.with_faults(&faults, work).await?;
        let left = left.as_array().context("faults are a list")?;
        let counted = left
            .iter()
            .map(|one| Some(NO_CALL - one["skip"].as_u64()?))
            .collect::<Option<Vec<_>>>();
        Ok((done, counted.context("a fault has a count")?))
    }

    /// Sets a switch, for every test that runs.
    pub async fn switch(&self, name: &str, value: impl Into<Value>) -> Result<()> {
        self.set(&json!({name: value.into()})).await
    }

    /// Sets switches meanwhile, for every test that runs. They have their defaults again afterwards,
    /// whatever comes of the work.
    pub async fn with_switches<T, const N: usize>(
        &self,
        values: [(&str, Value); N],
        work: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<T> {
        let defaults: Value = values
            .iter()
            .map(|(name, _)| (*name, Value::Null))
            .collect();
        self.set(&values.into_iter().collect()).await?;
        let done = work().await;
        let restored = self.set(&defaults).await;
        let done = done?;
        restored.map(|()| done)
    }

    async fn set(&self, switches: &Value) -> Result<()> {
        let set = self.endpoint.admin(Method::PUT, "switches", Some(switches));
        set.await.map(drop)
    }

    /// Kills the function's process, which must be at work.
    pub async fn kill(&self, function: &str) -> Result<()> {
        let path = format!(
            "functions/{function}/kill?account={}&waitSeconds=10",
            self.account
        );
        self.endpoint
            .admin(Method::POST, &path, None)
            .await
            .map(drop)
    }

    /// Keeps the function from running, or lets it again.
    pub async fn allow_to_run(&self, function: &str, allowed: bool) -> Result<()> {
        let path = format!("2017-10-31/functions/{function}/concurrency");
        if allowed {
            self.endpoint
                .rest(Method::DELETE, "lambda", &path, Value::Null)
                .await
                .map(drop)
        } else {
            let none = json!({"ReservedConcurrentExecutions": 0});
            self.endpoint
                .rest(Method::PUT, "lambda", &path, none)
                .await
                .map(drop)
        }
    }

    /// Invokes a function and waits for what it says: its result, or the error that left it.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let path = format!("2015-03-31/functions/{function}/invocations");
        let invoked = self
            .endpoint
            .rest(Method::POST, "lambda", &path, event.clone());
        invoked.await
    }

    /// Names of all functions.
    pub async fn functions(&self) -> Result<Vec<String>> {
        let path = "2015-03-31/functions/";
        let listed = self
            .endpoint
            .rest(Method::GET, "lambda", path, Value::Null)
            .await?;
        Ok(names(&listed["Functions"], "FunctionName"))
    }

    /// Names of all log groups.
    pub async fn log_groups(&self) -> Result<Vec<String>> {
        let target = "Logs_20140328.DescribeLogGroups";
        let listed = self
            .endpoint
            .target(HOME_REGION, "logs", target, json!({}))
            .await?;
        Ok(names(&listed["logGroups"], "logGroupName"))
    }
}
