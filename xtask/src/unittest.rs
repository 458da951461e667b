//! Unit tests that are written in Python.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::project::Project;

/// Runs the tests of a folder, of which there must be some; says how many.
pub fn run(project: &Project, name: &str, python: &Path, folder: &str) -> Result<((), String)> {
    let log = format!("{name} tests");
    let mut command = Command::new(python);
    command
        .args(["-m", "unittest", "discover", folder])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TMPDIR", project.local("tmp"))
        .current_dir(project.root());
    process::run(project, &log, &mut command)?;
    let text = fs::read_to_string(project.log_file(&log))?;
    match count(&text) {
        Some(line) => Ok(((), line.to_owned())),
        None => bail!("unittest found no tests in {folder}"),
    }
}

/// The line `Ran 12 tests in 0.3s`, unless there were none.
fn count(log: &str) -> Option<&str> {
    log.lines()
        .find(|line| line.starts_with("Ran ") && !line.starts_with("Ran 0 "))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn no_test_is_no_count() {
        let log = "..\n-----\nRan 2 tests in 0.001s\n\nOK\n";
        assert_eq!(count(log), Some("Ran 2 tests in 0.001s"));
        assert_eq!(count("Ran 0 tests in 0.000s\n\nOK\n"), None);
        assert_eq!(count(""), None);
    }
}
