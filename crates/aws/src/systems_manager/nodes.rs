//! Managed nodes.

use aws_sdk_ssm::types::{InstanceInformation, InstanceInformationStringFilter, PingStatus};
use onboarding::FailureKind;
use onboarding::arc::platform::Platform;
use onboarding::arc::ports::{Nodes, RegionError};
use onboarding::arc::{InstanceId, ManagedNode, Ping};

use super::SystemsManager;
use crate::failure::Failure;

/// The largest page.
const PAGE: i32 = 50;

impl SystemsManager {
    async fn describe(
        &self,
        each: &mut (dyn FnMut(InstanceId, ManagedNode) + Send),
    ) -> Result<(), Failure> {
        let call = self.call("ssm:DescribeInstanceInformation");
        let only_ec2 = InstanceInformationStringFilter::builder()
            .key("ResourceType")
            .values("EC2Instance")
            .build()
            .map_err(|_| call.failure(FailureKind::Invalid, "the filter could not be built"))?;
        let mut pages = self
            .client()
            .await?
            .describe_instance_information()
            .filters(only_ec2)
            .into_paginator()
            .page_size(PAGE)
            .send();
        while let Some(page) = call.send(async { pages.next().await.transpose() }).await? {
            for (id, node) in page.instance_information_list().iter().filter_map(node) {
                each(id, node);
            }
        }
        Ok(())
    }
}

/// `None` for what is no EC2 instance.
fn node(seen: &InstanceInformation) -> Option<(InstanceId, ManagedNode)> {
    let id = seen.instance_id()?.parse().ok()?;
    let ping = match seen.ping_status() {
        Some(PingStatus::Online) => Ping::Online,
        _ => Ping::Lost,
    };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let platform = Platform {
        name: text(seen.platform_name()),
        version: text(seen.platform_version()),
    };
    Some((id, ManagedNode { ping, platform }))
}

impl Nodes for SystemsManager {
    async fn nodes(
        &self,
        each: &mut (dyn FnMut(InstanceId, ManagedNode) + Send),
    ) -> Result<(), RegionError> {
        self.describe(each)
            .await
            .map_err(|failure| self.explain(failure))
    }
}
