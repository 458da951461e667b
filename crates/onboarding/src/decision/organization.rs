//! Whether the members of an organization could come to be registered twice: by us one by one, and
//! by Defender itself.

use super::{OrganizationConnectorOf, Refusal, Terms, named};
use crate::{Connector, Deployment, WantedConnector};

/// How many connectors a refusal names.
const NAMED: usize = 3;

/// Refuses what would have both at work.
pub(super) fn check(
    wanted: &WantedConnector,
    connectors: &[Connector],
    ours: &Deployment,
    terms: &Terms,
) -> Result<(), Refusal> {
    check_member(wanted, connectors)?;
    if wanted.organization.is_none() {
        check_direct(wanted, connectors, ours, terms)
    } else {
        check_discovery(connectors, ours, terms)
    }
}

/// Whether the connector can become the wanted one where it is. Between a connector for one account
/// and one for an organization nobody documents a way, so it is made anew.
pub(super) fn keeps_kind(wanted: &WantedConnector, seen: &Connector) -> bool {
    wanted.organization.is_some() == seen.is_organization()
}

/// What Defender made for a member is neither edited nor taken over.
fn check_member(wanted: &WantedConnector, connectors: &[Connector]) -> Result<(), Refusal> {
    let made = |one: &&Connector| one.is_member() && one.connects(&wanted.account);
    match connectors.iter().find(made) {
        None => Ok(()),
        Some(member) => Err(Refusal::MemberConnector {
            account: wanted.account.clone(),
            connector: member.id.to_string(),
        }),
    }
}

fn check_direct(
    wanted: &WantedConnector,
    connectors: &[Connector],
    ours: &Deployment,
    terms: &Terms,
) -> Result<(), Refusal> {
    let managing = terms.management_account.iter().chain([&wanted.account]);
    let managing: Vec<_> = managing.collect();
    let in_the_way = |one: &&Connector| {
        one.is_organization()
            && managing.iter().any(|account| one.connects(account))
            && !(terms.migrate_member_registration && is_replaced(wanted, one, ours))
    };
    match connectors.iter().find(in_the_way) {
        None => Ok(()),
        Some(organization) => Err(Refusal::OrganizationConnector {
            connector: named(organization),
            whose: OrganizationConnectorOf::seen(organization, ours),
        }),
    }
}

/// Whether we may have it go: it is this account's, we made it, and nothing has to be restored.
fn is_replaced(wanted: &WantedConnector, seen: &Connector, ours: &Deployment) -> bool {
    seen.connects(&wanted.account) && seen.is_owned_by(ours) && !seen.is_adopted()
}

/// Also the account's own counts: whoever changes the kind of a connector has asked for it, and so
/// has whoever takes the change back.
fn check_discovery(
    connectors: &[Connector],
    ours: &Deployment,
    terms: &Terms,
) -> Result<(), Refusal> {
    if terms.migrate_member_registration {
        return Ok(());
    }
    let standalone: Vec<&Connector> = connectors
        .iter()
        .filter(|one| one.is_owned_by(ours) && !one.is_organization())
        .collect();
    if standalone.is_empty() {
        return Ok(());
    }
    let mut shown: Vec<String> = standalone
        .iter()
        .take(NAMED)
        .map(|one| one.id.to_string())
        .collect();
    if standalone.len() > NAMED {
        shown.push("…".to_owned());
    }
    Err(Refusal::StandaloneConnectors {
        count: standalone.len(),
        connectors: shown.join(", "),
    })
}
