//! Why we do not write.

use crate::{AccountId, Connector, Deployment, SubscriptionId};

/// Why nothing may be written. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The provider cannot take connectors at all.
    #[error(
        "Azure subscription {0} is not registered for Microsoft.Security: run 'az provider register --namespace Microsoft.Security --subscription {0}', wait until its state is Registered, and deploy again"
    )]
    NotRegistered(SubscriptionId),
    /// The location takes no connectors.
    #[error(
        "Location: Microsoft.Security offers no security connectors in '{wanted}'; set AzureLocation to one of: {offered}"
    )]
    LocationNotOffered {
        /// What was asked for.
        wanted: String,
        /// What there is.
        offered: String,
    },
    /// Another connector connects this account.
    #[error(
        "AWS account {account} already has a security connector that this deployment does not own: {connectors}. Microsoft Defender for Cloud takes one connector an account. Set AdoptExisting=true to take it over until this stack is deleted (it is restored then), or delete it first"
    )]
    ForeignConnector {
        /// The account.
        account: AccountId,
        /// Their ids.
        connectors: String,
    },
    /// More than one could be adopted.
    #[error(
        "AWS account {account} has {count} security connectors that this deployment does not own: {connectors}. Delete all but one; only one can be adopted"
    )]
    AmbiguousAdoption {
        /// The account.
        account: AccountId,
        /// How many.
        count: usize,
        /// Their ids.
        connectors: String,
    },
    /// A classic connector connects this account.
    #[error(
        "AWS account {account} still has the classic connector '{name}' (Microsoft.Security/connectors): delete it in the Azure portal (Defender for Cloud, Environment settings, classic cloud connectors), then deploy again"
    )]
    ClassicConnector {
        /// The account.
        account: AccountId,
        /// Its name.
        name: String,
    },
    /// Defender made a connector for the account itself.
    #[error(
        "AWS account {account} has the security connector {connector}, which Microsoft Defender for Cloud made itself because it registers the members of the account's organization. Such a connector is neither edited nor taken over: leave the account to Defender (MemberRegistration=Discovery), or exclude it in the organization's connector first"
    )]
    MemberConnector {
        /// The account.
        account: AccountId,
        /// Its id.
        connector: String,
    },
    /// Defender registers the organization's members itself.
    #[error(
        "security connector {connector} stands for a whole organization, so Microsoft Defender for Cloud registers its members itself, and they would be registered twice. {}",
        stay_or_change(*.whose)
    )]
    OrganizationConnector {
        /// Its id.
        connector: String,
        /// Whose it is.
        whose: OrganizationConnectorOf,
    },
    /// We have registered accounts one by one.
    #[error(
        "MemberRegistration=Discovery: this deployment has made {} itself: {connectors}. Microsoft Defender for Cloud would register these accounts once more. Set MemberRegistration=Direct to keep it so, or MigrateMemberRegistration=true to have them replaced",
        counted(*.count)
    )]
    StandaloneConnectors {
        /// How many.
        count: usize,
        /// The first of them.
        connectors: String,
    },
    /// The name is taken by a connector of something else.
    #[error(
        "the name of security connector {id} is taken: it connects {environment} '{hierarchy_identifier}'. Set ConnectorName to another name"
    )]
    NameTaken {
        /// The wanted id.
        id: String,
        /// What the other one connects.
        environment: String,
        /// Which one of these.
        hierarchy_identifier: String,
    },
    /// A connector cannot move.
    #[error(
        "Location: security connector {id} is in '{seen}' and cannot move to '{wanted}'. Set AzureLocation back to '{seen}', or set ConnectorName to a new name to have it replaced"
    )]
    LocationChange {
        /// Its id.
        id: String,
        /// Where it is.
        seen: String,
        /// Where it should go.
        wanted: String,
    },
}

/// Whose a connector is that stands for an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationConnectorOf {
    /// This deployment made it.
    Ours,
    /// This deployment has taken it over.
    Adopted,
    /// Somebody else's.
    Others,
}

impl OrganizationConnectorOf {
    /// Whose a connector is.
    pub fn seen(connector: &Connector, ours: &Deployment) -> Self {
        match (connector.is_owned_by(ours), connector.is_adopted()) {
            (false, _) => Self::Others,
            (true, true) => Self::Adopted,
            (true, false) => Self::Ours,
        }
    }
}

fn stay_or_change(whose: OrganizationConnectorOf) -> &'static str {
    match whose {
        OrganizationConnectorOf::Ours => {
            "Set MemberRegistration=Discovery to keep it so, or MigrateMemberRegistration=true to \
             have it replaced; its members' connectors go with it"
        }
        OrganizationConnectorOf::Adopted => {
            "Set MemberRegistration=Discovery to keep it so. This stack has taken it over and never \
             deletes it: to change to MemberRegistration=Direct, delete it in Azure first; its \
             members' connectors go with it"
        }
        OrganizationConnectorOf::Others => {
            "Set MemberRegistration=Discovery, with AdoptExisting=true to take it over until this \
             stack is deleted, or delete it first; its members' connectors go with it"
        }
    }
}

fn counted(connectors: usize) -> String {
    match connectors {
        1 => "a security connector".to_owned(),
        many => format!("{many} security connectors"),
    }
}
