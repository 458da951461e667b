//! An account with a fleet in one Region, at the other end of the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::aws_wire::{ACCOUNT, Answer, Asked, LATER, Wire, refused, refused_in_json, session};
use testkit::quotas::Quotas;
use testkit::s3_bucket::Bucket;
use tokio::time::Instant;

use super::automation::{Automation, Moment, Others, Status};

use super::shown::{four_tags, listed, word};

/// How long a call takes.
const LATENCY: Duration = Duration::from_millis(100);

/// What is not in order in the account.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What others take of the quota, by time.
    pub others: Others,
    /// How many executions of a hundred fail.
    pub fail_percent: u64,
    /// What the stack lets us take of the quota.
    pub at_once: u64,
    /// Which Regions are enabled.
    pub regions: &'static [&'static str],
}

impl Default for Options {
    fn default() -> Self {
        Self {
            others: |_| 0,
            fail_percent: 0,
            at_once: 25,
            regions: &["eu-west-1"],
        }
    }
}

#[derive(Debug)]
pub struct Aws {
    began: Instant,
    quotas: Quotas,
    instances: usize,
    at_once: u64,
    regions: &'static [&'static str],
    automation: Mutex<Automation>,
    pub bucket: Bucket,
    /// What the stack wants, where that is more than its own account.
    pub wanted: Mutex<Option<Value>>,
    /// Whether the access role is gone, and with it whatever a session of it could do.
    pub locked: AtomicBool,
    /// What the state machine was started with, by name; `None` refuses.
    pub started: Mutex<Option<BTreeMap<String, Value>>>,
    actions: Mutex<BTreeMap<String, usize>>,
}

pub(super) fn id(number: usize) -> String {
    format!("i-{number:017x}")
}

fn number(id: &str) -> usize {
    usize::from_str_radix(&id[2..], 16).unwrap()
}

impl Aws {
    pub fn new(instances: usize, quotas: Quotas, options: Options) -> Self {
        let automation = Automation::new(quotas, options.others, options.fail_percent);
        Self {
            began: Instant::now(),
            quotas,
            instances,
            at_once: options.at_once,
            regions: options.regions,
            automation: Mutex::new(automation),
            bucket: Bucket::default(),
            wanted: Mutex::default(),
            locked: AtomicBool::new(false),
            started: Mutex::new(Some(BTreeMap::new())),
            actions: Mutex::default(),
        }
    }

    /// The wire to it.
    pub fn wire(this: &Arc<Self>) -> Wire {
        let this = Arc::clone(this);
        Wire::new(move |_, asked| this.answer(asked)).with_latency(LATENCY)
    }

    /// Executions as they are now.
    pub fn automation(&self) -> MutexGuard<'_, Automation> {
        let mut automation = self.automation.lock().unwrap();
        let now = Moment::try_from(self.began.elapsed().as_millis()).unwrap();
        automation.advance(now);
        automation
    }

    /// How often each action was called.
    pub fn take_actions(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.actions.lock().unwrap())
    }

    /// How often each instance was written.
    pub fn writes(&self) -> BTreeMap<usize, usize> {
        let mut writes = BTreeMap::new();
        for (instance, _) in &self.automation().written {
            *writes.entry(*instance).or_default() += 1;
        }
        writes
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let action = asked.action();
        let counted = if action.is_empty() {
            format!("s3:{}", asked.method)
        } else {
            action.clone()
        };
        *self.actions.lock().unwrap().entry(counted).or_default() += 1;
        let body = |value: Value| Answer::Body(200, value.to_string());
        match action.as_str() {
            "" => self.bucket.answer(asked),
            "AssumeRole" if self.locked.load(Ordering::Relaxed) => {
                refused(403, "AccessDenied", "there is no such role")
            }
            "AssumeRole" => session("SESSIONKEY", LATER),
            // There is no Azure here.
            "GetWebIdentityToken" => refused(400, "OutboundWebIdentityFederationDisabled", "off"),
            "DescribeRegions" => self.describe_regions(),
            "DescribeInstances" => self.describe_instances(asked),
            "GetParameter" => {
                let own = || {
                    json!({"Arc": {
                        "AccountId": ACCOUNT,
                        "MaxConcurrentAutomations": self.at_once.to_string(),
                    }})
                };
                let wanted = self.wanted.lock().unwrap().clone().unwrap_or_else(own);
                body(json!({"Parameter": {"Value": wanted.to_string()}}))
            }
            "GetServiceSetting" => body(json!({"ServiceSetting": {"SettingValue": "$None"}})),
            "DescribeInstanceInformation" => body(self.nodes(&asked.json())),
            "StartExecution" => self.start_machine(&asked.json()),
            "StartAutomationExecution" => self.start(&asked.json()),
            "DescribeAutomationExecutions" => body(self.describe_executions(&asked.json())),
            "GetAutomationExecution" => {
                let automation = self.automation();
                let id = &asked.json()["AutomationExecutionId"];
                let batch = automation.batches.iter().find(|one| *id == one.id).unwrap();
                body(
                    json!({"AutomationExecution": {"AutomationExecutionStatus": word(&batch.status)}}),
                )
            }
            other => panic!("{other}"),
        }
    }

    fn describe_regions(&self) -> Answer {
        let item = |name: &&str| format!("<item><regionName>{name}</regionName></item>");
        let items: String = self.regions.iter().map(item).collect();
        Answer::Body(
            200,
            format!(
                "<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
            ),
        )
    }

    fn start_machine(&self, asked: &Value) -> Answer {
        let name = asked["name"].as_str().unwrap().to_owned();
        let input = serde_json::from_str(asked["input"].as_str().unwrap()).unwrap();
        let mut started = self.started.lock().unwrap();
        let Some(started) = started.as_mut() else {
            return refused_in_json(400, "AccessDeniedException", "no");
        };
        if started.insert(name, input).is_some() {
            return refused_in_json(400, "ExecutionAlreadyExists", "it is there");
        }
        Answer::Body(
            200,
            json!({"executionArn": "arn", "startDate": 1.0}).to_string(),
        )
    }

    fn describe_instances(&self, asked: &Asked) -> Answer {
        let page: usize = asked.field("MaxResults").unwrap().parse().unwrap();
        assert!(page <= self.quotas.instances.described_per_page);
        let start: usize = asked
            .field("NextToken")
            .map_or(0, |token| token.parse().unwrap());
        let end = (start + page).min(self.instances);
        let tagged: BTreeSet<usize> = self.automation().written.iter().map(|one| one.0).collect();
        let mut items = String::new();
        for number in start..end {
            let tags = if tagged.contains(&number) {
                four_tags(&id(number))
            } else {
                String::new()
            };
            write!(
                items,
                "<item><instanceId>{}</instanceId><instanceState><name>running</name></instanceState>\
                 <architecture>x86_64</architecture><tagSet>{tags}</tagSet></item>",
                id(number)
            )
            .unwrap();
        }
        let next = if end < self.instances {
            format!("<nextToken>{end}</nextToken>")
        } else {
            String::new()
        };
        Answer::Body(
            200,
            format!(
                "<DescribeInstancesResponse><reservationSet><item><instancesSet>{items}</instancesSet>\
                 </item></reservationSet>{next}</DescribeInstancesResponse>"
            ),
        )
    }

    fn nodes(&self, asked: &Value) -> Value {
        let page = usize::try_from(asked["MaxResults"].as_u64().unwrap()).unwrap();
        assert!(page <= self.quotas.instances.nodes_per_page);
        let start: usize = asked["NextToken"]
            .as_str()
            .map_or(0, |token| token.parse().unwrap());
        let end = (start + page).min(self.instances);
        let node = |number| {
            json!({"InstanceId": id(number), "PingStatus": "Online",
                   "PlatformName": "Amazon Linux", "PlatformVersion": "2023"})
        };
        let nodes: Vec<Value> = (start..end).map(node).collect();
        let mut answer = json!({"InstanceInformationList": nodes});
        if end < self.instances {
            answer["NextToken"] = json!(end.to_string());
        }
        answer
    }

    fn start(&self, asked: &Value) -> Answer {
        let maps = asked["TargetMaps"].as_array().unwrap();
        let instances = maps
            .iter()
            .map(|map| number(map["InstanceId"][0].as_str().unwrap()));
        let at_once = asked["MaxConcurrency"].as_str().unwrap().parse().unwrap();
        let token = asked["ClientToken"].as_str().unwrap();
        let started = self.automation().start(instances.collect(), at_once, token);
        started.map_or_else(
            || refused_in_json(400, "AutomationExecutionLimitExceededException", "full"),
            |id| Answer::Body(200, json!({"AutomationExecutionId": id}).to_string()),
        )
    }

    fn describe_executions(&self, asked: &Value) -> Value {
        let filter = |key: &str| {
            let filters = asked["Filters"].as_array().unwrap();
            let filter = filters.iter().find(|one| one["Key"] == key)?;
            Some(filter["Values"].clone())
        };
        let automation = self.automation();
        let mut found: Vec<Value> = Vec::new();
        if let Some(parent) = filter("ParentExecutionId") {
            let batch = automation
                .batches
                .iter()
                .find(|one| parent[0] == one.id)
                .unwrap();
            let children = batch
                .children
                .iter()
                .map(|number| &automation.children[*number]);
            let failed_only = filter("ExecutionStatus").is_some();
            let asked = children.filter(|one| !failed_only || one.status == Status::Failed);
            found.extend(asked.map(|one| {
                json!({"AutomationExecutionId": one.id, "Target": id(one.instance),
                       "AutomationExecutionStatus": word(&one.status),
                       "FailureMessage": "Internal Server Error."})
            }));
        } else {
            found.extend(automation.under_way().map(listed));
        }
        let page = self.quotas.automation.described_per_page;
        let start: usize = asked["NextToken"]
            .as_str()
            .map_or(0, |token| token.parse().unwrap());
        let end = (start + page).min(found.len());
        let mut answer = json!({"AutomationExecutionMetadataList": found[start..end]});
        if end < found.len() {
            answer["NextToken"] = json!(end.to_string());
        }
        answer
    }
}
