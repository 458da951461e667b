//! The Regions that an account has enabled.

use std::collections::BTreeSet;
use std::fmt;

use aws::{AccountSession, Failure};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Region;
use onboarding::{EnabledRegion, PortError};

/// The Regions of one account, for one request.
pub struct EnabledRegions {
    session: AccountSession,
    place: String,
}

impl fmt::Debug for EnabledRegions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnabledRegions")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl EnabledRegions {
    /// Those of the session's account; nothing is sent yet.
    pub fn new(session: AccountSession) -> Self {
        let place = format!("in account {}", session.account());
        Self { session, place }
    }

    /// One call: asked in any Region, EC2 tells of all of them.
    pub async fn list(&self) -> Result<BTreeSet<EnabledRegion>, PortError> {
        self.describe()
            .await
            .map_err(|failure| self.session.explain(failure))
    }

    async fn describe(&self) -> Result<BTreeSet<EnabledRegion>, Failure> {
        let client = Client::new(&self.session.sdk().await?);
        // Without AllRegions these are the enabled ones.
        let request = client.describe_regions();
        let call = self.session.call("ec2:DescribeRegions", &self.place);
        let answer = call.send(request.send()).await?;
        Ok(answer.regions().iter().filter_map(enabled).collect())
    }
}

/// `None` for what is no name of a Region: it could not be part of an endpoint either.
fn enabled(seen: &Region) -> Option<EnabledRegion> {
    Some(EnabledRegion {
        name: seen.region_name()?.parse().ok()?,
        is_opt_in: seen
            .opt_in_status()
            .is_some_and(|status| status != "opt-in-not-required"),
    })
}

#[cfg(test)]
mod tests {
    use onboarding::FailureKind;
    use testkit::aws_wire::{Answer, refused_by_ec2};

    use super::*;
    use crate::instances::tests::{account, session_of};

    #[tokio::test(start_paused = true)]
    async fn the_enabled_regions_are_asked_for_once() {
        let wire = account(|_, asked| {
            assert_eq!(asked.field("AllRegions"), None);
            Answer::Body(
                200,
                "<DescribeRegionsResponse><regionInfo><item><regionName>us-east-1</regionName>\
                 <optInStatus>opt-in-not-required</optInStatus></item><item><regionName>ap-east-1</regionName>\
                 <optInStatus>opted-in</optInStatus></item><item><regionName>../x</regionName></item>\
                 </regionInfo></DescribeRegionsResponse>"
                    .to_owned(),
            )
        });
        let found = EnabledRegions::new(session_of(&wire)).list().await.unwrap();
        let shown = |one: &EnabledRegion| (one.name.to_string(), one.is_opt_in);
        let names: Vec<_> = found.iter().map(shown).collect();
        assert_eq!(
            names,
            [
                ("ap-east-1".to_owned(), true),
                ("us-east-1".to_owned(), false)
            ]
        );
        assert_eq!(wire.actions(), ["AssumeRole", "DescribeRegions"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_right_is_named_with_its_role() {
        let wire = account(|_, _| refused_by_ec2(403, "UnauthorizedOperation", "You are not"));
        let error = EnabledRegions::new(session_of(&wire))
            .list()
            .await
            .unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
        assert!(
            error.reason.contains("DefenderConnectorAccess of account 111122223333 (templates/access.yaml) must be allowed ec2:DescribeRegions"),
            "{}",
            error.reason
        );
    }
}
