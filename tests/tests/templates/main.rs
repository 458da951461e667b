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
mod dependencies;
mod deployment_order;
mod document;
mod evaluation;
mod events;
mod functions;
mod machine_engine;
mod machine_role;
mod machine_shape;
mod member_stack_sets;
mod onboard_role;
mod organization_events;
mod organization_member;
mod organization_run;
mod parameters;
mod permissions;
mod plan_tables;
mod region;
mod roles_made;
mod rules;
mod scopes;
mod stack_set;
mod state_machine;
mod statements;
mod trust_policies;
mod wanted_state;
mod wildcards;
