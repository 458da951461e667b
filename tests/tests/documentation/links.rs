//! Relative links of all Markdown files, and the headings that they name.

use std::path::Path;

use crate::files::{below, read, root};

#[test]
fn every_relative_link_leads_somewhere() {
    let files = below(&root(), ".md");
    assert!(files.len() > 5, "the Markdown files were not found");
    let mut broken = Vec::new();
    for file in files {
        for link in links(&read(&file)) {
            if !leads_somewhere(&file, &link) {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn leads_somewhere(file: &Path, link: &str) -> bool {
    if link.contains("://") {
        return true;
    }
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match (path, file.parent()) {
        ("", _) | (_, None) => file.to_owned(),
        (path, Some(folder)) => folder.join(path),
    };
    target.exists()
        && (heading.is_empty() || headings(&read(&target)).contains(&heading.to_owned()))
}

/// The targets of `[text](target)`, outside code.
fn links(markdown: &str) -> Vec<String> {
    let text = without_code(markdown);
    let targets = text.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// The anchors of a file's headings, as GitHub makes them.
fn headings(markdown: &str) -> Vec<String> {
    let anchor = |title: &str| {
        let kept = title.trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    let titles = markdown.lines().filter(|line| line.starts_with('#'));
    titles
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

fn without_code(markdown: &str) -> String {
    let prose = markdown.split("```").step_by(2).collect::<String>();
    prose.split('`').step_by(2).collect()
}

#[test]
fn links_are_read_outside_code() {
    let text = "a [b](c.md) `[x](y)` [d](e#f)\n```sh\n[g](h)\n```\n[i](j)";
    assert_eq!(links(text), ["c.md", "e#f", "j"]);
}

#[test]
fn a_heading_has_githubs_anchor() {
    let text = "# A delete: fails, `twice`\ntext\n### More_log";
    assert_eq!(headings(text), ["a-delete-fails-twice", "more_log"]);
}

#[test]
fn a_link_to_nothing_is_seen() {
    let readme = root().join("docs/decisions/README.md");
    assert!(leads_somewhere(&readme, "../../Cargo.toml"));
    assert!(leads_somewhere(&readme, "#decisions"));
    assert!(!leads_somewhere(&readme, "#nothing-of-this-name"));
    assert!(!leads_somewhere(&readme, "0000-nothing.md"));
}
