//! The two forms of `subPlan`: the object of the specifications, and the bare string of some
//! published answers.

use serde_json::{Value, json};

/// Checks and rules know the object.
pub(crate) fn as_objects(document: &mut Value) {
    for sub_plan in sub_plans(document) {
        if sub_plan.is_string() {
            *sub_plan = json!({ "type": sub_plan.take() });
        }
    }
}

/// An object that is more than its type keeps its form.
pub(crate) fn as_strings(document: &mut Value) {
    for sub_plan in sub_plans(document) {
        if let Some(fields) = sub_plan.as_object()
            && fields.len() == 1
            && let Some(Value::String(name)) = fields.get("type")
        {
            *sub_plan = json!(name);
        }
    }
}

/// The sub-plan of an offering, whatever its form.
pub(crate) fn name(offering: &Value) -> Option<&str> {
    let sub_plan = &offering["subPlan"];
    sub_plan.as_str().or_else(|| sub_plan["type"].as_str())
}

fn sub_plans(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let offerings = document
        .pointer_mut("/properties/offerings")
        .and_then(Value::as_array_mut);
    offerings
        .into_iter()
        .flatten()
        .filter_map(|offering| offering.get_mut("subPlan"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_turn_into_each_other() {
        let of = |sub_plan: Value| json!({ "properties": { "offerings": [{}, { "subPlan": sub_plan }] } });
        let mut document = of(json!("P2"));
        as_objects(&mut document);
        assert_eq!(document, of(json!({ "type": "P2" })));
        as_strings(&mut document);
        assert_eq!(document, of(json!("P2")));
        assert_eq!(
            name(&json!({ "subPlan": "P1" })),
            name(&json!({ "subPlan": { "type": "P1" } }))
        );

        let mut unknown = of(json!({ "type": "P2", "more": 1 }));
        as_strings(&mut unknown);
        assert_eq!(unknown, of(json!({ "type": "P2", "more": 1 })));
    }
}
