//! Looks for what must never be printed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What gives a secret away, and what it is.
const MARKS: [(&str, &str); 7] = [
    ("eyJ", "a token"),
    ("client_assertion=", "a client assertion"),
    ("client_secret=", "a client secret"),
    ("Bearer ", "an access token"),
    ("X-Amz-Signature=", "a signed URL"),
    ("/custom-resource-responses/", "a ResponseURL"),
    ("x-amz-security-token", "a session token"),
];

/// The secrets in a text, as `line: what`; never the secret itself.
pub fn leaks(text: &str, known: &[String]) -> Vec<String> {
    let found = text.lines().zip(1..).flat_map(|(line, number)| {
        let marks = MARKS
            .iter()
            .filter(move |(mark, _)| line.contains(mark))
            .map(|(_, what)| *what);
        let known = known
            .iter()
            .filter(move |secret| line.contains(secret.as_str()));
        let known = known.map(|_| "a secret of this test");
        marks
            .chain(known)
            .map(move |what| format!("{number}: {what}"))
    });
    found.collect()
}

/// The secrets in all logs of a folder, and how many files were read.
pub fn leaks_in(folder: &Path, known: &[String]) -> Result<(usize, Vec<String>)> {
    let (mut files, mut found) = (0, Vec::new());
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        files += 1;
        let text = fs::read(&path)?;
        let leaks = leaks(&String::from_utf8_lossy(&text), known);
        found.extend(
            leaks
                .iter()
                .map(|leak| format!("{}:{leak}", path.display())),
        );
    }
    Ok((files, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_secret_is_found_and_not_repeated() {
        let text = "fine\nAuthorization: Bearer eyJhbGciOi\nPUT /x?X-Amz-Signature=00ff\nhunter2";
        let found = leaks(text, &["hunter2".to_owned()]);
        assert_eq!(
            found,
            [
                "2: a token",
                "2: an access token",
                "3: a signed URL",
                "4: a secret of this test"
            ]
        );
        for (mark, what) in MARKS {
            assert!(
                leaks(&format!("a {mark}b"), &[])
                    .iter()
                    .any(|leak| leak.ends_with(what))
            );
        }
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        let text =
            "answered CloudFormation at 127.0.0.1\nAADSTS7000215: Invalid client secret provided";
        assert_eq!(leaks(text, &["hunter2".to_owned()]), Vec::<String>::new());
    }

    #[test]
    fn every_file_of_a_folder_is_read() {
        let folder = std::env::temp_dir().join(format!("secret-scan-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.log"), "fine").unwrap();
        fs::write(folder.join("b.log"), "fine\nclient_secret=x").unwrap();
        let (files, found) = leaks_in(&folder, &[]).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(files, 2);
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("b.log:2: a client secret"), "{found:?}");
    }
}
