//! The one place that tries again.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::{Deadline, Error, Patience};

pub(crate) mod retry_after;

/// A try that failed, and whether another one makes sense.
#[derive(Debug)]
pub(crate) struct Setback {
    pub(crate) error: Error,
    pub(crate) again: Again,
}

/// Whether and how to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Again {
    /// For how long after the first setback; `None` leaves it to the deadline.
    within: Option<Duration>,
    /// The service's own word on when to come back.
    retry_after: Option<Duration>,
    /// The wait before the second try where the service has no word on it.
    first_wait: Duration,
}

impl Again {
    /// The answer would be the same.
    pub(crate) const NEVER: Self = Self {
        within: Some(Duration::ZERO),
        retry_after: None,
        first_wait: Duration::ZERO,
    };

    /// The service is there but wants to be left alone.
    pub(crate) fn throttled(patience: &Patience, retry_after: Option<Duration>) -> Self {
        Self {
            within: None,
            retry_after,
            first_wait: patience.first_wait,
        }
    }

    /// Something is broken for the moment.
    pub(crate) fn within(
        limit: Duration,
        patience: &Patience,
        retry_after: Option<Duration>,
    ) -> Self {
        Self {
            within: Some(limit),
            retry_after,
            first_wait: patience.first_wait,
        }
    }

    /// What was set up a moment ago may not be everywhere yet.
    pub(crate) fn replicating(limit: Duration, patience: &Patience) -> Self {
        let first_wait = patience.first_replication_wait;
        Self {
            within: Some(limit),
            retry_after: None,
            first_wait,
        }
    }

    /// The wait after this many tries. A wait that the service named is never cut short: coming
    /// early is refused again and counts.
    fn wait(&self, tries: u32, longest: Duration) -> Duration {
        if let Some(named) = self.retry_after.filter(|named| !named.is_zero()) {
            return named
                + named
                    .min(Duration::from_secs(2))
                    .mul_f64(fastrand::f64() / 4.0);
        }
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        let full = self.first_wait.saturating_mul(doubled).min(longest);
        full.mul_f64(0.75 + fastrand::f64() / 4.0)
    }
}

/// Tries until it succeeds, or until trying again makes no sense or would pass the deadline. Then
/// the last answer of the service is the error, even where a later try had none.
pub(crate) async fn until_answered<T, F, A>(
    patience: &Patience,
    deadline: Deadline,
    mut attempt: A,
) -> Result<T, Error>
where
    A: FnMut() -> F,
    F: Future<Output = Result<T, Setback>>,
{
    let started = Instant::now();
    let mut first_setback = None;
    let mut last_answer: Option<Error> = None;
    let mut tries = 0;
    loop {
        tries += 1;
        let Setback { error, again } = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(setback) => setback,
        };
        let wait = again.wait(tries, patience.longest_wait);
        let since = *first_setback.get_or_insert_with(Instant::now);
        let patient = again
            .within
            .is_none_or(|limit| since.elapsed() + wait < limit);
        if again == Again::NEVER && tries == 1 {
            return Err(error);
        }
        if !patient || !deadline.allows(wait) {
            return Err(match last_answer {
                Some(answer) if error.status().is_none() => {
                    answer.after(tries, started.elapsed(), Some(&error))
                }
                _ => error.after(tries, started.elapsed(), None),
            });
        }
        warn!(
            azure.operation = error.operation(),
            azure.path = error.path(),
            http.status = error.status(),
            azure.code = error.code(),
            azure.correlation = ?error.correlation(),
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            tries,
            "trying again: {}",
            error.message()
        );
        if error.status().is_some() {
            last_answer = Some(error);
        }
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests;
