//! What a stack may say about connectors, and what it means. Everything is read before anything is
//! written.
//!
//! Requests of `CloudFormation` and runs over the organization say it in the same words: a run's
//! wanted state holds the properties of a connector, and the account is put in ([`of_account`]).

mod identity_provider;
mod limits;
mod organization;
mod plans;
pub mod raw;
mod role_names;
mod security_connector;
mod tags;
mod wanted;
mod wanted_state;

pub use identity_provider::IdentityProviderProperties;
pub use limits::Limits;
pub use organization::OrganizationProperties;
pub use plans::PlanProperties;
pub use role_names::RoleNameProperties;
pub use security_connector::{ScanIntervalHours, SecurityConnectorProperties};
pub use wanted::Wanted;
pub use wanted_state::{OfAccount, of_account};

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod tests;
