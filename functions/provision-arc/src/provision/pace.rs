//! When to look at a batch again, so that it is seen to end soon and asked for seldom.

use std::time::Duration;

/// As soon as it matters.
const SHORTEST: Duration = Duration::from_secs(1);
/// So that an end that comes early is not missed for long.
const LONGEST: Duration = Duration::from_mins(1);
/// Before anything is known, and after everything expected has passed.
const LONGEST_BLIND: Duration = Duration::from_secs(10);
/// The part of the time that went by after which it is looked again, where the end is not known.
const BLIND_SHARE: f64 = 0.02;
/// The part of the expected time that is slept through.
const SURE_SHARE: f64 = 0.97;

/// What the batches of a Region have taught about how long one takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    round: Option<Duration>,
}

/// How many instances, and how many of them at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) instances: usize,
    pub(super) at_once: u16,
}

impl Size {
    /// How many instances run one after another, where a batch begins with one and doubles.
    fn rounds(self) -> u32 {
        let (mut left, mut width, mut rounds) = (self.instances, 1, 0);
        let widest = usize::from(self.at_once.max(1));
        while left > 0 && width < widest {
            left = left.saturating_sub(width);
            width = (width * 2).min(widest);
            rounds += 1;
        }
        rounds + u32::try_from(left.div_ceil(widest)).unwrap_or(u32::MAX)
    }
}

impl Pace {
    /// Learns from a batch that has ended.
    pub(super) fn learn(&mut self, size: Size, took: Duration) {
        self.round = Some(took / size.rounds().max(1));
    }

    /// How long to wait before the next look at a batch that has run for `elapsed`.
    pub(super) fn wait(self, size: Size, elapsed: Duration) -> Duration {
        let blind = elapsed.mul_f64(BLIND_SHARE).min(LONGEST_BLIND);
        let expected = self.round.map(|round| round * size.rounds());
        let wait = match expected {
            Some(expected) if elapsed < expected.mul_f64(SURE_SHARE) => {
                expected.mul_f64(SURE_SHARE).saturating_sub(elapsed)
            }
            Some(expected) if elapsed < expected.mul_f64(2.0 - SURE_SHARE) => SHORTEST,
            _ => blind,
        };
        wait.clamp(SHORTEST, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(instances: usize, at_once: u16) -> Size {
        Size { instances, at_once }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn rounds_double_until_the_width_is_reached() {
        for (instances, at_once, rounds) in [
            (0, 4, 0),
            (1, 4, 1),
            (3, 4, 2),
            (7, 4, 3),
            (8, 4, 4),
            (300, 1, 300),
            (300, 25, 16),
        ] {
            assert_eq!(
                size(instances, at_once).rounds(),
                rounds,
                "{instances}/{at_once}"
            );
        }
    }

    #[test]
    fn an_unknown_end_is_looked_for_less_and_less_often() {
        let pace = Pace::default();
        let waits = [0, 49, 100, 400, 9000].map(|at| pace.wait(size(300, 4), seconds(at)));
        assert_eq!(waits, [1, 1, 2, 8, 10].map(seconds));
    }

    #[test]
    fn a_known_end_is_slept_towards_and_then_looked_for_every_second() {
        let mut pace = Pace::default();
        pace.learn(size(267, 4), seconds(340));
        let wait = |at: u64| pace.wait(size(267, 4), Duration::from_millis(at));
        assert_eq!(wait(0), LONGEST);
        assert!(wait(300_000) > seconds(29) && wait(300_000) < seconds(30));
        assert_eq!(wait(329_700), SHORTEST);
        assert_eq!(wait(349_000), SHORTEST);
        assert_eq!(wait(500_000), LONGEST_BLIND);
    }

    proptest! {
        #[test]
        fn a_wait_is_always_within_its_bounds(
            instances in 0_usize..400, at_once in 0_u16..200, took in 0_u64..9000, elapsed in 0_u64..9000,
        ) {
            let mut pace = Pace::default();
            let first = pace.wait(size(instances, at_once), seconds(elapsed));
            pace.learn(size(instances, at_once), seconds(took));
            for wait in [first, pace.wait(size(instances, at_once), seconds(elapsed))] {
                prop_assert!((SHORTEST..=LONGEST).contains(&wait));
            }
        }
    }
}
