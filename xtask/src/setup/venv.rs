//! The three virtual environments. They cannot be one: the emulator and SAM pin different botocores,
//! and parliament takes the newest.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::python;
use crate::project::Project;
use crate::{output, process};

/// The emulator's.
pub fn emulator(project: &Project) -> Result<()> {
    install(project, "emulator", "tests/local-cloud/requirements.txt")
}

/// sam, cargo-lambda, the linker it uses, cfn-lint.
pub fn tools(project: &Project) -> Result<()> {
    install(project, "tools", "tests/local-cloud/requirements-tools.txt")
}

/// The linters of IAM policies and Microsoft's SDK.
pub fn checks(project: &Project) -> Result<()> {
    install(project, "checks", "tests/checks/requirements.txt")
}

/// One pip command for all: a package installed afterwards would lift another's pinned version.
fn install(project: &Project, name: &str, requirements: &str) -> Result<()> {
    let wanted = fs::read_to_string(project.file(requirements))
        .with_context(|| format!("cannot read {requirements}"))?;
    let folder = project.local(name);
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let interpreter = folder.join("bin/python");
    if !starts(&interpreter) {
        let mut create = Command::new(python::find()?);
        create.args(["-m", "venv", "--clear"]).arg(&folder);
        process::run(project, &format!("python venv {name}"), &mut create)?;
    }
    let mut pip = Command::new(&interpreter);
    pip.args([
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
    ])
    .args(["--progress-bar", "off", "--requirement"])
    .arg(project.file(requirements))
    .current_dir(project.root());
    let took = process::run(project, &format!("pip {name}"), &mut pip)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    output::line(format!("   {name} installed in {}", output::seconds(took)));
    Ok(())
}

/// An environment outlives the Python that it links to.
fn starts(interpreter: &PathBuf) -> bool {
    let mut probe = Command::new(interpreter);
    probe
        .args(["-c", "import pip"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
