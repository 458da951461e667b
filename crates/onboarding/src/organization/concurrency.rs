//! How many accounts are worked on at once. More than Azure takes writes would only buy refusals.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arc::RunId;

/// How long an account takes until a run has measured it: rather too long, since whoever waits for
/// its turn runs no function.
const FIRST_GUESS: Duration = Duration::from_mins(1);
/// What it takes at least where its instances get tags: Systems Manager is waited for.
const LEAST_WITH_TAGS: Duration = Duration::from_secs(20);

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
    /// How long the accounts took that were written for, from their turn to their end, the median of
    /// all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_milliseconds: Option<u32>,
    /// How many there were.
    pub puts: usize,
}

/// As many as keep the service's refill busy: what is chosen, or its rate times the time that an
/// account takes, and half as many again, since not all take the same. Each has its turn besides.
pub fn max_concurrency(
    chosen: Option<MaxConcurrency>,
    last: Option<&LastRun>,
    refill_per_second: u32,
    has_tags: bool,
) -> MaxConcurrency {
    if let Some(chosen) = chosen {
        return chosen;
    }
    let measured = last.map(|last| {
        let account = last.account_milliseconds.unwrap_or_default();
        account.max(last.put_milliseconds).into()
    });
    let waited = if has_tags {
        LEAST_WITH_TAGS.as_millis()
    } else {
        0
    };
    let account = measured.unwrap_or(FIRST_GUESS.as_millis()).max(waited);
    let busy = (u128::from(refill_per_second) * account * 3).div_ceil(2_000);
    let bounded = busy.clamp(MaxConcurrency::LEAST.into(), MaxConcurrency::MOST.into());
    MaxConcurrency(u16::try_from(bounded).unwrap_or(MaxConcurrency::MOST))
}

/// How long the writes of a run took, and the accounts that they were for.
#[derive(Debug, Clone, Default)]
pub struct PutTimes {
    puts: Vec<u32>,
    accounts: Vec<u32>,
}

impl PutTimes {
    /// Notes a write, and how long its account took where that is known.
    pub fn note(&mut self, put_milliseconds: u32, account_milliseconds: Option<u32>) {
        self.puts.push(put_milliseconds);
        self.accounts.extend(account_milliseconds);
    }

    /// What the next run is to know; `None` where nothing was written.
    pub fn record(self, run_id: &RunId) -> Option<LastRun> {
        let puts = self.puts.len();
        Some(LastRun {
            run_id: run_id.clone(),
            put_milliseconds: median(self.puts)?,
            account_milliseconds: median(self.accounts),
            puts,
        })
    }
}

fn median(mut times: Vec<u32>) -> Option<u32> {
    let middle = times.len().checked_sub(1)? / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    Some(*median)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn last(put_milliseconds: u32) -> LastRun {
        LastRun {
            run_id: "run".parse().unwrap(),
            put_milliseconds,
            account_milliseconds: None,
            puts: 1,
        }
    }

    #[test]
    fn as_many_run_at_once_as_keep_the_refill_busy() {
        for (milliseconds, at_once) in [
            (1_000, 15),
            (35_000, 525),
            (1_050, 16),
            (1, 1),
            (0, 1),
            (u32::MAX, 1_000),
        ] {
            let found = max_concurrency(None, Some(&last(milliseconds)), 10, false);
            assert_eq!(found.get(), at_once, "{milliseconds}");
        }
        assert_eq!(max_concurrency(None, None, 10, false).get(), 900);
    }

    #[test]
    fn an_account_takes_longer_than_its_write() {
        let mut last = last(1_000);
        last.account_milliseconds = Some(61_000);
        for (has_tags, at_once) in [(false, 915), (true, 915)] {
            let found = max_concurrency(None, Some(&last), 10, has_tags);
            assert_eq!(found.get(), at_once);
        }
        last.account_milliseconds = Some(900);
        assert_eq!(max_concurrency(None, Some(&last), 10, false).get(), 15);
        assert_eq!(max_concurrency(None, Some(&last), 10, true).get(), 300);
        assert_eq!(max_concurrency(None, None, 10, true).get(), 900);
    }

    #[test]
    fn what_is_chosen_wins() {
        let chosen = MaxConcurrency::chosen(7);
        assert_eq!(
            max_concurrency(chosen, Some(&last(35_000)), 10, true).get(),
            7
        );
        assert_eq!(MaxConcurrency::chosen(0), None);
        assert_eq!(MaxConcurrency::chosen(1_001), None);
    }

    #[test]
    fn the_median_is_kept_under_stable_names() {
        let mut times = PutTimes::default();
        let run: RunId = "run".parse().unwrap();
        assert_eq!(times.clone().record(&run), None);
        for (put, account) in [
            (900, None),
            (30_000, Some(90_000)),
            (1_100, Some(7_000)),
            (1_000, Some(8_000)),
            (950, None),
        ] {
            times.note(put, account);
        }
        let record = times.record(&run).unwrap();
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(
            text,
            r#"{"RunId":"run","PutMilliseconds":1000,"AccountMilliseconds":8000,"Puts":5}"#
        );
        assert_eq!(serde_json::from_str::<LastRun>(&text).unwrap(), record);
        let before = r#"{"RunId":"run","PutMilliseconds":1000,"Puts":5}"#;
        let before: LastRun = serde_json::from_str(before).unwrap();
        assert_eq!(before.account_milliseconds, None);
    }

    proptest! {
        #[test]
        fn it_is_always_within_its_bounds(milliseconds: u32, refill: u32, has_tags: bool) {
            let found = max_concurrency(None, Some(&last(milliseconds)), refill, has_tags).get();
            prop_assert!((1..=1_000).contains(&found));
        }
    }
}
