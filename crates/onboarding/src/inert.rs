//! Text that others wrote, made harmless for a log line, a terminal or a stack event.

/// What stands where a token was.
const REDACTED: &str = "[token]";

/// Text from a service on one line: control characters and those that turn or hide text are
/// escaped, anything that looks like a signed token is taken out, and at most `longest` characters
/// are kept.
pub fn inert(text: &str, longest: usize) -> String {
    let mut line = String::with_capacity(text.len().min(longest * 2));
    for (kept, c) in without_tokens(text).trim().chars().enumerate() {
        if kept == longest {
            line.push('…');
            break;
        }
        match c {
            '\r' | '\n' | '\t' | ' ' if line.ends_with(' ') => {}
            '\r' | '\n' | '\t' => line.push(' '),
            c if c.is_control() || misleads(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    line
}

/// Characters that are not shown but change how what follows is shown.
fn misleads(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{061c}' | '\u{e0000}'..='\u{e007f}')
}

/// A JSON Web Token starts with `{"`, which is `eyJ` in base64.
fn without_tokens(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("eyJ") {
        let (before, from) = rest.split_at(start);
        let belongs = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        let end = from.find(|c| !belongs(c)).unwrap_or(from.len());
        clean.push_str(before);
        clean.push_str(if end >= 20 { REDACTED } else { &from[..end] });
        rest = &from[end..];
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_and_direction_characters_cannot_act() {
        assert_eq!(
            inert("a\u{1b}[31mred\u{202e}b", 99),
            "a\\u{1b}[31mred\\u{202e}b"
        );
        assert_eq!(
            inert("  first\r\n second\tthird \n", 99),
            "first second third"
        );
    }

    #[test]
    fn tokens_are_taken_out() {
        let text = "bad assertion eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln, sorry";
        assert_eq!(inert(text, 99), "bad assertion [token], sorry");
        assert_eq!(inert("eyJ is base64", 99), "eyJ is base64");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(inert("äöü", 2), "äö…");
        assert_eq!(inert("äöü", 3), "äöü");
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_short_visible_line(text in "(\\PC|\\pC|eyJ[a-z]{30}){0,80}") {
            let line = inert(&text, 40);
            prop_assert!(!line.chars().any(|c| c.is_control() || misleads(c)));
            prop_assert!(!line.contains("eyJaaaaaaaaaaaaaaaaaaaa"));
            prop_assert!(line.chars().count() <= 40 * 10 + 1);
        }
    }
}
