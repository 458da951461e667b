//! What is shown. Every line also goes to a transcript, which the log check reads afterwards.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};

static TRANSCRIPT: Mutex<Option<File>> = Mutex::new(None);

/// Keeps what is shown from here on in `file`.
pub fn keep_transcript(file: &Path) -> Result<()> {
    let file = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    if let Ok(mut transcript) = TRANSCRIPT.lock() {
        *transcript = Some(file);
    }
    Ok(())
}

/// Shows a line.
#[expect(
    clippy::print_stdout,
    reason = "a command-line tool shows its progress"
)]
pub fn line(text: impl AsRef<str>) {
    let text = text.as_ref();
    println!("{text}");
    if let Ok(mut transcript) = TRANSCRIPT.lock()
        && let Some(file) = transcript.as_mut()
    {
        // A transcript that cannot be written must not end the run it describes.
        let _ = writeln!(file, "{text}");
    }
}

/// Shows a heading.
pub fn heading(text: &str) {
    line(format!("\n== {text}"));
}

/// `1.4 s`, `2 min 05 s`.
pub fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// Makes text of others inert on a terminal, and one line of at most `limit` characters.
pub fn inert(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    let mut characters = text.trim_end().chars();
    while let Some(character) = characters.next() {
        match character {
            // A colour sequence ends with a letter.
            '\u{1b}' => {
                let _ = characters.by_ref().find(char::is_ascii_alphabetic);
            }
            c if c.is_control() => shown.push(' '),
            c => shown.push(c),
        }
    }
    if shown.chars().count() <= limit {
        return shown;
    }
    shown
        .chars()
        .take(limit.saturating_sub(1))
        .chain(['…'])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(1449)), "1.4 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn control_sequences_do_not_reach_the_terminal() {
        assert_eq!(
            inert("\u{1b}[1;32mCompiling\u{1b}[0m serde\u{7}\tv1\n", 80),
            "Compiling serde  v1"
        );
    }

    #[test]
    fn long_text_is_cut_on_a_character() {
        assert_eq!(inert("äöüß", 3), "äö…");
        assert_eq!(inert("äöü", 3), "äöü");
    }
}
