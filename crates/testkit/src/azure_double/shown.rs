//! A stored document as a reader gets it.

use serde_json::Value;

use super::switches::{SubPlanForm, Switches};
use super::{defaults, sub_plan};

/// Byte for byte where there is nothing to add.
pub(crate) fn shown(stored: &[u8], switches: &Switches, api_version: &str) -> Vec<u8> {
    let Ok(document) = serde_json::from_slice::<Value>(stored) else {
        return stored.to_vec();
    };
    let mut filled = document.clone();
    if switches.fills_defaults {
        defaults::fill(&mut filled, api_version);
    }
    if switches.sub_plan_form == SubPlanForm::String {
        sub_plan::as_strings(&mut filled);
    }
    if filled == document {
        stored.to_vec()
    } else {
        filled.to_string().into_bytes()
    }
}
