//! Runs: one pass over the accounts, which several invocations of a function may share.

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, string_id};

/// Names a run: 1 to 128 letters, digits, `.`, `_` or `-`, so that it fits in an object's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

string_id!(RunId);

impl TryFrom<String> for RunId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let named = !text.starts_with('.') && text.bytes().all(fits);
        if (1..=128).contains(&text.len()) && named {
            Ok(Self(text))
        } else {
            Err(InvalidValue {
                expected: "expected 1 to 128 letters, digits, '.', '_' or '-'",
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_one_part_of_a_key() {
        assert!(
            "8d1e0b1f-6471-4dda-aec3-111122223333"
                .parse::<RunId>()
                .is_ok()
        );
        for bad in ["", "a/b", "..", "a b", &"x".repeat(129)] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
    }
}
