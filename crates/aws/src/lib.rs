//! Amazon Web Services, as far as onboarding an account needs it: a session in that account, its
//! identity provider and roles, the proof of identity for Azure, and the former bodies of adopted
//! connectors.
//!
//! The SDK is the one layer that retries. Only a refused `sts:AssumeRole` is tried again here,
//! since a role that was made seconds ago is not known everywhere yet. Every call ends by the
//! deadline of the request that it is made for.

mod call;
mod client_secret;
mod failure;
mod former_connectors;
mod iam;
mod sessions;
mod web_identity;

#[cfg(test)]
mod rig;

pub use client_secret::StoredClientSecret;
pub use former_connectors::{FormerConnectorStore, RunBucket};
pub use iam::{ACCESS_ROLE, AccountAccess, IamIdentity};
pub use sessions::{RoleSessions, SessionName};
pub use web_identity::WebIdentityToken;
