//! EC2 instances in one Region of one account.

use std::fmt;

use aws::{AccountSession, Failure};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Instance};
use onboarding::RegionName;
use onboarding::arc::ports::{Instances, RegionError};
use onboarding::arc::{InstanceState, ProfileName, SeenInstance};

/// The largest page.
const PAGE: i32 = 1000;

/// EC2 in one Region of one account, for one request.
pub struct Ec2Instances {
    session: AccountSession,
    region: RegionName,
    place: String,
}

impl fmt::Debug for Ec2Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ec2Instances")
            .field("session", &self.session)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Ec2Instances {
    /// Those of a Region of the session's account; nothing is sent yet.
    pub fn new(session: AccountSession, region: RegionName) -> Self {
        let place = format!("in account {}, {region}", session.account());
        Self {
            session,
            region,
            place,
        }
    }

    /// A page is handed on before the next one is asked for: fleets are large.
    async fn describe(&self, each: &mut (dyn FnMut(SeenInstance) + Send)) -> Result<(), Failure> {
        let client = Client::new(&self.session.sdk_in(&self.region).await?);
        let lasting = InstanceState::LASTING.map(|state| state.name().to_owned());
        let lasting = Filter::builder()
            .name("instance-state-name")
            .set_values(Some(lasting.into()))
            .build();
        let mut pages = client
            .describe_instances()
            .filters(lasting)
            .into_paginator()
            .page_size(PAGE)
            .send();
        let call = self.session.call("ec2:DescribeInstances", &self.place);
        while let Some(page) = call.send(async { pages.next().await.transpose() }).await? {
            let reservations = page.reservations.unwrap_or_default().into_iter();
            let instances = reservations.flat_map(|one| one.instances.unwrap_or_default());
            instances.filter_map(seen).for_each(&mut *each);
        }
        Ok(())
    }
}

/// `None` for one whose id or state is not known here.
fn seen(instance: Instance) -> Option<SeenInstance> {
    let state = instance.state.as_ref()?.name()?.as_str();
    let profile = instance.iam_instance_profile.as_ref();
    let architecture = instance.architecture.as_ref();
    Some(SeenInstance {
        id: instance.instance_id?.parse().ok()?,
        state: InstanceState::seen(state)?,
        architecture: architecture
            .map(|one| one.as_str().to_owned())
            .unwrap_or_default(),
        profile: profile.and_then(|one| ProfileName::of_arn(one.arn()?)),
        tags: instance
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect(),
    })
}

impl Instances for Ec2Instances {
    async fn instances(
        &self,
        each: &mut (dyn FnMut(SeenInstance) + Send),
    ) -> Result<(), RegionError> {
        self.describe(each)
            .await
            .map_err(|failure| self.session.explain_in_region(failure))
    }
}

#[cfg(test)]
pub(crate) mod tests;
