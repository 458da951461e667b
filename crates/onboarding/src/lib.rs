//! The domain of onboarding an AWS account to Microsoft Defender for Cloud.
//!
//! Pure: no I/O, no clock. What the outside can do is named by the traits in [`ports`]; what is
//! wanted is compared with what is seen, and the difference is returned as data.

pub mod account;
pub mod api_version;
pub mod arc;
pub mod arm;
pub mod connector;
pub mod decision;
pub mod deployment;
pub mod diff;
pub mod exclusion_tags;
pub mod inert;
pub mod offering;
pub mod organization;
pub mod physical_id;
pub mod plans;
pub mod ports;
pub mod provider;
pub mod region;
pub mod roles;
pub mod trust;

pub use account::{AccountId, Partition};
pub use api_version::{ApiVersion, ApiVersionSetting};
pub use arm::{ConnectorId, ConnectorName, Location, ResourceGroup, SubscriptionId, TenantId};
pub use connector::{ClassicConnector, Connector, WantedConnector};
pub use deployment::{Deployment, DeploymentId};
pub use exclusion_tags::ExclusionTags;
pub use offering::Offering;
pub use plans::Plans;
pub use ports::{FailureKind, PortError};
pub use region::{EnabledRegion, RegionName};
pub use roles::{RoleArn, RoleKey, RoleName, RoleNames};

/// A value that an id type does not accept. The value itself is not repeated: whoever gave it
/// may be hostile, and the path of the property says where to look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct InvalidValue {
    /// What would have been accepted, as a sentence fragment ("expected 12 digits").
    pub expected: &'static str,
}

/// Implements the string conversions that every id type shares.
macro_rules! string_id {
    ($name:ident) => {
        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}
pub(crate) use string_id;
