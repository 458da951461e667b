//! Text that others control, made harmless to show.

/// `text` with control, line-breaking and direction-changing characters escaped, and no longer
/// than `limit` characters of it.
///
/// Reasons and log lines repeat what templates, services and crashed functions say; shown in a
/// terminal or a console, such text must not move the cursor, forge a line or hide its end.
pub fn inert(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit));
    for (position, character) in text.chars().enumerate() {
        if position == limit {
            shown.push('…');
            break;
        }
        if acts_when_shown(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a character does something other than being seen.
fn acts_when_shown(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::inert;

    #[test]
    fn what_acts_is_escaped_and_what_is_seen_stays() {
        assert_eq!(
            inert("a\0b\r\nc\u{1b}[2J\u{202e}d", 99),
            "a\\u{0}b\\r\\nc\\u{1b}[2J\\u{202e}d"
        );
        assert_eq!(
            inert("Zürich ≠ \"東京\" \\ 🦀", 99),
            "Zürich ≠ \"東京\" \\ 🦀"
        );
    }

    #[test]
    fn long_text_is_cut_where_a_character_ends() {
        assert_eq!(inert("äöü", 3), "äöü");
        assert_eq!(inert("äöü", 2), "äö…");
        assert_eq!(inert("x", 0), "…");
        assert_eq!(inert("", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text in any::<String>(), limit in 0_usize..80) {
            let shown = inert(&text, limit);
            prop_assert!(!shown.chars().any(super::acts_when_shown));
            prop_assert_eq!(inert(&shown, usize::MAX), shown);
        }
    }
}
