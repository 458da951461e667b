//! EC2, as far as Arc auto-provisioning needs it: which Regions an account has enabled, and its
//! instances. Reads only.
//!
//! A crate of its own, as the SDK's EC2 compiles for minutes and nothing else should wait for it.

mod instances;
mod regions;

pub use instances::Ec2Instances;
pub use regions::EnabledRegions;
