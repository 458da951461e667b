//! Amazon Web Services, as far as onboarding an account needs it: a session in that account, its
//! identity provider and roles, Systems Manager in each of its Regions, the proof of identity for
//! Azure, and in the stack's own account the run bucket, state machines, parameters, the
//! organization and the stack sets that reach its members.
//!
//! The SDK is the one layer that retries, but for two things. A refused `sts:AssumeRole` is tried
//! again here, since a role that was made seconds ago is not known everywhere yet; and so is a
//! page of a list that stays throttled, since the pages before it would have to be read again.
//! Every call ends by the deadline of the request that it is made for.

mod account_session;
mod call;
mod client_secret;
mod failure;
mod former_connectors;
mod iam;
mod organizations;
mod own_regions;
mod pace;
mod pages;
mod parameter;
mod run_bucket;
mod sessions;
mod stack_sets;
mod state_machine;
mod systems_manager;
mod web_identity;

#[cfg(test)]
mod rig;

pub use account_session::{ACCESS_ROLE, AccountAccess, AccountSession, Assumption};
pub use call::Call;
pub use client_secret::StoredClientSecret;
pub use failure::Failure;
pub use former_connectors::FormerConnectorStore;
pub use iam::{IamIdentity, InstanceProfiles};
pub use organizations::{OrganizationDirectory, Organizations};
pub use own_regions::OwnRegions;
pub use parameter::StoredParameter;
pub use run_bucket::{Leaving, RunBucket, RunObjects};
pub use sessions::{RoleSessions, SessionName};
pub use stack_sets::{StackSetInstances, StackSets};
pub use state_machine::{StateMachineArn, StateMachines};
pub use systems_manager::SystemsManager;
pub use web_identity::WebIdentityToken;
