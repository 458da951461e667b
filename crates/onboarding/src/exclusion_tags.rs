//! Tags that keep an instance out of what is done to all.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, MapAccess};

/// Instances with one of these tags are left out. Read from a map, or from the same as
/// `Key=Value,Key=Value`: a stack parameter can hold no map.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ExclusionTags(pub BTreeMap<String, String>);

impl ExclusionTags {
    /// Whether one of these tags, key and value, is among those of an instance.
    pub fn exclude(&self, tags: &BTreeMap<String, String>) -> bool {
        self.0
            .iter()
            .any(|(key, value)| tags.get(key) == Some(value))
    }
}

const EXPECTED: &str = "expected tags as a map or as Key=Value,Key=Value, keys of 1 to 128 and \
                        values of at most 256 characters";

impl<'de> Deserialize<'de> for ExclusionTags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tags)
    }
}

struct Tags;

impl<'de> de::Visitor<'de> for Tags {
    type Value = ExclusionTags;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tags, or Key=Value,Key=Value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ExclusionTags, E> {
        let mut tags = BTreeMap::new();
        for pair in text.split(',').filter(|_| !text.trim().is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| E::custom(EXPECTED))?;
            add(&mut tags, key.trim(), value.trim())?;
        }
        Ok(ExclusionTags(tags))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ExclusionTags, A::Error> {
        let mut tags = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            add(&mut tags, &key, &value)?;
        }
        Ok(ExclusionTags(tags))
    }
}

fn add<E: de::Error>(tags: &mut BTreeMap<String, String>, key: &str, value: &str) -> Result<(), E> {
    let fits =
        |text: &str, most: usize| text.chars().count() <= most && !text.contains(char::is_control);
    if key.is_empty() || !fits(key, 128) || !fits(value, 256) {
        return Err(E::custom(EXPECTED));
    }
    if tags.insert(key.to_owned(), value.to_owned()).is_some() {
        return Err(E::custom("expected each tag key once"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<Vec<(String, String)>, String> {
        let tags: ExclusionTags =
            serde_json::from_value(value).map_err(|error| error.to_string())?;
        Ok(tags.0.into_iter().collect())
    }

    #[test]
    fn a_map_and_its_text_are_the_same() {
        let map = read(json!({"MdcScan": "exclude", "Team": ""}));
        assert_eq!(map, read(json!("MdcScan=exclude, Team=")));
        assert_eq!(map.unwrap().len(), 2);
        assert_eq!(read(json!("")), Ok(vec![]));
        assert_eq!(
            read(json!("a=b=c")),
            Ok(vec![("a".to_owned(), "b=c".to_owned())])
        );
    }

    #[test]
    fn one_tag_with_its_value_is_enough_and_case_matters() {
        let seen = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let tags: ExclusionTags = serde_json::from_value(json!("Arc=off,Team=lab")).unwrap();
        assert!(tags.exclude(&seen("Team", "lab")) && tags.exclude(&seen("Arc", "off")));
        for other in [seen("team", "lab"), seen("Team", "Lab"), seen("Team", "")] {
            assert!(!tags.exclude(&other), "{other:?}");
        }
        assert!(!ExclusionTags::default().exclude(&seen("Team", "lab")));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for bad in [
            json!("MdcScan"),
            json!("=x"),
            json!("a=b,"),
            json!("a=1,a=2"),
            json!({ "": "x" }),
            json!({ "a": "x".repeat(257) }),
            json!({ "a\n": "x" }),
            json!({ "a": 1 }),
            json!(["a"]),
            json!(true),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
