//! The stored document: what a write leaves, and what the service adds of its own.

use serde_json::{Map, Value, json};

use super::clock::{now_rfc3339, trial_end};
use super::schema;
use super::traverse::carry_read_only;

/// PATCH: `tags` and every property that is sent replace what was there, whole.
pub(crate) fn patched(stored: &Value, sent: Value) -> Value {
    let mut document = stored.clone();
    let (Some(target), Value::Object(sent)) = (document.as_object_mut(), sent) else {
        return document;
    };
    for (key, value) in sent {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                if let Some(target) = entry_object(target, "properties") {
                    target.extend(properties);
                }
            }
            (_, value) => {
                target.insert(key, value);
            }
        }
    }
    document
}

/// Adds what the service writes itself.
pub(crate) fn complete(
    document: &mut Value,
    stored: Option<&Value>,
    id: &str,
    name: &str,
    client_id: &str,
) {
    carry_read_only(schema::connector(), document, stored);
    let Some(fields) = document.as_object_mut() else {
        return;
    };
    fields.entry("id").or_insert_with(|| id.into());
    fields.entry("name").or_insert_with(|| name.into());
    fields
        .entry("type")
        .or_insert_with(|| "Microsoft.Security/securityconnectors".into());
    sign(fields, stored.is_none(), client_id);
    let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    if stored.is_none() {
        properties
            .entry("hierarchyIdentifierTrialEndDate")
            .or_insert_with(|| trial_end().into());
    }
    if let Some(environment) = properties
        .get_mut("environmentData")
        .and_then(Value::as_object_mut)
    {
        // All regions is the empty list when it is read back.
        environment.entry("regions").or_insert_with(|| json!([]));
    }
    describe_new_offerings(properties, stored);
}

/// `systemData` is kept where there is some; a document seeded without it stays without.
fn sign(fields: &mut Map<String, Value>, created: bool, client_id: &str) {
    let now = now_rfc3339();
    if created {
        let signature = json!({
            "createdBy": client_id,
            "createdByType": "Application",
            "createdAt": now,
            "lastModifiedBy": client_id,
            "lastModifiedByType": "Application",
            "lastModifiedAt": now,
        });
        fields.insert("systemData".to_owned(), signature);
    } else if let Some(signature) = entry_if_present(fields, "systemData") {
        signature.insert("lastModifiedBy".to_owned(), client_id.into());
        signature.insert("lastModifiedByType".to_owned(), "Application".into());
        signature.insert("lastModifiedAt".to_owned(), now.into());
    }
}

/// A description is the service's own; only offerings that were not there before get a new one.
fn describe_new_offerings(properties: &mut Map<String, Value>, stored: Option<&Value>) {
    let before = stored
        .and_then(|stored| stored.pointer("/properties/offerings"))
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let offerings = properties
        .get_mut("offerings")
        .and_then(Value::as_array_mut);
    for offering in offerings
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        let kind = offering.get("offeringType").cloned().unwrap_or_default();
        if before
            .iter()
            .any(|old| old.get("offeringType") == Some(&kind))
        {
            continue;
        }
        offering.insert("description".to_owned(), description(&kind));
    }
}

/// The service's own words about an offering.
pub(crate) fn description(offering_type: &Value) -> Value {
    format!("Offering {}", offering_type.as_str().unwrap_or_default()).into()
}

fn entry_object<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
) -> Option<&'a mut Map<String, Value>> {
    fields
        .entry(key)
        .or_insert_with(|| json!({}))
        .as_object_mut()
}

fn entry_if_present<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
) -> Option<&'a mut Map<String, Value>> {
    fields.get_mut(key).and_then(Value::as_object_mut)
}
