//! Checks by others: linters of IAM policies, and Microsoft's own Python SDK, run by `tests/checks`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::{process, unittest};

/// The variable that has the Azure double record every connector body it is sent into a folder.
pub const RECORD_INTO: &str = "CONNECTOR_BODIES";

const FOLDER: &str = "tests/checks";

/// Whose bodies were recorded.
#[derive(Debug, Clone, Copy)]
pub enum Sender {
    /// The tests of the workspace, each with an Azure double of its own.
    Tests,
    /// The functions on the local cloud.
    LocalCloud,
}

impl Sender {
    fn name(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::LocalCloud => "local-cloud",
        }
    }

    fn folder(self, project: &Project) -> PathBuf {
        project.local("connector-bodies").join(self.name())
    }
}

/// The unit tests of the checks themselves.
pub fn unit_tests(project: &Project) -> Result<((), String)> {
    unittest::run(project, "checks", &project.checks_python(), FOLDER)
}

/// Every IAM policy of the templates, by parliament and cloudsplaining.
pub fn policies(project: &Project) -> Result<((), String)> {
    let mut command = script(project, "policies.py");
    command.arg(project.root());
    run(project, "policies", &mut command)
}

/// The folder to record into, without the last run's bodies.
pub fn empty_recording(project: &Project, sender: Sender) -> Result<PathBuf> {
    let folder = sender.folder(project);
    empty(&folder)?;
    Ok(folder)
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Every connector body that was recorded, by azure-mgmt-security.
pub fn request_bodies(project: &Project, sender: Sender) -> Result<((), String)> {
    let mut command = script(project, "connector_bodies.py");
    command.arg(sender.folder(project));
    let log = format!("request bodies of {}", sender.name());
    run(project, &log, &mut command)
}

fn script(project: &Project, name: &str) -> Command {
    let mut command = Command::new(project.checks_python());
    command
        .arg(project.file(FOLDER).join(name))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(project.root());
    command
}

/// Runs a check, whose last line says how much it looked at.
fn run(project: &Project, log: &str, command: &mut Command) -> Result<((), String)> {
    process::run(project, log, command)?;
    let last = process::last_lines(&project.log_file(log), 1).pop();
    last.map(|line| ((), line))
        .with_context(|| format!("{log}: the check said nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not in the project's own folder: this test may run while others are recorded there.
    #[test]
    fn a_recording_begins_empty() {
        let folder = std::env::temp_dir().join(format!("recording-{}", std::process::id()));
        empty(&folder).unwrap();
        fs::write(folder.join("old.jsonl"), "{}").unwrap();
        empty(&folder).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn senders_are_told_apart() {
        let project = Project::open().unwrap();
        assert_ne!(
            Sender::Tests.folder(&project),
            Sender::LocalCloud.folder(&project)
        );
    }
}
