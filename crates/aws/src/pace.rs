//! Keeps calls within what a service takes, so that it need not refuse any.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A token bucket: so many at once, and so many a second from then on.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    /// How far ahead of its time a call may come.
    lead: Duration,
    /// When the next call would come if all came evenly.
    due: Mutex<Option<Instant>>,
}

impl Pace {
    /// A full bucket.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self {
            interval,
            lead: interval * burst.saturating_sub(1),
            due: Mutex::new(None),
        }
    }

    /// Waits until another call may be made.
    pub(crate) async fn turn(&self) {
        sleep_until(self.reserve()).await;
    }

    /// Notes that the service has no more to give: others take from its bucket as well.
    pub(crate) fn empty(&self) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let emptied = Instant::now() + self.lead + self.interval;
        *due = Some(due.map_or(emptied, |due| due.max(emptied)));
    }

    fn reserve(&self) -> Instant {
        let now = Instant::now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let at = due.map_or(now, |due| due.max(now));
        *due = Some(at + self.interval);
        // An `Instant` cannot go back before the machine's start.
        at.checked_sub(self.lead)
            .map_or(now, |early| early.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn taken(pace: &Pace, turns: u32) -> Duration {
        let started = Instant::now();
        for _ in 0..turns {
            pace.turn().await;
        }
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_comes_at_once_and_the_rest_evenly() {
        let pace = Pace::new(8, 12);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(taken(&pace, 12).await, Duration::ZERO);
        // The clock of tokio counts in whole milliseconds.
        let rest = taken(&pace, 80).await.as_millis();
        assert!((10_000..10_002).contains(&rest), "{rest}");
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(taken(&pace, 12).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_bucket_has_to_fill_again() {
        let pace = Pace::new(2, 4);
        tokio::time::advance(Duration::from_hours(1)).await;
        pace.empty();
        let first = taken(&pace, 1).await.as_millis();
        assert!((500..502).contains(&first), "{first}");
        pace.empty();
        pace.empty();
        assert!(taken(&pace, 1).await < Duration::from_secs(1));
    }
}
