//! The Regions of the function's own account.

use std::collections::BTreeSet;
use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_account::Client;
use aws_sdk_account::types::{Region, RegionOptStatus};
use onboarding::{PortError, RegionName};
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::pages::{Answer, Listing, Page, walk};

/// The largest page.
const PAGE: i32 = 50;

/// The Regions of the function's own account. Made once.
#[derive(Clone)]
pub struct OwnRegions {
    client: Client,
}

impl fmt::Debug for OwnRegions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnRegions")
    }
}

impl OwnRegions {
    /// Nothing is sent yet.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            client: Client::new(sdk),
        }
    }

    /// Those that are enabled.
    pub async fn enabled(&self, deadline: Instant) -> Result<BTreeSet<RegionName>, PortError> {
        let listing = EnabledRegions {
            client: &self.client,
            deadline,
        };
        let mut found = BTreeSet::new();
        walk(&listing, &mut |region| {
            found.extend(region.region_name().and_then(|name| name.parse().ok()));
        })
        .await
        .map_err(explain)?;
        Ok(found)
    }
}

struct EnabledRegions<'a> {
    client: &'a Client,
    deadline: Instant,
}

impl Listing for EnabledRegions<'_> {
    type Item = Region;

    fn call(&self) -> Call<'_> {
        Call {
            action: "account:ListRegions",
            place: "in the stack's own account",
            deadline: self.deadline,
        }
    }

    fn pace(&self) -> Option<&Pace> {
        None
    }

    async fn page(&self, token: Option<String>) -> Result<Answer<Region>, Failure> {
        let request = self
            .client
            .list_regions()
            .region_opt_status_contains(RegionOptStatus::Enabled)
            .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
            .max_results(PAGE)
            .set_next_token(token);
        let page = self.call().send(request.send()).await?;
        Ok(Answer::Page(Page {
            items: page.regions.unwrap_or_default(),
            next: page.next_token,
        }))
    }
}

fn explain(failure: Failure) -> PortError {
    failure
        .denied_advice(|action| format!("The function's role must be allowed {action}"))
        .into()
}

#[cfg(test)]
mod tests {
    use onboarding::FailureKind;
    use serde_json::{Value, json};

    use super::*;
    use crate::rig::{Answer as Answered, Wire, in_five_minutes};

    fn regions(names: &[&str]) -> Value {
        names
            .iter()
            .map(|name| json!({"RegionName": name, "RegionOptStatus": "ENABLED"}))
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn enabled_regions_are_asked_for_page_by_page() {
        let wire = Wire::new(|_, asked| {
            let page = match asked.json()["NextToken"].as_str() {
                None => json!({"Regions": regions(&["eu-west-1", "?"]), "NextToken": "2"}),
                Some(_) => json!({"Regions": regions(&["af-south-1"])}),
            };
            Answered::Body(200, page.to_string())
        });
        let regions = OwnRegions::new(&wire.sdk());
        let found = regions.enabled(in_five_minutes());
        let found: Vec<String> = found
            .await
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, ["af-south-1", "eu-west-1"]);
        let asked = &wire.asked()[0];
        assert!(asked.uri.ends_with("/listRegions"), "{}", asked.uri);
        assert_eq!(
            asked.json(),
            json!({"MaxResults": 50, "RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]})
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_names_the_right() {
        let wire = Wire::new(|_, _| {
            let body = json!({"__type": "AccessDeniedException", "message": "no"});
            Answered::Body(403, body.to_string())
        });
        let regions = OwnRegions::new(&wire.sdk());
        let error = regions.enabled(in_five_minutes());
        let error = error.await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
        assert!(error.reason.contains("must be allowed account:ListRegions"));
    }
}
