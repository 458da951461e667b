//! Which connector to write, and whether we may.

use crate::deployment::{ADOPTED, DEPLOYMENT_ID, MANAGED_BY, tag};
use crate::diff::{Difference, differences};
use crate::inert;
use crate::ports::ServiceOffer;

use crate::{AccountId, ClassicConnector, Connector, Deployment, WantedConnector};

mod organization;
mod refusal;

pub use refusal::{OrganizationConnectorOf, Refusal};

/// The most characters of a name that others chose, in a reason.
const SHOWN: usize = 120;

fn shown(text: &str) -> String {
    inert::inert(text, SHOWN)
}

/// What brings the account's connector to the wanted state.
#[derive(Debug)]
pub struct Decision {
    /// Connectors of ours for this account that must go before the write: a replacement's old one.
    pub remove_first: Vec<Connector>,
    /// The connector to write. Its id may be that of an adopted connector.
    pub wanted: WantedConnector,
    /// What is there under that id now.
    pub seen: Option<Connector>,
    /// The write.
    pub step: Step,
}

/// The write that is left to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is none.
    Create,
    /// It is another's and we may take it over.
    Adopt,
    /// It is ours and differs.
    Update(Vec<Difference>),
    /// It is ours and as wanted.
    Nothing,
}

/// What may be done about connectors that are there already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether a connector of others may be taken over.
    pub adopt_existing: bool,
    /// The account that manages the organization, where it is another one than the wanted
    /// connector's.
    pub management_account: Option<AccountId>,
    /// Whether a change was asked for of who registers the organization's members: we, or Defender
    /// itself.
    pub migrate_member_registration: bool,
}

/// Everything that was seen of the subscription.
#[derive(Debug)]
pub struct Seen<'a> {
    /// All connectors.
    pub connectors: &'a [Connector],
    /// What matters only where a connector is to be made; see [`needs_readiness`].
    pub readiness: Option<&'a Readiness>,
}

/// Whether the subscription can take a new connector for an account.
#[derive(Debug)]
pub struct Readiness {
    /// What the provider offers.
    pub offer: ServiceOffer,
    /// All classic connectors.
    pub classic: Vec<ClassicConnector>,
}

/// Whether the readiness of the subscription has to be read: not where the account's connector is
/// ours and stays under its id, which saves two reads on every unchanged update.
pub fn needs_readiness(
    wanted: &WantedConnector,
    connectors: &[Connector],
    ours: &Deployment,
) -> bool {
    !connectors.iter().any(|seen| {
        seen.connects(&wanted.account)
            && seen.is_owned_by(ours)
            && (seen.is_adopted() || seen.id == wanted.id)
    })
}

/// Decides what to write for one account.
pub fn decide(
    wanted: &WantedConnector,
    seen: &Seen<'_>,
    ours: &Deployment,
    terms: &Terms,
) -> Result<Decision, Refusal> {
    if let Some(readiness) = seen.readiness {
        check_readiness(wanted, readiness)?;
    }
    organization::check(wanted, seen.connectors, ours, terms)?;
    let (own, foreign): (Vec<&Connector>, Vec<&Connector>) = seen
        .connectors
        .iter()
        .filter(|connector| connector.connects(&wanted.account))
        .partition(|connector| connector.is_owned_by(ours));
    // An adopted connector stays where it is, whatever name is wanted: it is not ours to rename.
    if let Some(adopted) = own.iter().find(|connector| connector.is_adopted()) {
        return Ok(update_adopted(wanted, adopted, &own));
    }
    if own.is_empty() && !foreign.is_empty() {
        return adopt(wanted, &foreign, terms.adopt_existing);
    }
    create_or_update(wanted, seen.connectors, &own, ours)
}

fn check_readiness(wanted: &WantedConnector, readiness: &Readiness) -> Result<(), Refusal> {
    let Readiness { offer, classic } = readiness;
    let account = &wanted.account;
    let connecting = |one: &&ClassicConnector| one.account.as_deref() == Some(account.as_str());
    if let Some(classic) = classic.iter().find(connecting) {
        let name = shown(&classic.name);
        return Err(Refusal::ClassicConnector {
            account: account.clone(),
            name,
        });
    }
    if !offer.registered {
        return Err(Refusal::NotRegistered(wanted.id.subscription.clone()));
    }
    let offered = offer
        .locations
        .iter()
        .any(|location| wanted.location.is(location));
    if offered || offer.locations.is_empty() {
        return Ok(());
    }
    Err(Refusal::LocationNotOffered {
        wanted: wanted.location.to_string(),
        offered: offer
            .locations
            .iter()
            .map(|l| shown(l))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

fn update_adopted(wanted: &WantedConnector, adopted: &Connector, own: &[&Connector]) -> Decision {
    let wanted = in_place_of(wanted, adopted);
    let others = own.iter().filter(|other| other.id != adopted.id);
    Decision {
        remove_first: others.map(|other| (*other).clone()).collect(),
        step: step(&wanted, adopted),
        wanted,
        seen: Some(adopted.clone()),
    }
}

fn adopt(
    wanted: &WantedConnector,
    foreign: &[&Connector],
    adopt_existing: bool,
) -> Result<Decision, Refusal> {
    let connectors = foreign
        .iter()
        .map(|one| named(one))
        .collect::<Vec<_>>()
        .join(", ");
    let account = wanted.account.clone();
    if !adopt_existing {
        return Err(Refusal::ForeignConnector {
            account,
            connectors,
        });
    }
    let [foreign] = foreign else {
        return Err(Refusal::AmbiguousAdoption {
            account,
            count: foreign.len(),
            connectors,
        });
    };
    Ok(Decision {
        remove_first: Vec::new(),
        wanted: in_place_of(wanted, foreign),
        seen: Some((*foreign).clone()),
        step: Step::Adopt,
    })
}

/// A connector's id and, where another deployment of this product owns it, that one's name: then
/// the cure is another `DeploymentId`.
fn named(connector: &Connector) -> String {
    let managed = tag(&connector.tags, MANAGED_BY.0) == Some(MANAGED_BY.1);
    match tag(&connector.tags, DEPLOYMENT_ID).filter(|_| managed) {
        Some(owner) => {
            let owner = shown(owner);
            format!(
                "{} (DeploymentId '{owner}': set DeploymentId to it to make it this stack's)",
                connector.id
            )
        }
        None => connector.id.to_string(),
    }
}

/// The wanted connector, at the id and location of the one that was there before us.
fn in_place_of(wanted: &WantedConnector, existing: &Connector) -> WantedConnector {
    let mut wanted = wanted.clone();
    wanted.id = existing.id.clone();
    if let Ok(location) = existing.location.parse() {
        wanted.location = location;
    }
    wanted.tags.insert(ADOPTED.to_owned(), "true".to_owned());
    wanted
}

fn create_or_update(
    wanted: &WantedConnector,
    all: &[Connector],
    own: &[&Connector],
    ours: &Deployment,
) -> Result<Decision, Refusal> {
    let stays = |own: &Connector| own.id == wanted.id && organization::keeps_kind(wanted, own);
    let mut remove_first: Vec<Connector> = own
        .iter()
        .filter(|own| !stays(own))
        .map(|other| (*other).clone())
        .collect();
    let occupant = all.iter().find(|connector| connector.id == wanted.id);
    let seen = match occupant {
        Some(occupant) if occupant.connects(&wanted.account) && occupant.is_owned_by(ours) => {
            stays(occupant).then(|| occupant.clone())
        }
        // Ours for another account: the account under this name was replaced.
        Some(occupant) if occupant.is_owned_by(ours) && !occupant.is_adopted() => {
            remove_first.push(occupant.clone());
            None
        }
        Some(occupant) => return Err(name_taken(occupant)),
        None => None,
    };
    if let Some(seen) = seen
        .as_ref()
        .filter(|seen| !wanted.location.is(&seen.location))
    {
        return Err(Refusal::LocationChange {
            id: seen.id.to_string(),
            seen: shown(&seen.location),
            wanted: wanted.location.to_string(),
        });
    }
    let step = seen
        .as_ref()
        .map_or(Step::Create, |seen| step(wanted, seen));
    Ok(Decision {
        remove_first,
        wanted: wanted.clone(),
        seen,
        step,
    })
}

fn name_taken(occupant: &Connector) -> Refusal {
    Refusal::NameTaken {
        id: occupant.id.to_string(),
        environment: shown(&occupant.environment),
        hierarchy_identifier: shown(&occupant.hierarchy_identifier),
    }
}

fn step(wanted: &WantedConnector, seen: &Connector) -> Step {
    let differences = differences(wanted, seen);
    if differences.is_empty() {
        Step::Nothing
    } else {
        Step::Update(differences)
    }
}

#[cfg(test)]
mod tests;
