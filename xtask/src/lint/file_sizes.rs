//! A long file holds a second subject.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::output;
use crate::project::Project;

const FOLDERS: [&str; 4] = ["crates", "functions", "tests", "xtask"];
const LONGEST: usize = 400;
/// A function's `main.rs` only wires.
const LONGEST_MAIN: usize = 40;

/// Fails when a file is too long, naming all that are.
pub fn check(project: &Project) -> Result<((), String)> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        rust_files(&project.file(folder), &mut files)?;
    }
    let mut too_long = 0;
    for file in &files {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let lines = text.lines().count();
        let shown = project.shown(file).to_string();
        let limit = limit(&shown);
        if lines > limit {
            too_long += 1;
            output::line(format!("   {shown}: {lines} lines, at most {limit}"));
        }
    }
    if too_long > 0 {
        bail!("{too_long} files are too long");
    }
    Ok(((), format!("{} files", files.len())))
}

fn limit(path: &str) -> usize {
    let entry_point = path.starts_with("functions/") || path.starts_with("xtask/");
    if entry_point && path.ends_with("/src/main.rs") {
        LONGEST_MAIN
    } else {
        LONGEST
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_s_entry_point_has_the_smaller_limit() {
        assert_eq!(
            limit("functions/register-account/src/main.rs"),
            LONGEST_MAIN
        );
        assert_eq!(limit("functions/register-account/src/lib.rs"), LONGEST);
        assert_eq!(limit("crates/azure/src/arm.rs"), LONGEST);
    }

    #[test]
    fn this_very_file_is_found() {
        let project = Project::open().unwrap();
        let mut files = Vec::new();
        rust_files(&project.file("xtask"), &mut files).unwrap();
        assert!(files.contains(&project.file("xtask/src/lint/file_sizes.rs")));
    }
}
