//! What the tests on the local cloud stand on: an AWS account and an Azure subscription of a
//! test's own, stacks in them, and what can be seen of both clouds.
//!
//! The tests themselves are in `tests/local_cloud/`. They need a local cloud that runs and
//! functions that are built, so `cargo xtask test` runs them, with the feature `local-cloud`.

mod account;
mod api_request;
mod arc_machines;
mod artifacts;
mod automations;
mod azure;
mod defender;
mod emulator;
mod endpoint;
mod failure_queue;
mod fleet;
mod inventory;
mod local_cloud;
mod microsoft;
mod operation;
mod organization;
mod polling;
mod replies;
mod report;
mod runs;
mod sam;
mod scenario;
pub mod secret_scan;
mod stack;
mod tenancy;

pub use account::Account;
pub use api_request::ApiRequest;
pub use automations::{Automation, TagWrite};
pub use azure::Azure;
pub use defender::{DEFENDER_PROVIDER_URL, Provider, Role};
pub use emulator::{Emulator, Reply};
pub use failure_queue::Failure;
pub use fleet::{Fleet, Instance, NewInstance, REGIONS, Tags};
pub use inventory::Inventory;
pub use local_cloud::LocalCloud;
pub use microsoft::{FOREIGN_AUDIENCES, MicrosoftOnboarding};
pub use operation::Outcome;
pub use organization::{Organization, OrganizationRun, StackInstance, entry_of, skipped_of};
pub use polling::until;
pub use runs::{Run, instance_of, region_of};
pub use scenario::{on_local_cloud, on_organization};
pub use stack::Stack;
pub use tenancy::Tenancy;
