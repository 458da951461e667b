//! The EC2 instances of the demo: some there before the stack, one launched after it.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::shown;
use crate::boto::Viewer;
use crate::{http, output};

/// The regions that the stack is told of.
pub const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
/// The tag that leaves an instance out, as the stack's parameter has it.
pub const EXCLUSION: &str = "Arc=No";
/// The four keys.
pub const KEYS: [&str; 4] = ["AccountId", "Cloud", "InstanceId", "MDFCSecurityConnector"];

const PROGRAM: &str = include_str!("fleet.py");
const TAGGED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// One instance.
#[derive(Debug, Clone, Deserialize)]
pub struct Instance {
    /// Its region.
    pub region: String,
    /// Its id.
    pub id: String,
    /// What it does.
    pub state: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// All of them.
#[derive(Debug)]
pub struct Fleet<'a> {
    viewer: Viewer<'a>,
}

impl Instance {
    /// Whether it is to carry the four tags.
    fn is_concerned(&self) -> bool {
        let excluded = |(key, value): (&String, &String)| format!("{key}={value}") == EXCLUSION;
        self.state != "terminated" && !self.tags.iter().any(excluded)
    }

    /// How many of the four tags it carries, with the right values.
    pub fn right_tags(&self, account: &str) -> usize {
        let values = [account, "AWS", &self.id, "true"];
        let right =
            |(key, value): &(&str, &str)| self.tags.get(*key).is_some_and(|seen| seen == value);
        KEYS.into_iter().zip(values).filter(right).count()
    }
}

impl<'a> Fleet<'a> {
    /// Makes the instances that are there before the stack is: some tagged wrongly, one excluded,
    /// one terminated, one that Systems Manager does not manage.
    pub fn make(viewer: Viewer<'a>) -> Result<Self> {
        let fleet = Self { viewer };
        let profile: String = fleet.ask(&["prepare"])?;
        let named = |name: &str| json!({"Name": name});
        let there: [&[Value]; 2] = [
            &[
                json!({"count": 2, "instanceProfile": profile, "tags": named("web")}),
                json!({"count": 1, "instanceProfile": profile,
                    "tags": {"Name": "wrong", "Cloud": "GCP", "InstanceId": "i-0"}}),
                json!({"count": 1, "instanceProfile": profile, "state": "terminated",
                    "tags": named("terminated")}),
            ],
            &[
                json!({"count": 1, "instanceProfile": profile, "tags": named("db")}),
                json!({"count": 1, "instanceProfile": profile,
                    "tags": {"Name": "excluded", "Arc": "No"}}),
                json!({"count": 1, "tags": named("unmanaged")}),
            ],
        ];
        for (region, groups) in REGIONS.into_iter().zip(there) {
            let url = format!(
                "{}/_local_cloud/instances?account={}&region={region}",
                viewer.cloud.emulator_url(),
                viewer.account
            );
            http::post(&url, &json!(groups))?;
        }
        Ok(fleet)
    }

    /// How they are.
    pub fn instances(&self) -> Result<Vec<Instance>> {
        self.ask(&[&["list"], &REGIONS[..]].concat())
    }

    /// Shows them, with what the last run says of them.
    pub fn show(&self, title: &str, stack: &str) -> Result<()> {
        let report: Value = self.ask(&["report", stack])?;
        output::line(shown::instances(title, &self.instances()?, &report));
        Ok(())
    }

    /// Fails unless exactly the right instances carry exactly the right tags.
    pub fn check_tagged(&self) -> Result<()> {
        for instance in self.instances()? {
            let (right, expected) = (
                instance.right_tags(self.viewer.account),
                if instance.is_concerned() {
                    KEYS.len()
                } else {
                    0
                },
            );
            if right != expected {
                bail!("{} has {right} of the tags and not {expected}", instance.id);
            }
        }
        Ok(())
    }

    /// What starts after the deploy is tagged by a rule, with no run in between.
    pub fn show_launch(&self) -> Result<((), String)> {
        let id: String = self.ask(&["launch", REGIONS[1], "launched"])?;
        let (instance, took) = self.await_tags(&id)?;
        let title = "The instance that was launched";
        output::line(shown::instances(title, &[instance], &Value::Null));
        Ok(((), format!("tagged after {}", output::seconds(took))))
    }

    /// What somebody takes off by hand comes back with the next run.
    pub fn show_repair(&self) -> Result<((), String)> {
        let id: String = self.ask(&["untag", REGIONS[0]])?;
        let (instance, took) = self.await_tags(&id)?;
        let title = "The instance whose tags were taken off by hand";
        output::line(shown::instances(title, &[instance], &Value::Null));
        Ok(((), format!("tagged again after {}", output::seconds(took))))
    }

    /// Waits until an instance is tagged; how long that took.
    fn await_tags(&self, id: &str) -> Result<(Instance, Duration)> {
        let started = Instant::now();
        loop {
            let seen = self.instances()?.into_iter().find(|one| one.id == id);
            let instance = seen.context("the instance is not there")?;
            if instance.right_tags(self.viewer.account) == KEYS.len() {
                return Ok((instance, started.elapsed()));
            }
            if started.elapsed() > TAGGED_WITHIN {
                bail!(
                    "{id} is not tagged after {}",
                    output::seconds(TAGGED_WITHIN)
                );
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Instances that still carry a tag of ours.
    pub fn left_tagged(&self) -> Result<Vec<String>> {
        let mut left = self.instances()?;
        left.retain(|one| one.right_tags(self.viewer.account) > 0);
        let named = |one: Instance| format!("tags of instance {}", one.id);
        Ok(left.into_iter().map(named).collect())
    }

    fn ask<T: for<'de> Deserialize<'de>>(&self, arguments: &[&str]) -> Result<T> {
        let printed = self.viewer.run("fleet", PROGRAM, arguments)?;
        serde_json::from_str(&printed).context("what was printed of the fleet cannot be read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(state: &str, tags: &Value) -> Instance {
        let (region, id) = ("eu-west-1", "i-0123456789abcdef0");
        serde_json::from_value(json!({"region": region, "id": id, "state": state, "tags": tags}))
            .unwrap()
    }

    #[test]
    fn only_the_right_values_count() {
        let tags = json!({"AccountId": "1", "Cloud": "GCP", "InstanceId": "i-0123456789abcdef0",
            "MDFCSecurityConnector": "true", "Name": "web"});
        assert_eq!(instance("running", &tags).right_tags("1"), 3);
        assert_eq!(instance("running", &tags).right_tags("2"), 2);
    }

    #[test]
    fn terminated_and_excluded_instances_are_not_concerned() {
        assert!(instance("running", &json!({"Arc": "Yes"})).is_concerned());
        assert!(!instance("running", &json!({"Arc": "No"})).is_concerned());
        assert!(!instance("terminated", &json!({})).is_concerned());
    }
}
