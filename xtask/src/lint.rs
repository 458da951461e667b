//! `cargo xtask lint`: all checks that run nothing of ours.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::project::Project;
use crate::summary::Summary;
use crate::{checks, process, sam, settings, setup};

mod file_sizes;

pub use file_sizes::check as file_sizes;

/// Runs all of them, fast ones first.
pub fn run(project: &Project) -> Result<()> {
    let mut summary = Summary::start();
    let result = steps(project, &mut summary);
    summary.close(result)
}

fn steps(project: &Project, summary: &mut Summary) -> Result<()> {
    summary.step("Set up", || setup::for_lint(project))?;
    fast(project, summary)?;
    summary.step("clippy", || clippy(project))
}

/// The checks that take seconds.
pub fn fast(project: &Project, summary: &mut Summary) -> Result<()> {
    summary.step("rustfmt", || formatting(project))?;
    summary.step_with_note("File sizes", || file_sizes(project))?;
    summary.step("Templates: cfn-lint", || templates(project))?;
    summary.step("Templates: sam validate --lint", || sam::validate(project))?;
    summary.step_with_note("Policies: parliament, cloudsplaining", || {
        checks::policies(project)
    })?;
    summary.step("cargo-deny", || dependencies(project))
}

fn formatting(project: &Project) -> Result<()> {
    process::run(
        project,
        "cargo fmt",
        cargo(project).args(["fmt", "--all", "--check"]),
    )
    .map(drop)
}

/// clippy with warnings denied, on everything there is to compile.
pub fn clippy(project: &Project) -> Result<()> {
    let mut command = cargo(project);
    command
        .args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--all-features",
        ])
        .args(["--", "-D", "warnings"]);
    process::run(project, "cargo clippy", &mut command).map(drop)
}

/// The documentation, private items included, with warnings denied.
pub fn documentation(project: &Project) -> Result<()> {
    let mut command = cargo(project);
    command
        .args([
            "doc",
            "--locked",
            "--workspace",
            "--all-features",
            "--no-deps",
        ])
        .arg("--document-private-items")
        .env("RUSTDOCFLAGS", "-D warnings");
    process::run(project, "cargo doc", &mut command).map(drop)
}

/// Licences, bans and sources. `deny.toml` says why advisories are not among them.
fn dependencies(project: &Project) -> Result<()> {
    let mut command = Command::new(project.local("cargo/bin/cargo-deny"));
    command
        .args([
            "--locked",
            "--all-features",
            "--color",
            "never",
            "check",
            "--hide-inclusion-graph",
        ])
        .args(["bans", "licenses", "sources"])
        .current_dir(project.root());
    process::run(project, "cargo deny", &mut command).map(drop)
}

fn templates(project: &Project) -> Result<()> {
    let mut nested = Vec::new();
    for entry in fs::read_dir(project.file("templates"))? {
        nested.push(entry?.path());
    }
    nested.sort();
    let mut command = Command::new(project.tool("cfn-lint"));
    command
        .arg("template.yaml")
        .args(
            nested
                .iter()
                .map(|path| path.strip_prefix(project.root()).unwrap_or(path)),
        )
        .current_dir(project.root());
    process::run(project, "cfn-lint", &mut command).map(drop)
}

/// cargo, at the root, without colours in its log.
pub fn cargo(project: &Project) -> Command {
    let mut command = Command::new(settings::cargo());
    command
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(project.root());
    command
}
