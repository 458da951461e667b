//! The templates, what is handed to them, and what they promise the functions.
//!
//! Nothing is deployed here. `template.yaml` is read as SAM transforms it, because cfn-lint sees neither
//! a cycle nor a missing order among the resources that SAM adds. The transform comes with the local
//! cloud's Python, which `cargo xtask test` sets up.

mod azure_scripts;
mod defender;
mod deployment_order;
mod document;
mod events;
mod functions;
mod parameters;
mod permissions;
