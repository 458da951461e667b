//! The instances of an account of the emulator: EC2's and Systems Manager's own APIs, page by page.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::aws_api::{AwsApi, Said, Service};
use super::aws_instances::{AwsInstance, AwsNode};

mod answers;

use answers::{InstancesAnswer, RegionsAnswer};

const EC2_VERSION: &str = "2016-11-15";
const NODES: &str = "AmazonSSM.DescribeInstanceInformation";

/// The instances of one account.
pub(crate) struct Fleet<'a> {
    api: AwsApi<'a>,
}

impl<'a> Fleet<'a> {
    pub(crate) fn new(api: AwsApi<'a>) -> Self {
        Self { api }
    }

    /// The Regions that the account has enabled.
    pub(crate) async fn regions(&self) -> Result<Vec<String>, String> {
        let action = "DescribeRegions";
        let said = self.ec2("us-east-1", action, &[]).await?;
        let answer: RegionsAnswer = said.xml(action)?;
        Ok(answer
            .regions
            .items
            .into_iter()
            .map(|one| one.name)
            .collect())
    }

    /// Every instance of a Region. Systems Manager is asked only where there are some.
    pub(crate) async fn instances(&self, region: &str) -> Result<Vec<AwsInstance>, String> {
        let mut instances = self.described(region).await?;
        if instances.is_empty() {
            return Ok(instances);
        }
        let mut nodes = self.nodes(region).await?;
        for instance in &mut instances {
            instance.node = nodes.remove(&instance.id);
        }
        Ok(instances)
    }

    async fn described(&self, region: &str) -> Result<Vec<AwsInstance>, String> {
        let action = "DescribeInstances";
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let first = [("MaxResults", "1000")];
            let next = [("MaxResults", "1000"), ("NextToken", token.as_str())];
            let parameters: &[_] = if token.is_empty() { &first } else { &next };
            let said = self.ec2(region, action, parameters).await?;
            let answer: InstancesAnswer = said.xml(action)?;
            found.extend(answer.instances());
            match answer.next_token.filter(|token| !token.is_empty()) {
                Some(next) => token = next,
                None => return Ok(found),
            }
        }
    }

    async fn nodes(&self, region: &str) -> Result<BTreeMap<String, AwsNode>, String> {
        let service = Service {
            name: "ssm",
            region,
        };
        let mut found = BTreeMap::new();
        let mut body = json!({ "MaxResults": 50 });
        loop {
            let page: Nodes = self.api.json(service, NODES, &body).await?.json(NODES)?;
            found.extend(page.nodes.into_iter().map(Node::into_pair));
            match page.next_token.filter(|token| !token.is_empty()) {
                Some(next) => body["NextToken"] = next.into(),
                None => return Ok(found),
            }
        }
    }

    async fn ec2(
        &self,
        region: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Said, String> {
        let service = Service {
            name: "ec2",
            region,
        };
        self.api
            .query(service, EC2_VERSION, action, parameters)
            .await
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Nodes {
    #[serde(rename = "InstanceInformationList")]
    nodes: Vec<Node>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    instance_id: String,
    ping_status: String,
    #[serde(default)]
    platform_type: String,
    #[serde(default)]
    platform_name: String,
    #[serde(default)]
    platform_version: String,
}

impl Node {
    fn into_pair(self) -> (String, AwsNode) {
        let node = AwsNode {
            ping: self.ping_status,
            platform_type: self.platform_type,
            platform_name: self.platform_name,
            platform_version: self.platform_version,
        };
        (self.instance_id, node)
    }
}
