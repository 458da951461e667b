//! The templates, what is handed to them, and what they promise the functions.
//!
//! Nothing is deployed here. `template.yaml` is read as SAM transforms it, because cfn-lint sees neither
//! a cycle nor a missing order among the resources that SAM adds. The transform comes with the local
//! cloud's Python, which `cargo xtask test` sets up.

mod access_role;
mod alarms;
mod arc_tags;
mod azure_scripts;
mod combinations;
mod connector_plans;
mod defender;
mod defender_access;
mod deployment_order;
mod document;
mod evaluation;
mod events;
mod functions;
mod parameters;
mod permissions;
mod plan_tables;
mod region;
mod roles_made;
mod rules;
mod stack_set;
mod state_machine;
mod statements;
mod trust_policies;
mod wildcards;
