//! The header `Retry-After` in every form that is seen.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Longer than any function runs: it ends the call at once, and adding it to a clock is harmless.
const LONGEST: Duration = Duration::from_hours(24);

/// How long the service asks to be left alone, counted from now. Seconds, fractions of seconds and
/// dates are understood; what is negative, past or garbage says nothing.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all(RETRY_AFTER)
        .iter()
        .filter_map(|value| read(value.to_str().ok()?, headers))
        .max()
}

fn read(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let sensible = seconds.is_finite() && seconds >= 0.0;
        return sensible.then(|| Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    // Against the service's own clock: ours may be minutes off.
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let wait = until
        .duration_since(now.unwrap_or_else(SystemTime::now))
        .ok()?;
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn seconds(value: &str) -> Option<f64> {
        retry_after(&headers(&[("retry-after", value)])).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(seconds("1"), Some(1.0));
        assert_eq!(seconds(" 17 "), Some(17.0));
        assert_eq!(seconds("600"), Some(600.0));
        assert_eq!(seconds("1.5"), Some(1.5));
        assert_eq!(seconds("0"), Some(0.0));
        assert_eq!(seconds("99999999999999999999999"), Some(86400.0));
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        for value in [
            "",
            "-1",
            "soon",
            "NaN",
            "inf",
            "-inf",
            "1s",
            "Tue",
            "2026-11-01T00:00:00Z",
        ] {
            assert_eq!(seconds(value), None, "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn a_date_counts_from_the_services_clock() {
        let wait = retry_after(&headers(&[
            ("date", "Sun, 01 Nov 2026 00:00:00 GMT"),
            ("retry-after", "Sun, 01 Nov 2026 00:00:20 GMT"),
        ]));
        assert_eq!(wait, Some(Duration::from_secs(20)));
    }

    #[test]
    fn a_date_without_a_clock_counts_from_ours_and_a_past_one_says_nothing() {
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
        assert!((28.0..=30.0).contains(&seconds(&soon).unwrap()));
        assert_eq!(seconds("Sun, 01 Nov 2020 00:00:00 GMT"), None);
    }

    #[test]
    fn of_several_the_longest_counts() {
        let wait = retry_after(&headers(&[("retry-after", "2"), ("retry-after", "9")]));
        assert_eq!(wait, Some(Duration::from_secs(9)));
    }

    proptest! {
        #[test]
        fn no_value_panics_or_exceeds_a_day(value in "[ -~]{0,40}") {
            prop_assert!(seconds(&value).is_none_or(|wait| (0.0..=86400.0).contains(&wait)));
        }
    }
}
