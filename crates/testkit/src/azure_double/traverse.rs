//! Walks over a connector along the table: the roles it names, the fields that stay the service's.

use serde_json::Value;

use super::roles::{self, Role};
use super::schema::Shape;
use super::validation::counterpart;

/// A role that a connector names.
#[derive(Clone, Debug)]
pub(crate) struct NamedRole {
    pub path: String,
    pub arn: String,
    pub role: &'static Role,
}

/// Every role in the document, switched on or not; an empty ARN names none.
pub(crate) fn named_roles(shape: &'static Shape, value: &Value, path: &str) -> Vec<NamedRole> {
    let mut found = Vec::new();
    collect_roles(shape, value, path, &mut found);
    found
}

fn collect_roles(shape: &'static Shape, value: &Value, path: &str, found: &mut Vec<NamedRole>) {
    match (shape.resolved(), value) {
        (Shape::Role(key), Value::String(arn)) if !arn.is_empty() => {
            found.push(NamedRole {
                path: path.to_owned(),
                arn: arn.clone(),
                role: roles::get(key),
            });
        }
        (Shape::Object(fields), Value::Object(object)) => {
            for (key, value) in object {
                if let Some(shape) = fields.get(key) {
                    collect_roles(shape, value, &format!("{path}.{key}"), found);
                }
            }
        }
        (Shape::List(shape), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                collect_roles(shape, item, &format!("{path}[{index}]"), found);
            }
        }
        (tagged @ Shape::Tagged { .. }, _) => {
            if let Some(shape) = tagged.variant(value) {
                collect_roles(shape, value, path, found);
            }
        }
        (Shape::Since { shape, .. }, _) => collect_roles(shape, value, path, found),
        _ => {}
    }
}

/// Puts back what the service wrote itself: a PUT cannot take it away.
pub(crate) fn carry_read_only(shape: &'static Shape, new: &mut Value, old: Option<&Value>) {
    match shape.resolved() {
        Shape::Object(fields) => {
            for (key, shape) in fields {
                let old = old.and_then(|old| old.get(key));
                match (shape, old) {
                    (Shape::ReadOnly, Some(old)) => {
                        if let Some(new) = new.as_object_mut() {
                            new.entry(key.clone()).or_insert_with(|| old.clone());
                        }
                    }
                    _ => {
                        if let Some(new) = new.get_mut(key) {
                            carry_read_only(shape, new, old);
                        }
                    }
                }
            }
        }
        Shape::List(shape) => {
            for (index, item) in new.as_array_mut().into_iter().flatten().enumerate() {
                let old = counterpart(shape, item, index, old);
                carry_read_only(shape, item, old);
            }
        }
        tagged @ Shape::Tagged { .. } => {
            if let Some(shape) = tagged.variant(new) {
                carry_read_only(shape, new, old);
            }
        }
        _ => {}
    }
}
