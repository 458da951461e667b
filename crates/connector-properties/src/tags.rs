//! `Tags`: Azure tags of the user's own.

use onboarding::deployment::is_reserved;
use serde::Deserialize;

/// A tag name that Azure accepts and that is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct TagKey(pub String);

impl TryFrom<String> for TagKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if is_reserved(&text) {
            return Err("ManagedBy, DeploymentId, StackId and Adopted are tags of this product");
        }
        let forbidden = |c: char| "<>%&\\?/".contains(c) || c.is_control();
        if text.is_empty() || text.len() > 512 || text.contains(forbidden) {
            return Err("expected an Azure tag name: 1 to 512 characters without < > % & \\ ? /");
        }
        Ok(Self(text))
    }
}

/// A tag value that Azure accepts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TagValue(pub String);

impl TryFrom<String> for TagValue {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.chars().count() > 256 || text.contains(char::is_control) {
            return Err("expected an Azure tag value of at most 256 characters");
        }
        Ok(Self(text))
    }
}
