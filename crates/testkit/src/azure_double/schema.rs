//! The connector's fields as data: what may stand where, and which role each field names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What a value may look like.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Shape {
    String,
    Boolean,
    Integer,
    Anything,
    /// Written by the service alone.
    ReadOnly,
    /// The ARN of a role, which must trust as told.
    Role(Trust),
    OneOf(Vec<String>),
    List(Box<Shape>),
    Map(Box<Shape>),
    Object(BTreeMap<String, Shape>),
    /// An object whose field `by` tells which.
    Tagged {
        by: String,
        variants: BTreeMap<String, Shape>,
    },
    /// Not before this API version.
    Since {
        version: String,
        shape: Box<Shape>,
    },
    /// One of the definitions.
    Named(String),
}

/// Whom a role must let in.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Trust {
    /// Defender, by a token of Microsoft's own tenant for this audience.
    Defender(String),
    /// By a token of the customer's tenant for this audience.
    CustomerTenant(String),
    /// An AWS service.
    Service(String),
    /// The role that the connector names in `ciem.ciemOidc`.
    CiemOidcRole,
}

#[derive(Debug, Deserialize)]
struct Table {
    definitions: BTreeMap<String, Shape>,
    connector: Shape,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/connector.json"))
        .unwrap_or_else(|error| panic!("data/connector.json is not a table of fields: {error}"))
});

/// The whole resource.
pub(crate) fn connector() -> &'static Shape {
    TABLE.connector.resolved()
}

/// Every audience that some role field asks of Defender's own provider.
pub(crate) fn defender_audiences() -> Vec<String> {
    fn walk(shape: &Shape, found: &mut Vec<String>) {
        match shape {
            Shape::Role(Trust::Defender(audience)) if !found.contains(audience) => {
                found.push(audience.clone());
            }
            Shape::Object(fields) => fields.values().for_each(|shape| walk(shape, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    TABLE
        .definitions
        .values()
        .for_each(|shape| walk(shape, &mut found));
    found
}

impl Shape {
    /// Definitions are looked up until something else stands there.
    pub(crate) fn resolved(&'static self) -> &'static Self {
        match self {
            Self::Named(name) => TABLE
                .definitions
                .get(name)
                .map_or(&Self::Anything, Self::resolved),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(shape: &Shape, found: &mut Vec<String>) {
        match shape {
            Shape::Named(name) => found.push(name.clone()),
            Shape::Object(fields) => fields.values().for_each(|shape| names(shape, found)),
            Shape::Tagged { variants, .. } => {
                for shape in variants.values() {
                    names(shape, found);
                }
            }
            Shape::List(shape) | Shape::Map(shape) | Shape::Since { shape, .. } => {
                names(shape, found);
            }
            _ => {}
        }
    }

    #[test]
    fn every_definition_that_is_named_is_there() {
        let mut named = Vec::new();
        names(&TABLE.connector, &mut named);
        TABLE
            .definitions
            .values()
            .for_each(|shape| names(shape, &mut named));
        assert!(named.len() > 10);
        for name in named {
            assert!(TABLE.definitions.contains_key(&name), "{name}");
        }
    }

    #[test]
    fn the_fields_ask_for_the_seven_audiences() {
        assert_eq!(defender_audiences().len(), 7);
    }
}
