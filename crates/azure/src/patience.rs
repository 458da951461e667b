//! How long each kind of setback is waited out.

use std::time::Duration;

/// How long each kind of setback is waited out. The call's deadline bounds all of them, and being
/// throttled is bounded by it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// Entra does not know the federated credential: a new one takes a while to reach every
    /// replica. A wrong issuer or subject looks the same, so this is also how long a mistake takes.
    pub federation: Duration,
    /// The identity lacks a right: a new role assignment takes a while to reach every replica.
    pub authorization: Duration,
    /// No connection, no answer in time, or a 5xx.
    pub unavailable: Duration,
    /// Another operation on the same resource is under way.
    pub busy: Duration,
    /// The first wait where the service names none; each further one is twice as long.
    pub first_wait: Duration,
    /// The first wait for something to replicate.
    pub first_replication_wait: Duration,
    /// The longest wait that we choose ourselves.
    pub longest_wait: Duration,
    /// The pause between two looks at a long-running operation, where the service names none.
    pub poll: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            federation: Duration::from_mins(1),
            authorization: Duration::from_secs(30),
            unavailable: Duration::from_mins(2),
            busy: Duration::from_mins(1),
            first_wait: Duration::from_secs(1),
            first_replication_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(30),
            poll: Duration::from_secs(5),
        }
    }
}
