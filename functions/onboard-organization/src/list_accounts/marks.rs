//! Who is marked as being taken out.

use std::collections::BTreeSet;

use onboarding::organization::{Action, Intent, Plan};
use onboarding::{AccountId, PortError};

use super::look::Seen;
use super::task::Work;
use crate::bucket::Bucket;
use crate::run::Entry;

/// Who is to be taken out and is not marked yet. Where everything goes, one mark stands for all.
pub(super) fn missing(
    intent: Intent,
    plan: &Plan,
    marked: &BTreeSet<AccountId>,
) -> BTreeSet<AccountId> {
    if intent == Intent::Offboard {
        return BTreeSet::new();
    }
    let leave = plan
        .items
        .iter()
        .filter(|item| item.action != Action::Onboard);
    let leave = leave.map(|item| &item.account_id);
    leave
        .filter(|account| !marked.contains(*account))
        .cloned()
        .collect()
}

/// Takes the mark away from whoever is to be put in; and from whoever left the organization and has
/// no connector any more, since nothing will ever be found there again.
pub(super) async fn take_away(
    bucket: &Bucket,
    work: &Work,
    entries: &[Entry],
    seen: &Seen,
) -> Result<(), PortError> {
    let stay = entries
        .iter()
        .filter(|entry| entry.item.action == Action::Onboard);
    let stay = stay.map(|entry| &entry.item.account_id);
    bucket
        .mark(stay.filter(|account| seen.marked.contains(*account)), false)
        .await?;
    if work.only.is_some() {
        return Ok(());
    }
    let members = seen.accounts.iter().map(|account| &account.id);
    let connected = seen.connectors.iter().map(|connector| &connector.account);
    let known: BTreeSet<&AccountId> = members.chain(connected).collect();
    let gone = seen.marked.iter().filter(|marked| !known.contains(marked));
    bucket.mark(gone, false).await
}
