//! `Custom::IdentityProvider` and `Custom::SecurityConnector`: what an AWS account needs to be
//! known to Microsoft Defender for Cloud.

mod app;
mod cloud;
pub mod error;
mod identity;
mod identity_provider;
mod properties;
mod registration;
mod release;
mod security_connector;

pub use app::RegisterAccount;
