//! The whole application on the local cloud: real templates, real `sam`, the real binaries of the
//! functions, each test in an AWS account and an Azure subscription of its own.

mod adoption;
mod arc_answers;
mod arc_events;
mod arc_faults;
mod arc_hosts;
mod arc_lifecycle;
mod arc_machines;
mod arc_refusals;
mod arc_requests;
mod arc_rights;
mod arc_sweeps;
mod arc_updates;
mod attributes;
mod azure_faults;
mod azure_settings;
mod client_secret;
mod delete_denied;
mod existing_fleet;
mod gone;
mod killed;
mod lifecycle;
mod microsoft_sdk;
mod never_ran;
mod plan_roles;
mod plans;
mod properties;
mod refusals;
mod replacement;
mod rollback;
mod secrets;
mod shared_provider;
mod small_stack;
