//! `subPlan`: the specifications have an object, some connectors a bare string.

use onboarding::offering::{self as domain, Reading};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::dialect::SubPlanForm;

/// The sub-plan of Defender for Servers, in either form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SubPlan {
    /// `{"type": "P2"}`
    Object(SubPlanObject),
    /// `"P2"`
    Text(String),
}

/// The sub-plan as an object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubPlanObject {
    /// `P1` or `P2`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What is not named above.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

const NAMES: [(&str, domain::SubPlan); 2] =
    [("P1", domain::SubPlan::P1), ("P2", domain::SubPlan::P2)];

impl SubPlan {
    pub(super) fn seen(part: Option<&Self>) -> Option<Reading<domain::SubPlan>> {
        let name = match part? {
            Self::Object(object) => object.kind.as_ref()?,
            Self::Text(name) => name,
        };
        let mut names = NAMES.iter();
        let known = names.find(|(known, _)| known.eq_ignore_ascii_case(name));
        Some(known.map_or(Reading::Unknown, |(_, plan)| Reading::Known(*plan)))
    }

    /// A bare string has no place for what an object held that is unknown here.
    pub(super) fn over(
        seen: Option<Self>,
        wanted: Option<Reading<domain::SubPlan>>,
        form: SubPlanForm,
    ) -> Option<Self> {
        let Some(Reading::Known(wanted)) = wanted else {
            return seen;
        };
        let mut names = NAMES.iter();
        let name = names.find(|(_, plan)| *plan == wanted)?.0.to_owned();
        Some(match (form, seen) {
            (SubPlanForm::String, _) => Self::Text(name),
            (SubPlanForm::Object, Some(Self::Object(object))) => Self::Object(SubPlanObject {
                kind: Some(name),
                ..object
            }),
            (SubPlanForm::Object, _) => Self::Object(SubPlanObject {
                kind: Some(name),
                other: Map::new(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn both_forms_are_read_in_any_case() {
        let seen = |body| {
            let part: Option<SubPlan> = from_value(body).unwrap();
            SubPlan::seen(part.as_ref())
        };
        for p2 in [
            json!("P2"),
            json!("p2"),
            json!({"type": "P2"}),
            json!({"type": "p2", "x": 1}),
        ] {
            assert_eq!(seen(p2), Some(Reading::Known(domain::SubPlan::P2)));
        }
        assert_eq!(seen(json!("P1")), Some(Reading::Known(domain::SubPlan::P1)));
        assert_eq!(seen(json!({"type": "P3"})), Some(Reading::Unknown));
        assert_eq!(seen(json!("")), Some(Reading::Unknown));
        assert_eq!(seen(json!({})), None);
        assert_eq!(seen(json!(null)), None);
        assert!(from_value::<SubPlan>(json!(2)).is_err());
    }

    #[test]
    fn the_form_is_that_of_the_setting() {
        let over = |seen: Value, form| {
            let wanted = Some(Reading::Known(domain::SubPlan::P1));
            to_value(SubPlan::over(from_value(seen).unwrap(), wanted, form)).unwrap()
        };
        for seen in [json!(null), json!("P2"), json!({"type": "P2"})] {
            assert_eq!(
                over(seen.clone(), SubPlanForm::Object),
                json!({"type": "P1"})
            );
            assert_eq!(over(seen, SubPlanForm::String), json!("P1"));
        }
        let kept = over(json!({"type": "P2", "x": 1}), SubPlanForm::Object);
        assert_eq!(kept, json!({"type": "P1", "x": 1}));
    }
}
