//! The moment by which a call must have ended.

use std::time::Duration;

use tokio::time::Instant;

/// The moment by which a call must have ended, whatever came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// Ends at this moment.
    pub fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// Ends when this much time has passed from now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// The moment itself.
    pub fn moment(self) -> Instant {
        self.0
    }

    /// What is left; zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether something is left after a wait of this length.
    pub fn allows(self, wait: Duration) -> bool {
        self.remaining() > wait
    }
}
