//! Strict reading of a body against the table, forgiving only what the resource had before.

use serde_json::{Map, Value};

use super::answer::Answer;
use super::schema::Shape;

/// Where a body is wrong, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub path: String,
    pub what: String,
}

impl Problem {
    pub(crate) fn into_answer(self) -> Answer {
        let message = format!(
            "The request content was invalid and could not be deserialized: '{}. Path '{}'.'.",
            self.what, self.path
        );
        Answer::arm(400, "InvalidRequestContent", message)
    }
}

/// Checks a value. `stored` is what the resource has in the same place: a field the table does not
/// know, seeded past all checks, may come back unchanged.
pub(crate) fn check(
    shape: &'static Shape,
    value: &Value,
    stored: Option<&Value>,
    api_version: &str,
    path: &str,
) -> Result<(), Problem> {
    let shape = shape.resolved();
    let found = match (shape, value) {
        (Shape::Object(fields), Value::Object(object)) => {
            return check_object(fields, object, stored, api_version, path);
        }
        (Shape::Tagged { by, variants }, Value::Object(object)) => {
            match object.get(by).and_then(Value::as_str) {
                Some(tag) => match variants.get(tag) {
                    Some(variant) => return check(variant, value, stored, api_version, path),
                    None => Err(format!("'{tag}' is not a known {by}")),
                },
                None => Err(format!("Required property '{by}' not found")),
            }
        }
        (Shape::List(shape), Value::Array(items)) => {
            return check_list(shape, items, stored, api_version, path);
        }
        (Shape::Map(shape), Value::Object(map)) => {
            return map.iter().try_for_each(|(key, value)| {
                let stored = stored.and_then(|stored| stored.get(key));
                check(shape, value, stored, api_version, &join(path, key))
            });
        }
        (Shape::Since { version, shape }, _) if api_version >= version.as_str() => {
            return check(shape, value, stored, api_version, path);
        }
        (Shape::Since { version, .. }, _) => Err(format!("Not known before {version}")),
        // Read-only fields are refused even when they come back unchanged.
        (Shape::ReadOnly, _) => return Err(problem(path, "The property is read-only")),
        _ => check_leaf(shape, value),
    };
    match found {
        Err(what) if stored != Some(value) => Err(problem(path, what)),
        _ => Ok(()),
    }
}

fn check_leaf(shape: &Shape, value: &Value) -> Result<(), String> {
    let (fits, wanted) = match shape {
        Shape::Anything => (true, "anything"),
        Shape::String | Shape::Role(_) => (value.is_string(), "a string"),
        Shape::Boolean => (value.is_boolean(), "a boolean"),
        Shape::Integer => (value.is_i64(), "an integer"),
        Shape::OneOf(names) => {
            let known = value
                .as_str()
                .is_some_and(|text| names.iter().any(|name| name == text));
            return if known {
                Ok(())
            } else {
                Err(format!("{value} is not one of {}", names.join(", ")))
            };
        }
        Shape::List(_) => (false, "an array"),
        _ => (false, "an object"),
    };
    if fits {
        Ok(())
    } else {
        Err(format!("Expected {wanted}"))
    }
}

fn check_object(
    fields: &'static std::collections::BTreeMap<String, Shape>,
    object: &Map<String, Value>,
    stored: Option<&Value>,
    api_version: &str,
    path: &str,
) -> Result<(), Problem> {
    object.iter().try_for_each(|(key, value)| {
        let stored = stored.and_then(|stored| stored.get(key));
        let path = join(path, key);
        match fields.get(key) {
            Some(shape) => check(shape, value, stored, api_version, &path),
            None if stored == Some(value) => Ok(()),
            None => Err(problem(&path, format!("Could not find member '{key}'"))),
        }
    })
}

fn check_list(
    shape: &'static Shape,
    items: &[Value],
    stored: Option<&Value>,
    api_version: &str,
    path: &str,
) -> Result<(), Problem> {
    items.iter().enumerate().try_for_each(|(index, item)| {
        let stored = counterpart(shape, item, index, stored);
        check(
            shape,
            item,
            stored,
            api_version,
            &format!("{path}[{index}]"),
        )
    })
}

/// The element a list had before for this one: of the same kind where elements have one.
pub(crate) fn counterpart<'a>(
    shape: &'static Shape,
    item: &Value,
    index: usize,
    stored: Option<&'a Value>,
) -> Option<&'a Value> {
    let stored = stored?.as_array()?;
    match shape.resolved() {
        Shape::Tagged { by, .. } => {
            let tag = item.get(by)?;
            stored
                .iter()
                .find(|candidate| candidate.get(by) == Some(tag))
        }
        _ => stored.get(index),
    }
}

fn problem(path: &str, what: impl Into<String>) -> Problem {
    Problem {
        path: path.to_owned(),
        what: what.into(),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests;
