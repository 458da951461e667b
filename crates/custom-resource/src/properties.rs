//! Reading a resource's properties, with the path of the one that does not fit.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::inert::inert;

const ROOT: &str = "ResourceProperties";
/// Properties of the protocol, which CloudFormation hands on among the resource's own.
const OF_THE_PROTOCOL: [&str; 2] = ["ServiceToken", "ServiceTimeout"];

/// Properties that do not fit: the path of the first one that does not, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct InvalidProperties {
    /// Where, such as `ResourceProperties.Plans.Cspm.Tier`.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

/// Reads `properties` as `P`. An unknown key (where `P` refuses them) is named by its own path.
///
/// Paths end where serde buffers values: at untagged and internally tagged enums and `flatten`.
pub fn parse_properties<P: DeserializeOwned>(properties: &Value) -> Result<P, InvalidProperties> {
    serde_path_to_error::deserialize(properties).map_err(|error| InvalidProperties {
        path: path(error.path()),
        problem: inert(&error.inner().to_string(), 300),
    })
}

/// The properties without those of the protocol: they are never wanted state nor a difference.
pub(crate) fn without_protocol(mut properties: Value) -> Value {
    if let Value::Object(map) = &mut properties {
        map.retain(|key, _| !OF_THE_PROTOCOL.contains(&key.as_str()));
    }
    properties
}

fn path(path: &serde_path_to_error::Path) -> String {
    use std::fmt::Write as _;

    let mut shown = ROOT.to_owned();
    for segment in path {
        // Writing to a String cannot fail.
        let _ = match segment {
            Segment::Seq { index } => write!(shown, "[{index}]"),
            Segment::Map { key } => write!(shown, ".{}", inert(key, 64)),
            Segment::Enum { variant } => write!(shown, ".{}", inert(variant, 64)),
            Segment::Unknown => write!(shown, ".?"),
        };
    }
    inert(&shown, 600)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Properties {
        name: String,
        #[serde(default)]
        plans: Plans,
        #[serde(default)]
        regions: Vec<String>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Plans {
        cspm: Option<Cspm>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Cspm {
        tier: Tier,
    }

    #[derive(Debug, Deserialize)]
    enum Tier {
        Foundational,
    }

    fn problem(properties: &Value) -> String {
        parse_properties::<Properties>(properties)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_offending_property_is_named_by_its_path() {
        assert_eq!(
            problem(&json!({"Name": "x", "Plans": {"Cspm": {"Tier": "Best"}}})),
            "ResourceProperties.Plans.Cspm.Tier: unknown variant `Best`, expected `Foundational`"
        );
        assert_eq!(
            problem(&json!({"Name": "x", "Plans": {"Cspm": {"Tier": "Foundational", "Teir": 1}}})),
            "ResourceProperties.Plans.Cspm.Teir: unknown field `Teir`, expected `Tier`"
        );
        assert_eq!(
            problem(&json!({"Name": "x", "Regions": ["a", {}]})),
            "ResourceProperties.Regions[1]: invalid type: map, expected a string"
        );
        assert_eq!(
            problem(&json!({})),
            "ResourceProperties: missing field `Name`"
        );
        assert_eq!(
            problem(&json!("text")),
            "ResourceProperties: invalid type: string \"text\", expected struct Properties"
        );
    }

    #[test]
    fn hostile_keys_and_values_are_inert_and_short() {
        let shown = problem(&json!({"Name": "x", "a\r\n\u{1b}[2J\u{202e}\0".repeat(9000): "y"}));
        assert!(
            shown.len() < 2500 && !shown.contains(['\r', '\n', '\u{1b}', '\0']),
            "{shown:?}"
        );
        let shown = problem(&json!({"Name": "x", "Plans": "z\n".repeat(9000)}));
        assert!(
            shown.starts_with("ResourceProperties.Plans: ") && shown.len() < 1000,
            "{shown:?}"
        );
    }

    #[test]
    fn the_protocols_own_properties_are_dropped_at_the_top_only() {
        let given =
            json!({"ServiceToken": "arn", "ServiceTimeout": "720", "A": {"ServiceToken": 1}});
        assert_eq!(without_protocol(given), json!({"A": {"ServiceToken": 1}}));
        assert_eq!(without_protocol(json!([1])), json!([1]));
    }

    proptest! {
        #[test]
        fn an_unknown_key_is_always_named(key in "[A-Z][a-z]{3,20}") {
            prop_assume!(!["Name", "Plans", "Regions"].contains(&key.as_str()));
            let shown = problem(&json!({"Name": "x", key.clone(): "y"}));
            let expected = format!("ResourceProperties.{key}: unknown field `{key}`");
            prop_assert!(shown.starts_with(&expected), "{}", shown);
        }
    }
}
