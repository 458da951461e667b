//! What Systems Manager did in a test's account: executions of runbooks, and the tags they wrote.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use crate::account::Account;
use crate::fleet::Instance;
use crate::until;

/// How long an execution takes is one setting of the emulator for all tests.
static PACE: Mutex<()> = Mutex::const_new(());
const ENDED_WITHIN: Duration = Duration::from_mins(2);
const HOST_SETTING: &str = "/ssm/managed-instance/default-ec2-instance-management-role";

/// An execution of a runbook.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Automation {
    /// Its id.
    pub execution_id: String,
    account: String,
    /// Its region.
    pub region: String,
    /// The runbook.
    pub document: String,
    /// How it is.
    pub status: String,
    /// The batch that it belongs to.
    pub parent: Option<String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// The role that it acts in.
    pub role: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// The step that failed first.
    pub failed_step: Option<String>,
}

/// A call of `CreateTags` or `DeleteTags`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagWrite {
    /// Which of the two.
    pub action: String,
    account: String,
    /// Its region.
    pub region: String,
    /// The instances.
    pub resources: Vec<String>,
    /// Who called.
    pub principal: Option<String>,
    /// `ok`, or an error code.
    pub outcome: String,
    /// The execution of Automation that called.
    pub automation_execution_id: Option<String>,
}

impl Automation {
    /// Whether it is for this instance alone.
    pub fn is_for(&self, instance: &Instance) -> bool {
        self.is_for_one() && self.parameters["InstanceId"].contains(&instance.id)
    }

    /// Whether it is for one instance: no batch of others.
    pub fn is_for_one(&self) -> bool {
        let ids = self.parameters.get("InstanceId");
        ids.is_some_and(|ids| ids.len() == 1)
    }

    /// Whether it has begun, or has ended.
    pub fn has_begun(&self) -> bool {
        self.status != "Pending"
    }

    fn has_ended(&self) -> bool {
        !["Pending", "InProgress", "Cancelling"].contains(&self.status.as_str())
    }
}

impl Account {
    /// All executions of the account, oldest first.
    pub async fn automations(&self) -> Result<Vec<Automation>> {
        let endpoint = &self.emulator.endpoint;
        let all = endpoint.admin(Method::GET, "automations", None).await?;
        let mut all: Vec<Automation> = serde_json::from_value(all)?;
        all.retain(|one| one.account == self.id);
        Ok(all)
    }

    /// All calls that write tags, oldest first, but for the test's own.
    pub async fn tag_writes(&self) -> Result<Vec<TagWrite>> {
        let endpoint = &self.emulator.endpoint;
        let all = endpoint.admin(Method::GET, "tag-writes", None).await?;
        let mut all: Vec<TagWrite> = serde_json::from_value(all)?;
        let root = format!("arn:aws:iam::{}:root", self.id);
        all.retain(|one| one.account == self.id && one.principal.as_ref() != Some(&root));
        Ok(all)
    }

    /// Waits until an execution for this instance has ended well.
    pub async fn tagged_by_event(&self, instance: &Instance) -> Result<Automation> {
        let what = format!("the execution that the start of {} begins", instance.id);
        let ended = until(&what, ENDED_WITHIN, async || {
            let mut all = self.automations().await?.into_iter();
            Ok(all.find(|one| one.is_for(instance) && one.has_ended()))
        })
        .await?;
        ensure!(ended.status == "Success", "{ended:#?}");
        ensure!(ended.parent.is_none(), "a batch has tagged it: {ended:#?}");
        Ok(ended)
    }

    /// Waits until an execution for one instance is at work.
    pub async fn first_automation(&self) -> Result<Automation> {
        until("an execution that is at work", ENDED_WITHIN, async || {
            let mut all = self.automations().await?.into_iter();
            Ok(all.find(|one| one.is_for_one() && one.status == "InProgress"))
        })
        .await
    }

    /// Has every execution take this long, meanwhile.
    pub async fn with_slow_runbooks<T>(
        &self,
        seconds: f64,
        work: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<T> {
        let _pace = PACE.lock().await;
        let slow = [("automationSeconds", seconds.into())];
        self.emulator.with_switches(slow, work).await
    }

    /// The role of Default Host Management, `$None` where it is off.
    pub async fn host_setting(&self, region: &str) -> Result<String> {
        let body = json!({"SettingId": HOST_SETTING});
        let target = "AmazonSSM.GetServiceSetting";
        let endpoint = &self.emulator.endpoint;
        let seen = endpoint.target(region, "ssm", target, body).await?;
        let value = seen["ServiceSetting"]["SettingValue"].as_str();
        Ok(value.unwrap_or_default().to_owned())
    }

    /// Sets it by hand.
    pub async fn set_host_setting(&self, region: &str, role: &str) -> Result<()> {
        let body = json!({"SettingId": HOST_SETTING, "SettingValue": role});
        let target = "AmazonSSM.UpdateServiceSetting";
        let endpoint = &self.emulator.endpoint;
        endpoint.target(region, "ssm", target, body).await.map(drop)
    }
}

/// Fails where somebody wrote a tag past Systems Manager.
pub(crate) async fn check(account: &Account) -> Result<()> {
    for write in account.tag_writes().await? {
        ensure!(
            write.automation_execution_id.is_some(),
            "a tag was written outside of Automation: {write:#?}"
        );
    }
    Ok(())
}
