//! Stops the function at any of its calls.

use std::future::pending;
use std::sync::Mutex;

use tokio::sync::Notify;

/// When the function is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Before the call takes effect.
    Before,
    /// After it.
    After,
}

#[derive(Debug, Default)]
pub(crate) struct Stops {
    due: Mutex<(usize, Option<(usize, Stop)>)>,
    struck: Notify,
}

impl Stops {
    /// The `nth` call from now on is the last one of its function.
    pub(crate) fn at(&self, nth: usize, stop: Stop) {
        *self.due.lock().unwrap() = (0, Some((nth, stop)));
    }

    /// Whether it is still to come.
    pub(crate) fn is_due(&self) -> bool {
        self.due.lock().unwrap().1.is_some()
    }

    /// Returns once the function was stopped.
    pub(crate) async fn stopped(&self) {
        self.struck.notified().await;
    }

    /// Counts a call; whether the function is stopped at it.
    pub(crate) fn next(&self) -> Option<Stop> {
        let mut due = self.due.lock().unwrap();
        let call = due.0;
        due.0 += 1;
        let (_, stop) = due.1.take_if(|(nth, _)| *nth == call)?;
        Some(stop)
    }

    /// Stops it.
    pub(crate) fn strike(&self) {
        self.struck.notify_one();
    }

    /// Does a call that is made in memory.
    pub(crate) async fn pass<T>(&self, call: impl FnOnce() -> T) -> T {
        let stop = self.next();
        if stop == Some(Stop::Before) {
            self.strike();
            pending::<()>().await;
        }
        let done = call();
        if stop == Some(Stop::After) {
            self.strike();
            pending::<()>().await;
        }
        done
    }
}
