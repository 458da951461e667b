//! EC2 instances of a test's account: made, changed behind everybody's back, looked at.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::account::Account;
use crate::endpoint::{Endpoint, elements, names};
use crate::operation::Outcome;
use crate::stack::Stack;

/// The regions that fleets are in; the first one is the stack's own.
pub const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
/// The instance profile by which Systems Manager manages an instance, and its role.
const MANAGED: &str = "ManagedInstance";
const POLICY: &str = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const IMAGE: &str = "ami-0c2023a1b2c3d4e5f";

/// Tags of an instance.
pub type Tags = BTreeMap<String, String>;

/// One instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its region.
    pub region: &'static str,
}

/// What an instance is made as.
#[derive(Debug, Clone, Copy)]
pub struct NewInstance<'a> {
    /// Its tags.
    pub tags: &'a [(&'a str, &'a str)],
    /// Whether its profile lets Systems Manager manage it; without, it has none.
    pub managed: bool,
    /// `online`, `offline` or `absent`.
    pub agent: &'a str,
    /// `running`, `stopped` or `terminated`.
    pub state: &'a str,
}

impl Default for NewInstance<'_> {
    fn default() -> Self {
        Self {
            tags: &[],
            managed: true,
            agent: "online",
            state: "running",
        }
    }
}

/// The instances of an account.
#[derive(Debug)]
pub struct Fleet<'a> {
    account: &'a Account,
}

impl<'a> Fleet<'a> {
    /// An account's fleet, with the instance profile that most instances have.
    pub async fn open(account: &'a Account) -> Result<Self> {
        let iam = &account.iam;
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }],
        });
        let role = iam.create_role().role_name(MANAGED);
        let role = role.assume_role_policy_document(trust.to_string());
        role.send().await?;
        let attach = iam.attach_role_policy().role_name(MANAGED);
        attach.policy_arn(POLICY).send().await?;
        let profile = iam.create_instance_profile().instance_profile_name(MANAGED);
        profile.send().await?;
        let add = iam.add_role_to_instance_profile().role_name(MANAGED);
        add.instance_profile_name(MANAGED).send().await?;
        Ok(Self { account })
    }

    /// The application with Servers and its Arc auto-provisioning, in the fleet's regions.
    pub fn stack(&self) -> Stack<'a> {
        let stack = self.account.stack().with("ServersPlan", "P2");
        stack.with("Regions", &REGIONS.join(","))
    }

    /// Creates the stack, and waits for the sweep that its new schedule begins at once, so that
    /// whatever the test does afterwards is the test's own.
    pub async fn deploy(&self, stack: &Stack<'_>) -> Result<Outcome> {
        let made = stack.create().await?.must_be("CREATE_COMPLETE")?;
        let swept = self.account.first_sweep().await?;
        ensure!(swept.status == "SUCCEEDED", "{:#}", swept.record);
        Ok(made)
    }

    /// An instance that was there before, so that no event tells of it.
    pub async fn make(&self, region: &'static str, new: NewInstance<'_>) -> Result<Instance> {
        let instances = self.make_many(region, 1, new).await?;
        instances.into_iter().next().context("one was asked for")
    }

    /// The same many times.
    pub async fn make_many(
        &self,
        region: &'static str,
        count: usize,
        new: NewInstance<'_>,
    ) -> Result<Vec<Instance>> {
        let tags: BTreeMap<&str, &str> = new.tags.iter().copied().collect();
        let group = json!([{
            "count": count,
            "tags": tags,
            "instanceProfile": new.managed.then_some(MANAGED),
            "agent": {"status": new.agent},
            "state": new.state,
        }]);
        let path = format!("instances?account={}&region={region}", self.account.id);
        let made = self.endpoint();
        let made = made.admin(Method::POST, &path, Some(&group)).await?;
        let ids: Vec<Vec<String>> = serde_json::from_value(made)?;
        let instances = ids.into_iter().flatten();
        Ok(instances.map(|id| Instance { id, region }).collect())
    }

    /// A new instance, as `RunInstances` makes it, managed and with events of its start.
    pub async fn launch(&self, region: &'static str, tags: &[(&str, &str)]) -> Result<Instance> {
        let mut parameters = vec![
            ("ImageId".to_owned(), IMAGE),
            ("MinCount".to_owned(), "1"),
            ("MaxCount".to_owned(), "1"),
            ("IamInstanceProfile.Name".to_owned(), MANAGED),
        ];
        if !tags.is_empty() {
            let kind = "TagSpecification.1.ResourceType".to_owned();
            parameters.push((kind, "instance"));
        }
        for (number, (key, value)) in (1..).zip(tags) {
            let tag = format!("TagSpecification.1.Tag.{number}");
            parameters.push((format!("{tag}.Key"), key));
            parameters.push((format!("{tag}.Value"), value));
        }
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        let launched = self.ec2(region, "RunInstances", &parameters).await?;
        let id = elements(&launched, "instanceId").into_iter().next();
        let id = id.context("RunInstances answers an id")?;
        Ok(Instance { id, region })
    }

    /// Terminates an instance.
    pub async fn terminate(&self, instance: &Instance) -> Result<()> {
        let parameters = [("InstanceId.1", instance.id.as_str())];
        self.ec2(instance.region, "TerminateInstances", &parameters)
            .await
            .map(drop)
    }

    /// Takes an instance away as if it had never been.
    pub async fn vanish(&self, instance: &Instance) -> Result<()> {
        let path = format!(
            "instances/{}?account={}&region={}",
            instance.id, self.account.id, instance.region
        );
        let gone = self.endpoint().admin(Method::DELETE, &path, None).await;
        gone.map(drop)
    }

    /// Writes a tag by hand.
    pub async fn tag(&self, instance: &Instance, key: &str, value: &str) -> Result<()> {
        self.change_tag(
            "CreateTags",
            instance,
            &[("Tag.1.Key", key), ("Tag.1.Value", value)],
        )
        .await
    }

    /// Removes a tag by hand.
    pub async fn untag(&self, instance: &Instance, key: &str) -> Result<()> {
        self.change_tag("DeleteTags", instance, &[("Tag.1.Key", key)])
            .await
    }

    async fn change_tag(
        &self,
        action: &str,
        instance: &Instance,
        tag: &[(&str, &str)],
    ) -> Result<()> {
        let resource = [("ResourceId.1", instance.id.as_str())];
        let parameters = [&resource, tag].concat();
        self.ec2(instance.region, action, &parameters)
            .await
            .map(drop)
    }

    /// An instance's tags.
    pub async fn tags(&self, instance: &Instance) -> Result<Tags> {
        let parameters = [
            ("Filter.1.Name", "resource-id"),
            ("Filter.1.Value.1", instance.id.as_str()),
        ];
        let seen = self
            .ec2(instance.region, "DescribeTags", &parameters)
            .await?;
        let (keys, values) = (elements(&seen, "key"), elements(&seen, "value"));
        Ok(keys.into_iter().zip(values).collect())
    }

    /// The four tags that an instance is to have, by default.
    pub fn four_tags(&self, instance: &Instance) -> Tags {
        let four = [
            ("AccountId", self.account.id.as_str()),
            ("Cloud", "AWS"),
            ("InstanceId", &instance.id),
            ("MDFCSecurityConnector", "true"),
        ];
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        four.into_iter().map(owned).collect()
    }

    /// The ARN of an instance's profile.
    pub async fn profile(&self, instance: &Instance) -> Result<Option<String>> {
        let parameters = [
            ("Filter.1.Name", "instance-id"),
            ("Filter.1.Value.1", instance.id.as_str()),
        ];
        let action = "DescribeIamInstanceProfileAssociations";
        let seen = self.ec2(instance.region, action, &parameters).await?;
        Ok(elements(&seen, "arn").into_iter().next())
    }

    /// Ids of the instances that Systems Manager reaches.
    pub async fn online(&self, region: &str) -> Result<Vec<String>> {
        let target = "AmazonSSM.DescribeInstanceInformation";
        let body = json!({"Filters": [{"Key": "PingStatus", "Values": ["Online"]}]});
        let seen = self.endpoint().target(region, "ssm", target, body).await?;
        Ok(names(&seen["InstanceInformationList"], "InstanceId"))
    }

    /// Leaves the account only some regions.
    pub async fn enable_only(&self, regions: &[&str]) -> Result<()> {
        let all = [("AllRegions", "true")];
        let known = self.ec2(REGIONS[0], "DescribeRegions", &all).await?;
        let off: Vec<String> = elements(&known, "regionName")
            .into_iter()
            .filter(|region| !regions.contains(&region.as_str()))
            .collect();
        let wanted = json!({"account": self.account.id, "optedIn": [], "disabled": off});
        let set = self.endpoint().admin(Method::PUT, "regions", Some(&wanted));
        set.await.map(drop)
    }

    async fn ec2(&self, region: &str, action: &str, more: &[(&str, &str)]) -> Result<String> {
        self.endpoint().ec2(region, action, more).await
    }

    fn endpoint(&self) -> &Endpoint {
        &self.account.emulator.endpoint
    }
}
