//! The time and place of one invocation.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// One invocation of the function: when Lambda ends it, and where its log is.
#[derive(Debug, Clone)]
pub struct Invocation {
    ends_at: Instant,
    margin: Duration,
    log_stream: Option<String>,
}

impl Invocation {
    /// How long before the end work is broken off, so that the answer still gets through.
    pub const DEFAULT_MARGIN: Duration = Duration::from_secs(7);
    /// What the last attempt to answer leaves for the function's own way out.
    const WAY_OUT: Duration = Duration::from_millis(500);

    /// An invocation that ends at an instant.
    pub fn ending_at(ends_at: Instant) -> Self {
        Self {
            ends_at,
            margin: Self::DEFAULT_MARGIN,
            log_stream: None,
        }
    }

    /// An invocation with the deadline that Lambda gives, in milliseconds since 1970.
    pub fn ending_at_epoch_milliseconds(deadline: u64) -> Self {
        let deadline = Duration::from_millis(deadline);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self::ending_at(Instant::now() + deadline.saturating_sub(now))
    }

    /// Changes how long before the end work is broken off.
    #[must_use]
    pub fn with_margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// Names the log stream, which each failure's reason then points to.
    #[must_use]
    pub fn with_log_stream(mut self, log_stream: impl Into<String>) -> Self {
        self.log_stream = Some(log_stream.into()).filter(|name| !name.is_empty());
        self
    }

    /// The name of the log stream, if it is known.
    pub fn log_stream(&self) -> Option<&str> {
        self.log_stream.as_deref()
    }

    /// When work is broken off. With less time left than twice the margin, the answer gets half.
    pub fn work_until(&self) -> Instant {
        let left = self.ends_at.saturating_duration_since(Instant::now());
        self.ends_at
            .checked_sub(self.margin.min(left / 2))
            .unwrap_or(self.ends_at)
    }

    /// Until when the answer may be sent again.
    pub fn answer_until(&self) -> Instant {
        self.ends_at
            .checked_sub(Self::WAY_OUT)
            .unwrap_or(self.ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_ends_a_margin_before_the_function_does() {
        let now = Instant::now();
        let long = Invocation::ending_at(now + Duration::from_mins(5));
        assert_eq!(long.work_until() - now, Duration::from_secs(293));
        assert_eq!(long.answer_until() - now, Duration::from_millis(299_500));
        assert_eq!(
            long.with_margin(Duration::from_secs(20)).work_until() - now,
            Duration::from_secs(280)
        );
        let short = Invocation::ending_at(now + Duration::from_secs(6));
        assert_eq!(short.work_until() - now, Duration::from_secs(3));
    }

    #[tokio::test]
    async fn lambdas_deadline_is_read_from_the_clock_it_was_written_with() {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_mins(1);
        let milliseconds = u64::try_from(now.as_millis()).unwrap();
        let left = Invocation::ending_at_epoch_milliseconds(milliseconds).ends_at - Instant::now();
        assert!(
            left > Duration::from_secs(58) && left <= Duration::from_mins(1),
            "{left:?}"
        );
        let past = Invocation::ending_at_epoch_milliseconds(5);
        assert!(past.ends_at <= Instant::now());
    }
}
