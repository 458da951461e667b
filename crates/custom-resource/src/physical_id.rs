//! Physical ids: what CloudFormation knows a resource by.

use std::fmt;

use crate::inert::inert;

/// Starts the id of something that was never made.
const MARKER: &str = "not-created:";
const MAXIMUM_BYTES: usize = 1024;

/// The physical id of a resource: 1 to 1024 bytes without control characters.
///
/// * A Create answers with the id of what it made. One that fails before it wrote anything
///   answers with a marker, and the Delete that CloudFormation then sends for it is a success
///   without any work; one that fails later answers with the id it [declared], so that the
///   rollback's Delete finds what is there.
/// * A failed Update answers with the id it was given: any other would make CloudFormation
///   delete the old resource.
/// * A Delete never changes it.
///
/// [declared]: crate::Context::declare
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PhysicalId(String);

/// A text that cannot be a physical id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a physical id of 1 to {MAXIMUM_BYTES} bytes without control characters")]
pub struct InvalidPhysicalId;

impl PhysicalId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id says that nothing was ever made under it.
    pub fn is_marker(&self) -> bool {
        self.0.starts_with(MARKER)
    }

    /// The id of a resource that was not made: the same one each time for the same resource, so
    /// that a request delivered twice is answered alike.
    pub(crate) fn marker(stack_id: &str, logical_id: &str) -> Self {
        let stack = stack_id
            .split_once(":stack/")
            .map_or(stack_id, |(_, name)| name);
        let part = |text: &str| {
            let text = if text.is_empty() { "unknown" } else { text };
            // Escaping can make a character ten bytes long: 40 of them always fit.
            let shown = inert(text, 160);
            if shown.len() <= 400 {
                shown
            } else {
                inert(text, 40)
            }
        };
        Self(format!("{MARKER}{}:{}", part(stack), part(logical_id)))
    }
}

impl TryFrom<String> for PhysicalId {
    type Error = InvalidPhysicalId;

    fn try_from(text: String) -> Result<Self, InvalidPhysicalId> {
        let fits = (1..=MAXIMUM_BYTES).contains(&text.len());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(InvalidPhysicalId)
        }
    }
}

impl std::str::FromStr for PhysicalId {
    type Err = InvalidPhysicalId;

    fn from_str(text: &str) -> Result<Self, InvalidPhysicalId> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for PhysicalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_1_to_1024_bytes() {
        assert!("x".parse::<PhysicalId>().is_ok());
        assert!("é".repeat(512).parse::<PhysicalId>().is_ok());
        for bad in ["", "a\nb", "a\0", &"é".repeat(513)] {
            assert_eq!(bad.parse::<PhysicalId>(), Err(InvalidPhysicalId), "{bad:?}");
        }
    }

    #[test]
    fn a_marker_names_the_stack_and_the_resource() {
        let stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f";
        let marker = PhysicalId::marker(stack, "SecurityConnector");
        assert_eq!(marker.as_str(), "not-created:mdc/6c2f:SecurityConnector");
        assert!(marker.is_marker());
        assert_eq!(
            PhysicalId::marker("", "").as_str(),
            "not-created:unknown:unknown"
        );
        assert!(
            !"/subscriptions/x#not-created:"
                .parse::<PhysicalId>()
                .unwrap()
                .is_marker()
        );
    }

    proptest! {
        #[test]
        fn every_marker_is_an_id(stack in any::<String>(), logical in any::<String>()) {
            let marker = PhysicalId::marker(&stack, &logical);
            prop_assert_eq!(marker.as_str().parse::<PhysicalId>(), Ok(marker.clone()));
            prop_assert!(marker.is_marker());
        }

        #[test]
        fn a_marker_of_escapes_fits_too(stack in "[\u{2060}-\u{206f}\u{1}-\u{8}]{0,400}") {
            prop_assert!(PhysicalId::marker(&stack, &stack).as_str().len() <= MAXIMUM_BYTES);
        }
    }
}
