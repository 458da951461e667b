//! From a machine with only Rust and Python 3.11 to one that has every tool, pinned, in `.local`.

use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::{local_cloud, output, process, settings};

mod python;
mod venv;

const CARGO_DENY: &str = "0.20.2";

/// Emulator, tools and the Azure double, side by side: the first two wait for the network, the third
/// needs the processor.
pub fn for_local_cloud(project: &Project) -> Result<()> {
    side_by_side([
        &|| venv::emulator(project),
        &|| venv::tools(project),
        &|| local_cloud::build_azure_double(project),
    ])
}

/// What building and measuring the functions needs.
pub fn for_tools(project: &Project) -> Result<()> {
    venv::tools(project)
}

/// What checking the sources needs.
pub fn for_lint(project: &Project) -> Result<()> {
    components(project)?;
    side_by_side([&|| venv::tools(project), &|| venv::checks(project), &|| {
        cargo_deny(project)
    }])
}

/// Starts all, waits for all, and returns the first problem.
fn side_by_side<const N: usize>(works: [&(dyn Fn() -> Result<()> + Sync); N]) -> Result<()> {
    thread::scope(|scope| {
        let running = works.map(|work| scope.spawn(work));
        running
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| anyhow::bail!("a set-up step panicked"))
            })
            .into_iter()
            .collect()
    })
}

/// rustfmt and clippy: part of `rust-toolchain.toml`, but a toolchain that was there before may
/// lack them.
fn components(project: &Project) -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let mut probe = Command::new(settings::cargo());
        probe
            .args([subcommand, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if probe.status().is_ok_and(|status| status.success()) {
            continue;
        }
        let mut add = Command::new("rustup");
        add.args(["component", "add", component])
            .current_dir(project.root());
        process::run(project, &format!("rustup {component}"), &mut add).with_context(|| {
            format!("cargo {subcommand} is missing: install the component {component}")
        })?;
    }
    Ok(())
}

/// cargo-deny, compiled without optimisation: a minute instead of five, and it runs for seconds.
fn cargo_deny(project: &Project) -> Result<()> {
    let root = project.local("cargo");
    let installed = Command::new(root.join("bin/cargo-deny"))
        .arg("--version")
        .output();
    let wanted = format!("cargo-deny {CARGO_DENY}");
    if installed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == wanted) {
        return Ok(());
    }
    let mut install = Command::new(settings::cargo());
    install
        .args([
            "install",
            "--locked",
            "--debug",
            "--no-default-features",
            "--root",
        ])
        .arg(&root)
        .args(["--version", CARGO_DENY, "cargo-deny"])
        .env("CARGO_TARGET_DIR", project.local("cargo-target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_TERM_COLOR", "never")
        // Not the checkout: its toolchain file and configuration are for our code.
        .current_dir(project.local(""));
    let took = process::run(project, "install cargo-deny", &mut install)?;
    output::line(format!(
        "   cargo-deny {CARGO_DENY} in {}",
        output::seconds(took)
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::side_by_side;

    #[test]
    fn a_problem_in_one_is_a_problem_of_all() {
        assert!(side_by_side([&|| Ok(()), &|| Ok(())]).is_ok());
        let error = side_by_side([&|| Ok(()), &|| anyhow::bail!("no room")]).unwrap_err();
        assert_eq!(error.to_string(), "no room");
    }
}
