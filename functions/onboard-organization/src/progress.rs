//! What a run has come to so far, for an answer that can wait no longer.

use std::collections::BTreeSet;

use onboarding::AccountId;
use onboarding::arc::RunId;
use onboarding::organization::{Action, Intent, Membership, RunCounts, RunOutcome, SeenConnector};
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::connectors::SeenConnectors;
use crate::error::OrganizationError;
use crate::outcome::Outcome;
use crate::run::Entry;
use crate::wanted_connectors::api_version;

/// Counts the connectors that are there by now. What failed is known in the end only.
pub async fn progress<C: SeenConnectors>(
    cloud: &Cloud<C>,
    id: &RunId,
    deadline: Instant,
) -> Result<Outcome, OrganizationError> {
    let bucket = cloud.bucket(deadline);
    let report_uri = bucket.report_uri(id);
    let mut counts = RunCounts::default();
    if let Some(run) = bucket.run(id).await? {
        let state = bucket.wanted(id).await?.unwrap_or_default();
        let ours = &cloud.settings().deployment;
        let version = api_version(&state);
        let connected = cloud.connectors().read(version, deadline, |one| {
            let seen = SeenConnector::of(one, ours, |_| None)?;
            // Those of Defender are never ours to take out.
            let by_defender =
                seen.membership == Membership::Member && run.intent != Intent::Offboard;
            (seen.is_ours || by_defender).then_some(seen.account)
        });
        let (entries, skipped, connected) =
            tokio::try_join!(bucket.entries(id), bucket.skipped(id), connected)?;
        counts = count(run.intent, &entries, &connected.into_iter().collect());
        counts.accounts_skipped = skipped.len();
    }
    Ok(Outcome {
        run: RunOutcome {
            counts,
            report_uri,
            done: false,
        },
        common_fault: None,
    })
}

fn count(intent: Intent, entries: &[Entry], connected: &BTreeSet<AccountId>) -> RunCounts {
    let mut counts = RunCounts::default();
    for entry in entries {
        let has_connector = connected.contains(&entry.item.account_id);
        let stays = entry.item.action == Action::Onboard;
        counts.accounts_in_scope += usize::from(stays == (intent != Intent::Offboard));
        counts.accounts_connected += usize::from(stays && has_connector);
        counts.accounts_offboarded += usize::from(!stays && !has_connector);
    }
    counts
}

#[cfg(test)]
mod tests {
    use onboarding::organization::{Item, Shown};

    use super::*;
    use crate::run::Arc;

    fn entry(account: u64, action: Action) -> Entry {
        Entry {
            item: Item {
                account_id: format!("{account:012}").parse().unwrap(),
                action,
                connectors: Vec::new(),
                as_wanted: false,
                name: Shown::default(),
            },
            arc: Arc::None,
            not_before_epoch_seconds: None,
        }
    }

    #[test]
    fn what_has_a_connector_is_in_and_what_has_none_is_out() {
        let connected = [1, 2, 11]
            .map(|n| format!("{n:012}").parse().unwrap())
            .into();
        let mut entries: Vec<Entry> = (1..=3).map(|n| entry(n, Action::Onboard)).collect();
        entries.extend((11..=14).map(|n| entry(n, Action::Offboard)));
        let counts = count(Intent::Onboard, &entries, &connected);
        assert_eq!(
            (counts.accounts_in_scope, counts.accounts_connected),
            (3, 2)
        );
        assert_eq!(counts.accounts_offboarded, 3);
        let counts = count(Intent::Offboard, &entries, &connected);
        assert_eq!(
            (counts.accounts_in_scope, counts.accounts_offboarded),
            (4, 3)
        );
    }
}
