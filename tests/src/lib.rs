//! What the tests on the local cloud stand on: an AWS account and an Azure subscription of a
//! test's own, stacks in them, and what can be seen of both clouds.
//!
//! The tests themselves are in `tests/local_cloud/`. They need a local cloud that runs and
//! functions that are built, so `cargo xtask test` runs them, with the feature `local-cloud`.

mod account;
mod api_request;
mod artifacts;
mod azure;
mod defender;
mod emulator;
mod inventory;
mod local_cloud;
mod microsoft;
mod operation;
mod polling;
mod replies;
mod report;
mod sam;
mod scenario;
pub mod secret_scan;
mod stack;
mod tenancy;

pub use account::Account;
pub use api_request::ApiRequest;
pub use azure::Azure;
pub use defender::{DEFENDER_PROVIDER_URL, Provider, Role};
pub use emulator::{Emulator, Reply};
pub use inventory::Inventory;
pub use local_cloud::LocalCloud;
pub use microsoft::{FOREIGN_AUDIENCES, MicrosoftOnboarding};
pub use operation::Outcome;
pub use polling::until;
pub use scenario::on_local_cloud;
pub use stack::Stack;
pub use tenancy::Tenancy;
