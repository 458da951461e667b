//! A token bucket by tokio's clock.

use std::sync::Mutex;
use std::time::Duration;

use testkit::quotas::Requests;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Tokens {
    quota: Requests,
    state: Mutex<(f64, Instant, usize, usize)>,
}

impl Tokens {
    pub(crate) fn full(quota: Requests) -> Self {
        Self {
            quota,
            state: Mutex::new((f64::from(quota.burst), Instant::now(), 0, 0)),
        }
    }

    /// Takes one; or says how long it takes until there is one.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap();
        let now = Instant::now();
        let passed = (now - state.1).as_secs_f64();
        let tokens = passed.mul_add(self.quota.per_second, state.0);
        state.0 = tokens.min(f64::from(self.quota.burst));
        state.1 = now;
        state.2 += 1;
        if state.0 >= 1.0 {
            state.0 -= 1.0;
            return Ok(());
        }
        state.3 += 1;
        Err(Duration::from_secs_f64(
            (1.0 - state.0) / self.quota.per_second,
        ))
    }

    /// How many were asked for, and how many of these were refused.
    pub(crate) fn asked(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.2, state.3)
    }
}
