//! `Custom::IdentityProvider` and `Custom::SecurityConnector`: what an AWS account needs to be
//! known to Microsoft Defender for Cloud; and the same for the accounts of an organization, one by one,
//! for a run over them.

mod app;
mod cloud;
mod command;
pub mod error;
mod identity;
mod identity_provider;
mod member;
mod outcome;
mod registration;
mod release;
mod run;
mod security_connector;
mod step;

pub use app::RegisterAccount;
