//! Why we do not write.

use crate::{AccountId, SubscriptionId};

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
