//! ARM's token buckets: per subscription, principal and kind of operation.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::Method;
use tokio::time::Instant;

use super::setup::ThrottleSetup;

/// What a request counts as.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Kind {
    Reads,
    Writes,
    Deletes,
}

impl Kind {
    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Reads,
            Method::DELETE => Self::Deletes,
            _ => Self::Writes,
        }
    }

    /// The last word of the pacing header and of the counters.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Deletes => "deletes",
        }
    }
}

/// All buckets of a subscription.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: HashMap<(String, Kind), Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    refilled: Instant,
    /// When a refused caller may come back and how long it was told to wait, by path.
    waiting: HashMap<String, (Instant, Duration)>,
}

impl Throttle {
    /// Takes a token: `Ok` is how many are left, `Err` how long to stay away.
    pub(crate) fn take(
        &mut self,
        setup: ThrottleSetup,
        principal: &str,
        kind: Kind,
        path: &str,
    ) -> Result<u64, Duration> {
        let (rate, burst) = match kind {
            Kind::Reads => (setup.reads_per_second, setup.read_burst),
            Kind::Writes => (setup.writes_per_second, setup.write_burst),
            Kind::Deletes => (setup.deletes_per_second, setup.delete_burst),
        };
        let now = Instant::now();
        self.buckets
            .entry((principal.to_owned(), kind))
            .or_insert_with(|| Bucket::full(burst, now))
            .take(rate, f64::from(burst), path, now)
    }
}

impl Bucket {
    fn full(burst: u32, now: Instant) -> Self {
        Self {
            tokens: f64::from(burst),
            refilled: now,
            waiting: HashMap::new(),
        }
    }

    fn take(&mut self, rate: f64, burst: f64, path: &str, now: Instant) -> Result<u64, Duration> {
        let elapsed = now.duration_since(self.refilled).as_secs_f64();
        self.tokens = elapsed.mul_add(rate, self.tokens).min(burst);
        self.refilled = now;
        let early = self
            .waiting
            .get(path)
            .filter(|(until, _)| now < *until)
            .map(|(_, told)| *told);
        if early.is_none() && self.tokens >= 1.0 {
            self.tokens -= 1.0;
            self.waiting.remove(path);
            return Ok(whole(self.tokens));
        }
        // Whoever comes back early waits the whole time anew. Counted by path, so that callers
        // with different connectors cannot keep each other out for ever.
        let refill = whole_seconds((1.0 - self.tokens).max(0.0) / rate);
        let wait = early.map_or(refill, |told| told.max(refill));
        self.waiting.insert(path.to_owned(), (now + wait, wait));
        Err(wait)
    }
}

/// A count of whole tokens, without a cast that could wrap.
fn whole(tokens: f64) -> u64 {
    Duration::from_secs_f64(tokens.max(0.0)).as_secs()
}

/// `Retry-After` knows whole seconds only, and no service says 0. An hour stands for "no refill".
fn whole_seconds(seconds: f64) -> Duration {
    let bounded = if seconds.is_finite() {
        seconds.clamp(1.0, 3600.0)
    } else {
        3600.0
    };
    Duration::from_secs(Duration::from_secs_f64(bounded.ceil()).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_DEEP: ThrottleSetup = ThrottleSetup {
        reads_per_second: 25.0,
        read_burst: 250,
        writes_per_second: 0.25,
        write_burst: 2,
        deletes_per_second: 10.0,
        delete_burst: 200,
    };

    fn write(throttle: &mut Throttle, path: &str) -> Result<u64, Duration> {
        throttle.take(TWO_DEEP, "client", Kind::Writes, path)
    }

    #[tokio::test(start_paused = true)]
    async fn the_bucket_empties_and_refills() {
        let mut throttle = Throttle::default();
        assert_eq!(write(&mut throttle, "a"), Ok(1));
        assert_eq!(write(&mut throttle, "a"), Ok(0));
        assert_eq!(write(&mut throttle, "a"), Err(Duration::from_secs(4)));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(write(&mut throttle, "a"), Ok(0));
    }

    #[tokio::test(start_paused = true)]
    async fn coming_early_restarts_the_wait() {
        let mut throttle = Throttle::default();
        assert!(write(&mut throttle, "a").is_ok());
        assert!(write(&mut throttle, "a").is_ok());
        assert_eq!(write(&mut throttle, "a"), Err(Duration::from_secs(4)));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(write(&mut throttle, "a"), Err(Duration::from_secs(4)));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(
            write(&mut throttle, "a").is_err(),
            "a token is there, the wait is not over"
        );
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(write(&mut throttle, "a").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn principals_and_kinds_have_buckets_of_their_own() {
        let mut throttle = Throttle::default();
        assert!(write(&mut throttle, "a").is_ok());
        assert!(write(&mut throttle, "a").is_ok());
        assert!(write(&mut throttle, "a").is_err());
        assert!(throttle.take(TWO_DEEP, "other", Kind::Writes, "a").is_ok());
        assert!(throttle.take(TWO_DEEP, "client", Kind::Reads, "a").is_ok());
    }
}
