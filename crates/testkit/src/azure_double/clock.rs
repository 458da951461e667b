//! Times as the services print them.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, Time};

/// Now, as in `systemData`.
pub(crate) fn now_rfc3339() -> String {
    rfc3339(OffsetDateTime::now_utc())
}

/// Now, as in Entra's errors: `2026-11-24 03:55:00Z`.
pub(crate) fn now_entra() -> String {
    let now = OffsetDateTime::now_utc();
    let (hour, minute, second) = now.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02}Z", now.date())
}

/// Creation plus 30 days, rounded up to midnight.
pub(crate) fn trial_end() -> String {
    let end = OffsetDateTime::now_utc() + Duration::days(31);
    rfc3339(end.replace_time(Time::MIDNIGHT))
}

fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
