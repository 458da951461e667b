//! Which of the Regions that are asked for are enabled.

use std::collections::{BTreeMap, BTreeSet};

use custom_resource::{Done, Failure, PhysicalId};
use onboarding::{EnabledRegion, RegionName};

/// The service that acts in Regions that are enabled for everybody.
const STACK_SETS: &str = "cloudformation.amazonaws.com";

/// What was found of the Regions that were asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) regions: BTreeSet<RegionName>,
    skipped: Vec<RegionName>,
    principals: BTreeSet<String>,
}

impl Found {
    pub(super) fn of(
        wanted: &[RegionName],
        enabled: &BTreeSet<EnabledRegion>,
        own: Option<&RegionName>,
    ) -> Self {
        let enabled: BTreeMap<RegionName, bool> = enabled
            .iter()
            .map(|one| (one.name.clone(), one.is_opt_in))
            .collect();
        let wanted: Vec<&RegionName> = if wanted.is_empty() {
            enabled.keys().collect()
        } else {
            wanted.iter().collect()
        };
        let (open, closed): (Vec<&RegionName>, Vec<&RegionName>) = wanted
            .into_iter()
            .partition(|one| enabled.contains_key(*one));
        // The Region that a stack set is managed from acts as well.
        let acting = open.iter().copied().chain(own);
        let opt_in = acting.filter(|one| enabled.get(*one) == Some(&true));
        let by_region = opt_in.map(|one| format!("cloudformation.{one}.amazonaws.com"));
        Self {
            principals: std::iter::once(STACK_SETS.to_owned())
                .chain(by_region)
                .collect(),
            regions: open.into_iter().cloned().collect(),
            skipped: closed.into_iter().cloned().collect(),
        }
    }

    pub(super) fn done(&self, id: PhysicalId) -> Result<Done, Failure> {
        if self.regions.is_empty() {
            let regions = joined(&self.skipped, ", ");
            return Err(Failure::new(format!(
                "ResourceProperties.Regions: none of {regions} is enabled for the account; enable \
                 one or name others"
            )));
        }
        let skipped: Vec<String> = self
            .skipped
            .iter()
            .map(|one| format!("{one}: not enabled for the account"))
            .collect();
        let skipped = if skipped.is_empty() {
            // An output of the stack cannot be empty.
            "none".to_owned()
        } else {
            skipped.join("; ")
        };
        Ok(Done::new(id)
            .with("Regions", joined(&self.regions, ","))
            .with("StackSetPrincipals", joined(&self.principals, ","))
            .with("SkippedRegions", skipped))
    }
}

fn joined<T: ToString>(all: impl IntoIterator<Item = T>, by: &str) -> String {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    all.join(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled() -> BTreeSet<EnabledRegion> {
        [
            ("eu-west-1", false),
            ("us-east-1", false),
            ("ap-east-1", true),
        ]
        .map(|(name, is_opt_in)| EnabledRegion {
            name: name.parse().unwrap(),
            is_opt_in,
        })
        .into()
    }

    fn attributes(wanted: &[&str], own: &str) -> Result<Vec<String>, String> {
        let wanted: Vec<RegionName> = wanted.iter().map(|name| name.parse().unwrap()).collect();
        let found = Found::of(&wanted, &enabled(), own.parse().ok().as_ref());
        let done = found.done("id".parse().unwrap());
        let done = done.map_err(|failure| failure.to_string())?;
        let attributes = done.attributes();
        Ok(["Regions", "StackSetPrincipals", "SkippedRegions"]
            .map(|name| attributes[name].to_owned())
            .into())
    }

    #[test]
    fn without_a_choice_it_is_every_enabled_region() {
        assert_eq!(
            attributes(&[], "eu-west-1").unwrap(),
            [
                "ap-east-1,eu-west-1,us-east-1",
                "cloudformation.amazonaws.com,cloudformation.ap-east-1.amazonaws.com",
                "none"
            ]
        );
    }

    #[test]
    fn what_is_chosen_and_not_enabled_is_skipped_with_the_reason() {
        assert_eq!(
            attributes(&["us-east-1", "me-south-1"], "eu-west-1").unwrap(),
            [
                "us-east-1",
                "cloudformation.amazonaws.com",
                "me-south-1: not enabled for the account"
            ]
        );
        let reason = attributes(&["me-south-1"], "eu-west-1").unwrap_err();
        assert!(
            reason.starts_with("ResourceProperties.Regions: none of me-south-1"),
            "{reason}"
        );
    }

    #[test]
    fn the_stacks_own_region_acts_by_its_own_name_where_it_has_one() {
        let principals = &attributes(&["us-east-1"], "ap-east-1").unwrap()[1];
        assert_eq!(
            principals,
            "cloudformation.amazonaws.com,cloudformation.ap-east-1.amazonaws.com"
        );
    }
}
