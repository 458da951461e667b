//! Arc auto-provisioning: the four tags on every EC2 instance of an account, and whether an
//! instance is ready for Defender to install Azure Arc's agent on it.
//!
//! What is wanted (a [`Goal`]) is compared with what EC2 shows, and the difference is what
//! Systems Manager gets to do: [`plan`] says which instances to start a runbook for, given what is
//! under way already. Nothing here writes a tag.

pub mod batch;
pub mod cause;
pub mod execution;
pub mod goal;
pub mod host_management;
pub mod instance;
pub mod machine;
pub mod node;
pub mod plan;
pub mod platform;
pub mod ports;
pub mod readiness;
pub mod record;
pub mod report;
pub mod roles;
pub mod run;
pub mod tags;

pub use batch::{Batch, Busy, LARGEST_BATCH, Lane};
pub use cause::Cause;
pub use execution::{Child, Ending, ExecutionId, Runbook, UnderWay};
pub use goal::{Goal, Observed, Verdict};
pub use instance::{InstanceId, InstanceState, ProfileName, SeenInstance};
pub use node::{ManagedNode, Ping};
pub use plan::{Step, next_step};
pub use record::RegionRecord;
pub use report::{AccountReport, Counts, InstanceReport, RegionOutcome, RegionReport, TagOutcome};
pub use run::RunId;
pub use tags::{TagValue, WantedTags};
