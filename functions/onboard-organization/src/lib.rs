//! `Custom::DeploymentScope`, `Custom::OrganizationNarrowing`, `Custom::OrganizationOnboarding`, the
//! steps of a run over an organization, and the events that follow its accounts as they come and
//! go.

mod answer;
mod app;
mod bucket;
mod cloud;
mod command;
mod connectors;
mod deployment_scope;
pub mod error;
mod hand_over;
mod list_accounts;
mod narrowing;
mod organization_narrowing;
mod organization_onboarding;
mod outcome;
mod progress;
pub mod properties;
mod queue;
mod repair;
mod report;
mod run;
#[cfg(test)]
mod simulation;
mod subscription;
mod wanted_connectors;
#[cfg(test)]
mod world;

pub use app::OnboardOrganization;
