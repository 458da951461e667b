//! The SAM commands, as a person would type them.

use std::process::Command;

use anyhow::Result;

use crate::local_cloud::{self, LocalCloud};
use crate::project::Project;
use crate::{output, process, settings};

/// Lines of the functions' output that are shown when a stack fails.
const FUNCTION_LINES: usize = 20;

/// `sam validate --lint`. It needs a region, and neither an account nor a network.
pub fn validate(project: &Project) -> Result<()> {
    let mut command = sam(project, &["validate", "--lint"])?;
    command
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    process::run(project, "sam validate", &mut command).map(drop)
}

/// `sam build`: the release binaries of all functions, by cargo-lambda.
pub fn build(project: &Project) -> Result<()> {
    let mut command = sam(project, &["build"])?;
    command
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_PROGRESS_WHEN", "never");
    process::run(project, "sam build", &mut command).map(drop)
}

/// One stack in one account of the local cloud.
#[derive(Debug)]
pub struct Stack<'a> {
    /// Where everything lies.
    pub project: &'a Project,
    /// The local cloud it is deployed to.
    pub cloud: &'a LocalCloud,
    /// The account that deploys.
    pub account: &'a str,
    /// The stack's name.
    pub name: &'a str,
}

impl Stack<'_> {
    /// `sam deploy`, to the end of the stack's creation or update.
    pub fn deploy(&self, log: &str, parameters: &[(&str, String)]) -> Result<()> {
        let mut command = self.command("deploy")?;
        command.arg("--parameter-overrides").args(
            parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        self.run(log, command)
    }

    /// `sam delete`, to the end of the stack's deletion.
    pub fn delete(&self) -> Result<()> {
        let mut command = self.command("delete")?;
        command.arg("--no-prompts");
        self.run("sam delete", command)
    }

    /// Capabilities and the like come from the set `local` of samconfig.toml.
    fn command(&self, subcommand: &str) -> Result<Command> {
        sam(
            self.project,
            &[
                subcommand,
                "--config-env",
                "local",
                "--stack-name",
                self.name,
            ],
        )
    }

    fn run(&self, log: &str, mut command: Command) -> Result<()> {
        command.envs(self.cloud.client_environment(self.project, self.account));
        process::run(self.project, log, &mut command)
            .map(drop)
            .inspect_err(|_| self.show_functions())
    }

    /// What the functions printed last says why, where the stack's events only say that.
    fn show_functions(&self) {
        let log = local_cloud::function_log(self.project);
        output::line(format!("   the end of {}:", self.project.shown(&log)));
        for line in process::last_lines(&log, FUNCTION_LINES) {
            output::line(format!("   | {line}"));
        }
    }
}

fn sam(project: &Project, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(project.tool("sam"));
    for variable in settings::foreign_cloud_variables() {
        command.env_remove(variable);
    }
    command
        .args(arguments)
        .env(
            "PATH",
            settings::search_path_with(&project.local("tools/bin"))?,
        )
        .env("SAM_CLI_TELEMETRY", "0")
        .env("PYTHONUNBUFFERED", "1")
        .current_dir(project.root());
    Ok(command)
}
