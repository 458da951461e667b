//! Where accounts are, found by going down from the wanted units: for answers that do not tell it
//! with the account.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::AccountId;
use onboarding::organization::{OuPath, TargetId};

use super::OrganizationDirectory;
use super::lists::{AccountsBelow, UnitsBelow};
use crate::failure::Failure;
use crate::pages::walk;

impl OrganizationDirectory {
    /// The way to every account that is below one of the wanted roots or units, from that one on.
    /// An account that is not among them is below none.
    pub(super) async fn ways_below(
        &self,
        wanted: &BTreeSet<TargetId>,
    ) -> Result<BTreeMap<AccountId, Vec<OuPath>>, Failure> {
        let mut found: BTreeMap<AccountId, Vec<OuPath>> = BTreeMap::new();
        let mut open: Vec<Vec<TargetId>> = wanted.iter().map(|top| vec![top.clone()]).collect();
        while let Some(way) = open.pop() {
            let Some(here) = way.last() else {
                continue;
            };
            let accounts = AccountsBelow {
                directory: self,
                parent_id: here.as_str(),
            };
            walk(&accounts, &mut |account| {
                if let Some(id) = account.id().and_then(|id| id.parse().ok()) {
                    found.entry(id).or_default().push(OuPath::new(way.clone()));
                }
            })
            .await?;
            let units = UnitsBelow {
                directory: self,
                parent_id: here.as_str(),
            };
            walk(&units, &mut |unit| {
                let id: Option<TargetId> = unit.id().and_then(|id| id.parse().ok());
                // A unit cannot be below itself, unless it was moved in between.
                if let Some(id) = id.filter(|id| !way.contains(id)) {
                    open.push(way.iter().cloned().chain([id]).collect());
                }
            })
            .await?;
        }
        Ok(found)
    }
}
