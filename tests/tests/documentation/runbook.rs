//! The runbook has every sentence that the shipping code can say to a person.
//!
//! What goes to a log is not looked for, nor what is shorter than three words.

use std::collections::BTreeSet;
use std::path::Path;

use crate::files::{below, read, root};
use crate::literals::{Literal, literals};

/// What is not deployed.
const NOT_SHIPPED: &str = "crates/testkit";
/// Describes the variables for a developer.
const NOT_SAID: &str = "crates/lambda-support/src/environment.rs";
/// What is looked for in the words of others, and names that others gave.
const WORDS_OF_OTHERS: [&str; 6] = [
    "AWS API Call via CloudTrail",
    "AWS Service Event via CloudTrail",
    "CloudFormation StackSet StackInstance Status Change",
    "permission to perform action(s) '",
    "Task timed out after",
    "IAM concurrent modification",
];
/// Where a literal goes to a log, to a developer, or nowhere.
const NOT_FOR_USERS: [&str; 8] = [
    "trace!",
    "debug!",
    "info!",
    "warn!",
    "error!",
    "info_span!",
    "debug_assert!",
    "expect",
];
const FEWEST_CHARACTERS: usize = 15;
const FEWEST_WORDS: usize = 3;
/// Enough to find the place; the rest may be said in other words.
const MOST_CHARACTERS: usize = 60;

#[test]
fn every_error_text_is_in_the_runbook() {
    let runbook = plain(&read(&root().join("docs/runbook.md")));
    let texts = texts();
    assert!(
        texts.len() > 100,
        "the sources were not read: {}",
        texts.len()
    );
    let missing: Vec<&String> = texts
        .iter()
        .filter(|text| !runbook.contains(text.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "not in docs/runbook.md, with what to do about it: {missing:#?}"
    );
}

fn texts() -> BTreeSet<String> {
    let mut sources = below(&root().join("crates"), ".rs");
    sources.extend(below(&root().join("functions"), ".rs"));
    let shipped = |path: &&std::path::PathBuf| {
        let path = path.strip_prefix(root()).unwrap_or(path);
        path.components().any(|part| part.as_os_str() == "src")
            && !path.starts_with(NOT_SHIPPED)
            && path != Path::new(NOT_SAID)
    };
    let sources: Vec<_> = sources.iter().filter(shipped).collect();
    let tests: BTreeSet<String> = sources
        .iter()
        .flat_map(|path| test_modules(&read(path)))
        .collect();
    let is_test = |path: &Path| {
        path.with_extension("")
            .components()
            .any(|part| tests.contains(&*part.as_os_str().to_string_lossy()))
    };
    sources
        .into_iter()
        .filter(|path| !is_test(path.strip_prefix(root()).unwrap_or(path)))
        .flat_map(|path| said(&read(path)))
        .collect()
}

/// The names of the modules that are compiled for tests only and lie in files of their own.
fn test_modules(source: &str) -> Vec<String> {
    let after = source.split("#[cfg(test)]\n").skip(1);
    after
        .filter_map(|rest| {
            let name = rest.strip_prefix("mod ")?.split_once(';')?.0;
            (!name.contains('{')).then(|| name.to_owned())
        })
        .collect()
}

/// The heads of the sentences in a source.
fn said(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next();
    let for_users = |literal: &Literal| {
        let hidden = |call: &String| NOT_FOR_USERS.contains(&call.as_str());
        !literal.calls.iter().any(hidden) && !WORDS_OF_OTHERS.contains(&literal.text.as_str())
    };
    literals(code.unwrap_or_default())
        .iter()
        .filter(|literal| for_users(literal))
        .filter_map(|literal| head(&literal.text))
        .collect()
}

/// The first part of a text, between the places for values, that is long enough to tell it by.
fn head(text: &str) -> Option<String> {
    let parts = text
        .split('{')
        .map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    let part = parts
        .map(|part| plain(part.trim_matches(|c: char| " :;,.'\"()[]\n".contains(c))))
        .find(|part| {
            part.chars().count() >= FEWEST_CHARACTERS && part.split(' ').count() >= FEWEST_WORDS
        })?;
    if part.chars().count() <= MOST_CHARACTERS {
        return Some(part);
    }
    let cut: String = part.chars().take(MOST_CHARACTERS).collect();
    cut.rsplit_once(' ').map(|(whole, _)| whole.to_owned())
}

/// Without what only formats: Markdown's marks, line ends.
fn plain(text: &str) -> String {
    let text = text.replace(['`', '*'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_sentence_is_found_wherever_it_is_said() {
    let source = r#"
#[error("AWS account {account} already has the IAM role {name}")]
enum E {}
fn f() {
    warn!(id = %id, "only the log hears this sentence");
    Err(Failure::new(format!("{path}: this property cannot be {value} today")))
}
#[cfg(test)]
mod tests { fn g() { say("nobody but a test says this") } }
"#;
    assert_eq!(
        said(source),
        ["already has the IAM role", "this property cannot be"]
    );
}

#[test]
fn a_long_text_is_told_by_its_head_and_a_short_one_not_at_all() {
    let long =
        "Give the identity a federated credential that equals what the token said, to the letter";
    let cut = head(long);
    assert_eq!(
        cut.as_deref(),
        Some("Give the identity a federated credential that equals what")
    );
    assert_eq!(head("{} answered {status}"), None);
    assert_eq!(head("could not {}: "), None);
}

#[test]
fn modules_for_tests_are_told_by_their_declaration() {
    let source = "#[cfg(test)]\nmod world;\nmod kept;\n#[cfg(test)]\nmod tests {}\n";
    assert_eq!(test_modules(source), ["world"]);
}
