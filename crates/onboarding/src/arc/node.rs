//! Instances as Systems Manager knows them.

use super::platform::Platform;

/// Whether the agent is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ping {
    /// It is.
    Online,
    /// It was, and not lately.
    Lost,
}

/// An instance that has registered with Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedNode {
    /// Its agent.
    pub ping: Ping,
    /// What it runs, as the agent says.
    pub platform: Platform,
}
