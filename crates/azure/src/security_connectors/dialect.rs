//! How the service is spoken to, where it understands more than one way.

use onboarding::ApiVersionSetting;
use serde::Deserialize;

/// Which API version connectors are read and written with, and the forms that are a choice in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// The API version.
    pub api_version: ApiVersionSetting,
    /// How the sub-plan of Defender for Servers is written.
    pub sub_plan_form: SubPlanForm,
}

/// Every specification has an object, yet connectors with a bare string were seen. Both are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum SubPlanForm {
    /// `{"type": "P2"}`
    #[default]
    Object,
    /// `"P2"`
    String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    #[test]
    fn the_form_is_named_as_the_parameter_spells_it() {
        let read = |text: &str| from_value::<SubPlanForm>(json!(text)).ok();
        assert_eq!(read("Object"), Some(SubPlanForm::Object));
        assert_eq!(read("String"), Some(SubPlanForm::String));
        assert_eq!(read("string"), None);
        assert!(from_value::<SubPlanForm>(Value::Null).is_err());
    }
}
