//! How many accounts are worked on at once. More than Azure takes writes would only buy refusals.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arc::RunId;

/// How long a write takes until a run has measured it.
const FIRST_GUESS: Duration = Duration::from_secs(1);

/// From 1 to 1,000, which is how many functions run at once unless AWS is asked for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaxConcurrency(u16);

impl MaxConcurrency {
    const LEAST: u16 = 1;
    const MOST: u16 = 1_000;

    /// A number that somebody chose; `None` where it is out of bounds.
    pub fn chosen(count: u32) -> Option<Self> {
        let count = u16::try_from(count).ok()?;
        (Self::LEAST..=Self::MOST)
            .contains(&count)
            .then_some(Self(count))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// What a run has measured, for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LastRun {
    /// The run.
    pub run_id: RunId,
    /// How long a write took, the median of all.
    pub put_milliseconds: u32,
    /// How many there were.
    pub puts: usize,
}

/// As many as keep the service's refill busy: what is chosen, or its rate times the time that a
/// write takes.
pub fn max_concurrency(
    chosen: Option<MaxConcurrency>,
    last: Option<&LastRun>,
    refill_per_second: u32,
) -> MaxConcurrency {
    if let Some(chosen) = chosen {
        return chosen;
    }
    let write = last.map_or(FIRST_GUESS.as_millis(), |last| last.put_milliseconds.into());
    let busy = (u128::from(refill_per_second) * write).div_ceil(1_000);
    let bounded = busy.clamp(MaxConcurrency::LEAST.into(), MaxConcurrency::MOST.into());
    MaxConcurrency(u16::try_from(bounded).unwrap_or(MaxConcurrency::MOST))
}

/// How long the writes of a run took.
#[derive(Debug, Clone, Default)]
pub struct PutTimes(Vec<u32>);

impl PutTimes {
    /// Notes one.
    pub fn note(&mut self, milliseconds: u32) {
        self.0.push(milliseconds);
    }

    /// What the next run is to know; `None` where nothing was written.
    pub fn record(mut self, run_id: &RunId) -> Option<LastRun> {
        let middle = self.0.len().checked_sub(1)? / 2;
        let (_, median, _) = self.0.select_nth_unstable(middle);
        let put_milliseconds = *median;
        Some(LastRun {
            run_id: run_id.clone(),
            put_milliseconds,
            puts: self.0.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn last(put_milliseconds: u32) -> LastRun {
        LastRun {
            run_id: "run".parse().unwrap(),
            put_milliseconds,
            puts: 1,
        }
    }

    #[test]
    fn as_many_run_at_once_as_keep_the_refill_busy() {
        for (milliseconds, at_once) in [
            (1_000, 10),
            (35_000, 350),
            (1_050, 11),
            (1, 1),
            (0, 1),
            (u32::MAX, 1_000),
        ] {
            let found = max_concurrency(None, Some(&last(milliseconds)), 10);
            assert_eq!(found.get(), at_once, "{milliseconds}");
        }
        assert_eq!(max_concurrency(None, None, 10).get(), 10);
    }

    #[test]
    fn what_is_chosen_wins() {
        let chosen = MaxConcurrency::chosen(7);
        assert_eq!(max_concurrency(chosen, Some(&last(35_000)), 10).get(), 7);
        assert_eq!(MaxConcurrency::chosen(0), None);
        assert_eq!(MaxConcurrency::chosen(1_001), None);
    }

    #[test]
    fn the_median_is_kept_under_stable_names() {
        let mut times = PutTimes::default();
        let run: RunId = "run".parse().unwrap();
        assert_eq!(times.clone().record(&run), None);
        for time in [900, 30_000, 1_100, 1_000, 950] {
            times.note(time);
        }
        let record = times.record(&run).unwrap();
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(text, r#"{"RunId":"run","PutMilliseconds":1000,"Puts":5}"#);
        assert_eq!(serde_json::from_str::<LastRun>(&text).unwrap(), record);
    }

    proptest! {
        #[test]
        fn it_is_always_within_its_bounds(milliseconds: u32, refill: u32) {
            let found = max_concurrency(None, Some(&last(milliseconds)), refill).get();
            prop_assert!((1..=1_000).contains(&found));
        }
    }
}
