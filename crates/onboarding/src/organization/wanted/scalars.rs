//! Scalars and lists in the wanted state, where everything is a string.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};

use crate::organization::MaxConcurrency;

/// Items with commas between them. Blanks around an item do not count, and a list of blanks alone
/// is empty.
pub(super) fn set<'de, T, D>(deserializer: D) -> Result<BTreeSet<T>, D::Error>
where
    T: FromStr<Err: Display> + Ord,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Ok(BTreeSet::new());
    }
    let items = text.split(',').enumerate().map(|(position, item)| {
        let named = |problem| D::Error::custom(format_args!("item {}: {problem}", position + 1));
        item.trim().parse().map_err(named)
    });
    items.collect()
}

/// `true` or `false`.
pub(super) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(D::Error::custom("expected true or false")),
    }
}

/// How many at once.
pub(super) fn at_once<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<MaxConcurrency>, D::Error> {
    let count = whole(deserializer)?.and_then(MaxConcurrency::chosen);
    count
        .map(Some)
        .ok_or_else(|| D::Error::custom("expected a number from 1 to 1000"))
}

/// 0 to 100.
pub(super) fn percentage<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u8>, D::Error> {
    let percentage = whole(deserializer)?.and_then(|count| u8::try_from(count).ok());
    percentage
        .filter(|percentage| *percentage <= 100)
        .map(Some)
        .ok_or_else(|| D::Error::custom("expected a number from 0 to 100"))
}

/// Digits only; `None` for anything else.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    Ok(digits.then(|| text.parse().ok()).flatten())
}
