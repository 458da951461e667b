//! The documentation: that it still says what the code says, and that its links lead somewhere.

mod files;
mod links;
mod literals;
mod runbook;
