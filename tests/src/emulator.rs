//! The AWS emulator, where no SDK reaches: its own admin API, and services that need one call.

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::local_cloud::LocalCloud;

/// The emulator as one account's root.
#[derive(Debug)]
pub struct Emulator {
    http: Client,
    base: String,
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
        let http = LocalCloud::http()?;
        Ok(Self {
            http,
            base: cloud.aws_url.clone(),
            account: account.to_owned(),
        })
    }

    /// Every PUT that `CloudFormation` got for stacks of this account, oldest first.
    pub async fn replies(&self) -> Result<Vec<Reply>> {
        let all = self.admin(Method::GET, "replies", None).await?;
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
        let all = self.admin(Method::GET, "invocations", None).await?;
        let of_account = |one: &&Value| one["account"] == self.account.as_str();
        let mine = all
            .as_array()
            .context("invocations are a list")?
            .iter()
            .filter(of_account);
        Ok(mine
            .filter_map(|one| one["requestId"].as_str().map(str::to_owned))
            .collect())
    }

    /// Sets a switch, for every test that runs.
    pub async fn switch(&self, name: &str, value: impl Into<Value>) -> Result<()> {
        self.admin(Method::PUT, "switches", Some(&json!({name: value.into()})))
            .await
            .map(drop)
    }

    /// Kills the function's process, which must be at work.
    pub async fn kill(&self, function: &str) -> Result<()> {
        let path = format!(
            "functions/{function}/kill?account={}&waitSeconds=10",
            self.account
        );
        self.admin(Method::POST, &path, None).await.map(drop)
    }

    /// Keeps the function from running, or lets it again.
    pub async fn allow_to_run(&self, function: &str, allowed: bool) -> Result<()> {
        let path = format!("2017-10-31/functions/{function}/concurrency");
        if allowed {
            self.aws(Method::DELETE, "lambda", &path, None, Value::Null)
                .await
                .map(drop)
        } else {
            let none = json!({"ReservedConcurrentExecutions": 0});
            self.aws(Method::PUT, "lambda", &path, None, none)
                .await
                .map(drop)
        }
    }

    /// Names of all functions.
    pub async fn functions(&self) -> Result<Vec<String>> {
        let path = "2015-03-31/functions/";
        let listed = self
            .aws(Method::GET, "lambda", path, None, Value::Null)
            .await?;
        Ok(names(&listed["Functions"], "FunctionName"))
    }

    /// Names of all log groups.
    pub async fn log_groups(&self) -> Result<Vec<String>> {
        let target = Some("Logs_20140328.DescribeLogGroups");
        let listed = self
            .aws(Method::POST, "logs", "", target, json!({}))
            .await?;
        Ok(names(&listed["logGroups"], "logGroupName"))
    }

    async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self
            .http
            .request(method, format!("{}/_local_cloud/{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        parsed(path, request).await
    }

    /// One call of an AWS API; a 12-digit access key stands for the account's root, unsigned.
    async fn aws(
        &self,
        method: Method,
        service: &str,
        path: &str,
        target: Option<&str>,
        body: Value,
    ) -> Result<Value> {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={}/20261101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.account
        );
        let mut request = self
            .http
            .request(method, format!("{}/{path}", self.base))
            .header("authorization", credential);
        if let Some(target) = target {
            request = request
                .header("x-amz-target", target)
                .header("content-type", "application/x-amz-json-1.1");
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        parsed(path, request).await
    }
}

async fn parsed(path: &str, request: reqwest::RequestBuilder) -> Result<Value> {
    let answer = request.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("the emulator answered {status} to {path}: {text}");
    }
    if text.is_empty() {
        Ok(Value::Null)
    } else {
        Ok(serde_json::from_str(&text)?)
    }
}

fn names(listed: &Value, field: &str) -> Vec<String> {
    let entries = listed.as_array().map_or(&[] as &[Value], Vec::as_slice);
    entries
        .iter()
        .filter_map(|entry| entry[field].as_str().map(str::to_owned))
        .collect()
}
