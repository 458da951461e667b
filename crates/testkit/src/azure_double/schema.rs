//! The fields of connectors and Arc machines as data: what may stand where, and which role a field
//! names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

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
    /// The ARN of a role, by its key in the table of roles.
    Role(String),
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

#[derive(Debug, Deserialize)]
struct Table {
    /// API versions whose fields the table has.
    versions: Vec<String>,
    definitions: BTreeMap<String, Shape>,
    connector: Shape,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/connector.json"))
        .unwrap_or_else(|error| panic!("data/connector.json is not a table of fields: {error}"))
});

static MACHINE_UPDATE: LazyLock<Shape> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/machine-update.json")).unwrap_or_else(|error| {
        panic!("data/machine-update.json is not a table of fields: {error}")
    })
});

/// What may be changed of an Arc machine.
pub(crate) fn machine_update() -> &'static Shape {
    &MACHINE_UPDATE
}

/// The whole resource.
pub(crate) fn connector() -> &'static Shape {
    TABLE.connector.resolved()
}

/// The list of offerings.
pub(crate) fn offerings() -> &'static Shape {
    let properties = connector().field("properties");
    properties.map_or(&Shape::Anything, |properties| {
        properties.field("offerings").unwrap_or(&Shape::Anything)
    })
}

/// Whether the table has the fields of an API version.
pub(crate) fn knows_version(api_version: &str) -> bool {
    TABLE.versions.iter().any(|known| known == api_version)
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

    fn field(&'static self, name: &str) -> Option<&'static Self> {
        match self {
            Self::Object(fields) => fields.get(name).map(Self::resolved),
            _ => None,
        }
    }

    /// What an object's tag says it is.
    pub(crate) fn variant(&'static self, value: &Value) -> Option<&'static Self> {
        let Self::Tagged { by, variants } = self else {
            return None;
        };
        let variant = variants.get(value.get(by)?.as_str()?)?;
        Some(variant.resolved())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::roles;
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

    fn role_keys(shape: &Shape, found: &mut BTreeSet<String>) {
        match shape {
            Shape::Role(key) => {
                found.insert(key.clone());
            }
            Shape::Object(fields) => fields.values().for_each(|shape| role_keys(shape, found)),
            _ => {}
        }
    }

    #[test]
    fn every_role_that_is_named_is_there_and_no_other() {
        let mut keys = BTreeSet::new();
        TABLE
            .definitions
            .values()
            .for_each(|shape| role_keys(shape, &mut keys));
        let names: BTreeSet<&str> = keys
            .iter()
            .map(|key| roles::get(key).name.as_str())
            .collect();
        assert_eq!(names, roles::all().map(|role| role.name.as_str()).collect());
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
}
