//! Microsoft Azure, as far as onboarding an AWS account needs it: signing in to Microsoft Entra
//! without a stored secret, an Azure Resource Manager client, Defender for Cloud's security
//! connectors, and the tags of Azure Arc machines.
//!
//! Every call takes or carries a [`Deadline`]. One layer retries (this crate's), and whatever ends
//! the retries, the last answer of the service is in the error.

mod advice;
mod answer;
pub mod arc_machines;
pub mod arm;
mod deadline;
mod error;
mod patience;
mod retry;
pub mod security_connectors;
pub mod sign_in;

#[cfg(test)]
mod rig;

pub use arc_machines::HybridMachines;
pub use arm::ArmClient;
pub use deadline::Deadline;
pub use error::{Correlation, Error, Kind};
pub use patience::Patience;
pub use security_connectors::{Dialect, SecurityConnectors, SubPlanForm};
pub use sign_in::{
    ClientAssertion, ClientSecret, ClientSecretCredential, Credential, EntraApplication,
    FederatedCredential, SignIn, TokenSource,
};
