//! Text that others chose, for a report that a person opens in a terminal, a browser or a table.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::inert::inert;

/// The most characters of a name. AWS allows 50.
const LONGEST_NAME: usize = 64;
/// The most characters of a reason.
const LONGEST_REASON: usize = 1_000;
/// The most characters that one of these can have become: each escape takes up to ten.
const LONGEST_SHOWN: usize = 10 * LONGEST_REASON + 1;

/// Text without control characters, markup or the start of a formula. Reading it again changes
/// nothing more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Shown(String);

impl Shown {
    /// The name of a thing.
    pub fn name(text: &str) -> Self {
        Self(harmless(&inert(text, LONGEST_NAME)))
    }

    /// Why something is as it is.
    pub fn reason(text: &str) -> Self {
        Self(harmless(&inert(text, LONGEST_REASON)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        // What was cut once must not be cut again: the mark of the cut counts as a character, and
        // an escaped one as many.
        Self(harmless(&inert(&text, LONGEST_SHOWN)))
    }
}

impl From<Shown> for String {
    fn from(text: Shown) -> Self {
        text.0
    }
}

/// Escapes what a browser takes for markup and what a spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut begins_cell = true;
    for c in text.chars() {
        let acts = "<>\"`".contains(c) || (begins_cell && "=+-@".contains(c));
        if acts {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        begins_cell = ",;|".contains(c) || (begins_cell && c == ' ');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_cannot_act_where_they_are_shown() {
        for (name, shown) in [
            (
                "<script>alert(1)</script>",
                "\\u{3c}script\\u{3e}alert(1)\\u{3c}/script\\u{3e}",
            ),
            ("=cmd()", "\\u{3d}cmd()"),
            ("a,@SUM(A1)", "a,\\u{40}SUM(A1)"),
            ("a; +1", "a; \\u{2b}1"),
            ("red\u{1b}[31m", "red\\u{1b}[31m"),
            ("two\nlines", "two lines"),
            ("R&D prod-1 = ok", "R&D prod-1 = ok"),
            ("Zürich", "Zürich"),
        ] {
            assert_eq!(Shown::name(name).as_str(), shown);
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(Shown::name(&"x".repeat(99)).as_str().chars().count(), 65);
    }

    proptest! {
        #[test]
        fn reading_shown_text_again_changes_nothing(text in "(\\PC|\\pC|[<=+@,;]){0,99}") {
            let shown = Shown::name(&text);
            let acts = shown.as_str().contains(['<', '>', '"', '`', '\u{1b}', '\n']);
            prop_assert!(!acts, "{}", shown);
            prop_assert!(!shown.as_str().starts_with(['=', '+', '-', '@']));
            let read: Shown = serde_json::from_str(&serde_json::to_string(&shown).unwrap()).unwrap();
            prop_assert_eq!(read, shown);
        }
    }
}
