//! Order statistics of a handful of measurements.

use std::time::Duration;

/// The middle one.
pub fn median(times: &[Duration]) -> Duration {
    nearest_rank(times, 50)
}

/// The one that 99 of 100 do not exceed: with fewer than 100, the longest.
pub fn p99(times: &[Duration]) -> Duration {
    nearest_rank(times, 99)
}

fn nearest_rank(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: impl Iterator<Item = u64>) -> Vec<Duration> {
        milliseconds.map(Duration::from_millis).collect()
    }

    #[test]
    fn the_middle_and_the_end_of_a_known_row() {
        let row = times((1..=20).rev());
        assert_eq!(median(&row), Duration::from_millis(10));
        assert_eq!(p99(&row), Duration::from_millis(20));
        assert_eq!(p99(&times(1..=200)), Duration::from_millis(198));
        assert_eq!(median(&[]), Duration::ZERO);
    }
}
