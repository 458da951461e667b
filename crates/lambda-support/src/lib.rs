//! What every function of the application starts with: its settings, logging, metrics, the AWS
//! SDK's configuration and one HTTP client.
//!
//! [`start()`] never fails. What is wrong with the environment is kept in the [`Boot`] and comes out
//! where it is asked for, so that a function with a wrong setting still runs, and answers the
//! request that woke it with the reason.

pub mod aws;
pub mod environment;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod settings;
mod start;

pub use environment::Environment;
pub use settings::{ReplySettings, Settings};
pub use start::{Boot, StartError, start};
