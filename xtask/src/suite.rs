//! `cargo xtask test`: everything that CI runs, what fails fast first.

use std::fs;

use anyhow::{Result, bail};

use crate::checks::{self, Sender};
use crate::local_cloud::{LocalCloud, contract};
use crate::project::Project;
use crate::summary::Summary;
use crate::{bench, lint, log_check, process, sam, setup, unittest};

/// Runs it all; the last line says how many steps passed and failed.
pub fn run(project: &Project) -> Result<()> {
    let mut summary = Summary::start();
    let result = steps(project, &mut summary);
    summary.close(result)
}

/// One after the other: two cargos at once would wait for each other, or fill the memory.
fn steps(project: &Project, summary: &mut Summary) -> Result<()> {
    summary.step("Set up", || {
        setup::for_lint(project).and_then(|()| setup::for_local_cloud(project))
    })?;
    lint::fast(project, summary)?;
    summary.step_with_note("Tests of the emulator's extension", || extension(project))?;
    summary.step_with_note("Tests of the checks", || checks::unit_tests(project))?;
    summary.step("clippy", || lint::clippy(project))?;
    summary.step_with_note("Tests", || workspace(project))?;
    summary.step_with_note("Request bodies of the tests: azure-mgmt-security", || {
        checks::request_bodies(project, Sender::Tests)
    })?;
    summary.step("Documentation", || lint::documentation(project))?;
    summary.step("Build the functions", || sam::build(project))?;
    summary.step_with_note("Budgets", || bench::zip_sizes(project))?;
    summary.step_with_note("Tests on the local cloud", || on_local_cloud(project))?;
    summary.step_with_note(
        "Request bodies of the functions: azure-mgmt-security",
        || checks::request_bodies(project, Sender::LocalCloud),
    )
}

fn workspace(project: &Project) -> Result<((), String)> {
    let mut command = lint::cargo(project);
    command
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .env("INSTA_UPDATE", "no")
        .env(
            checks::RECORD_INTO,
            checks::empty_recording(project, Sender::Tests)?,
        );
    process::run(project, "cargo test", &mut command)?;
    counted(project, "cargo test")
}

fn extension(project: &Project) -> Result<((), String)> {
    let python = project.emulator_python();
    unittest::run(project, "extension", &python, "tests/local-cloud")
}

/// The whole workspace with one binary picked, not one package: other features of the shared
/// dependencies would compile the AWS SDK a second time.
fn on_local_cloud(project: &Project) -> Result<((), String)> {
    let cloud = LocalCloud::start(project)?;
    let mut command = lint::cargo(project);
    command
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .args(["--features", contract::FEATURE, "--test", contract::TESTS])
        .env("INSTA_UPDATE", "no");
    contract::apply(&mut command, project, &cloud)?;
    process::run(project, "local cloud tests", &mut command)?;
    let ((), tests) = counted(project, "local cloud tests")?;
    let logs = log_check::run(project, Vec::new())?;
    Ok(((), format!("{tests}; {logs}")))
}

fn counted(project: &Project, log: &str) -> Result<((), String)> {
    let text = fs::read_to_string(project.log_file(log))?;
    match passed(&text) {
        0 => bail!("{log}: no test ran"),
        count => Ok(((), format!("{count} tests"))),
    }
}

/// Sums `test result: ok. 12 passed; …` over all test binaries.
fn passed(log: &str) -> usize {
    let results = log
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "));
    results
        .filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_over_all_binaries() {
        let log = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\
                   test result: ok. 40 passed; 0 failed\ntest result: FAILED. 1 passed; 1 failed";
        assert_eq!(passed(log), 42);
        assert_eq!(passed(""), 0);
    }
}
