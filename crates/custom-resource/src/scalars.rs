//! Strict scalars and lists for `#[serde(deserialize_with = "…")]`.
//!
//! CloudFormation hands every scalar on as a string, and a list as a list or as one string with
//! commas. Nothing is guessed: `"True"`, `"yes"`, `1` and `""` are not booleans, `"007"` is not a
//! number. Optional properties take the `optional_…` form together with `#[serde(default)]`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::StringDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess};

use crate::inert::inert;

/// `true`, `false`, `"true"` or `"false"`.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    deserializer.deserialize_any(Boolean)
}

/// Like [`boolean`], for a property that may be absent.
pub fn optional_boolean<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<bool>, D::Error> {
    boolean(deserializer).map(Some)
}

/// A whole number, or the same as a string: decimal, without sign `+`, blanks or leading zeros.
pub fn integer<'de, T: Whole, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Integer(PhantomData))
}

/// Like [`integer`], for a property that may be absent.
pub fn optional_integer<'de, T: Whole, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    integer(deserializer).map(Some)
}

/// A list of strings, or one string with commas between the items. Blanks around an item are
/// dropped and empty items refused; `""` and `[""]` (what an empty `CommaDelimitedList` becomes)
/// are the empty list.
pub fn list<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List(PhantomData))
}

/// The integer types that [`integer`] reads.
pub trait Whole: TryFrom<i64> + TryFrom<u64> + FromStr + fmt::Display {}

impl<T: TryFrom<i64> + TryFrom<u64> + FromStr + fmt::Display> Whole for T {}

struct Boolean;

impl de::Visitor<'_> for Boolean {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(E::invalid_value(
                de::Unexpected::Str(&inert(text, 64)),
                &self,
            )),
        }
    }
}

struct Integer<T>(PhantomData<T>);

impl<T: Whole> de::Visitor<'_> for Integer<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number in decimal digits, within its range")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        // Only the one canonical spelling prints back as it was written.
        match text.parse::<T>() {
            Ok(value) if value.to_string() == text => Ok(value),
            _ => Err(E::invalid_value(
                de::Unexpected::Str(&inert(text, 64)),
                &self,
            )),
        }
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> de::Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings, or one string with commas between the items")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let parsed = text.split(',').enumerate().map(|(position, text)| {
            item(text).map_err(|error: E| E::custom(format_args!("item {}: {error}", position + 1)))
        });
        parsed.collect()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut parsed: Vec<Option<T>> = Vec::new();
        while let Some(next) = items.next_element_seed(Item(PhantomData))? {
            parsed.push(next);
        }
        // A blank item is the empty list if it is the only one.
        if matches!(parsed[..], [None]) {
            return Ok(Vec::new());
        }
        let named = parsed.into_iter().enumerate().map(|(position, item)| {
            item.ok_or_else(|| de::Error::custom(format_args!("item {}: {EMPTY}", position + 1)))
        });
        named.collect()
    }
}

const EMPTY: &str = "expected a text, found none";

fn item<T: DeserializeOwned, E: de::Error>(text: &str) -> Result<T, E> {
    let text = text.trim();
    if text.is_empty() {
        return Err(E::custom(EMPTY));
    }
    T::deserialize(StringDeserializer::<E>::new(text.to_owned()))
}

/// One item of a JSON list; `None` if it is blank. Read in place, so that an error carries its
/// index in the path.
struct Item<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Item<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            Ok(None)
        } else {
            item(&text).map(Some)
        }
    }
}

#[cfg(test)]
mod tests;
