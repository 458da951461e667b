//! `Custom::ArcAutoProvisioning` and the steps of a run: the four tags on every EC2 instance of an
//! account, written by runbooks of Systems Manager, and how ready each instance is for Azure Arc.

mod answer;
mod app;
mod arc_regions;
mod arc_tags;
mod bucket;
mod cloud;
mod command;
pub mod error;
mod hand_over;
pub mod properties;
mod provision;
mod result;
#[cfg(test)]
mod simulation;
mod wanted;

pub use app::ProvisionArc;
