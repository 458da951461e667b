//! What the service fills in when a connector is read, and does not keep when it is sent back.

use serde_json::{Value, json};

use super::document::description;
use super::schema::{self, Shape};
use super::validation::counterpart;

/// Fills in what an offering lacks: features that are off, switches, empty configurations.
pub(crate) fn fill(document: &mut Value, api_version: &str) {
    if let Some(offerings) = document.pointer_mut(OFFERINGS) {
        fill_offerings(offerings, api_version);
    }
}

/// Takes out of a body what a reader of `stored` was shown but nobody ever wrote: the service
/// cannot tell its own defaults from the client's.
pub(crate) fn forget(sent: &mut Value, stored: &Value, api_version: &str) {
    let Some(kept) = stored.pointer(OFFERINGS) else {
        return;
    };
    let mut shown = kept.clone();
    fill_offerings(&mut shown, api_version);
    let sent = sent
        .pointer_mut(OFFERINGS)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    if let Shape::List(offering) = schema::offerings() {
        for (index, item) in sent.enumerate() {
            let before = counterpart(offering, item, index, Some(kept));
            let shown = counterpart(offering, item, index, Some(&shown));
            if let (Some(before), Some(shown)) = (before, shown) {
                forget_in(item, before, shown);
            }
        }
    }
}

const OFFERINGS: &str = "/properties/offerings";

fn fill_offerings(offerings: &mut Value, api_version: &str) {
    let Shape::List(shape) = schema::offerings() else {
        return;
    };
    for offering in offerings.as_array_mut().into_iter().flatten() {
        if let Some(variant) = shape.resolved().variant(offering) {
            fill_object(variant, offering, api_version);
            let text = description(&offering["offeringType"]);
            if let Some(fields) = offering.as_object_mut() {
                fields.entry("description").or_insert(text);
            }
        }
    }
}

fn fill_object(shape: &'static Shape, value: &mut Value, api_version: &str) {
    let (Shape::Object(fields), Some(object)) = (shape.resolved(), value.as_object_mut()) else {
        return;
    };
    for (key, shape) in fields {
        if object.contains_key(key) {
            fill_object(shape, &mut object[key], api_version);
        } else if let Some(default) = default_of(key, shape, api_version) {
            object.insert(key.clone(), default);
        }
    }
}

fn default_of(key: &str, shape: &'static Shape, api_version: &str) -> Option<Value> {
    match shape.resolved() {
        Shape::Since { version, shape } if api_version >= version.as_str() => {
            default_of(key, shape, api_version)
        }
        Shape::Boolean => Some(json!(false)),
        Shape::Map(_) => Some(json!({})),
        Shape::Object(fields) if fields.contains_key("enabled") => {
            Some(json!({ "enabled": false }))
        }
        _ if key == "configuration" => {
            let mut empty = json!({});
            fill_object(shape, &mut empty, api_version);
            Some(empty)
        }
        _ => None,
    }
}

fn forget_in(sent: &mut Value, before: &Value, shown: &Value) {
    let (Some(sent), Some(before), Some(shown)) =
        (sent.as_object_mut(), before.as_object(), shown.as_object())
    else {
        return;
    };
    for (key, shown) in shown {
        match before.get(key) {
            Some(before) => {
                if let Some(sent) = sent.get_mut(key) {
                    forget_in(sent, before, shown);
                }
            }
            None if sent.get(key) == Some(shown) => {
                sent.remove(key);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(offering: &Value) -> Value {
        json!({ "tags": {}, "properties": { "offerings": [offering] } })
    }

    fn filled(offering: &Value, api_version: &str) -> Value {
        let mut document = connector(offering);
        fill(&mut document, api_version);
        document["properties"]["offerings"][0].take()
    }

    #[test]
    fn what_is_absent_comes_back_switched_off() {
        let servers = json!({
            "offeringType": "DefenderForServersAws",
            "vmScanners": { "enabled": true },
            "arcAutoProvisioning": { "cloudRoleArn": "a", "configuration": { "proxy": "p" } },
        });
        let expected = json!({
            "offeringType": "DefenderForServersAws",
            "description": "Offering DefenderForServersAws",
            "vmScanners": { "enabled": true, "configuration": { "exclusionTags": {} } },
            "arcAutoProvisioning": {
                "enabled": false, "cloudRoleArn": "a", "configuration": { "proxy": "p" },
            },
            "vaAutoProvisioning": { "enabled": false },
            "mdeAutoProvisioning": { "enabled": false },
        });
        assert_eq!(filled(&servers, "2024-08-01-preview"), expected);
    }

    #[test]
    fn newer_fields_are_filled_in_for_newer_readers_only() {
        let posture = json!({ "offeringType": "DefenderCspmAws" });
        assert!(filled(&posture, "2024-08-01-preview")["serverlessContainers"].is_null());
        assert_eq!(
            filled(&posture, "2026-08-01-preview")["serverlessContainers"],
            json!({ "enabled": false })
        );
    }

    #[test]
    fn what_is_unknown_stays_as_it_is() {
        let foreign = connector(&json!({ "offeringType": "CspmMonitorGcp" }));
        let mut document = foreign.clone();
        fill(&mut document, "2024-08-01-preview");
        assert_eq!(document, foreign);
    }

    #[test]
    fn what_was_shown_and_comes_back_is_forgotten_and_what_was_said_is_not() {
        let stored = connector(&json!({
            "offeringType": "DefenderForDatabasesAws",
            "databasesDspm": { "enabled": false },
            "rds": { "cloudRoleArn": "a" },
        }));
        let mut sent = stored.clone();
        fill(&mut sent, "2024-08-01-preview");
        assert_ne!(sent, stored);
        sent["properties"]["offerings"][0]
            .as_object_mut()
            .unwrap()
            .remove("description");
        let mut changed = sent.clone();
        forget(&mut sent, &stored, "2024-08-01-preview");
        assert_eq!(sent, stored);

        changed["properties"]["offerings"][0]["rds"]["enabled"] = json!(true);
        forget(&mut changed, &stored, "2024-08-01-preview");
        let rds = &changed["properties"]["offerings"][0]["rds"];
        assert_eq!(*rds, json!({ "cloudRoleArn": "a", "enabled": true }));
    }
}
