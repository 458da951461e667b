//! Short Python programs that look at the local cloud through the AWS SDK for Python.

use std::process::Command;

use anyhow::Result;

use crate::local_cloud::LocalCloud;
use crate::process;
use crate::project::Project;

/// Who looks, and where.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// Where everything lies.
    pub project: &'a Project,
    /// The local cloud.
    pub cloud: &'a LocalCloud,
    /// The account whose root looks.
    pub account: &'a str,
}

impl Viewer<'_> {
    /// Runs a program to its end and gives back what it printed.
    pub fn run(&self, name: &str, program: &str, arguments: &[&str]) -> Result<String> {
        let mut python = Command::new(self.project.tool("python"));
        python
            .args(["-c", program])
            .args(arguments)
            .env_clear()
            .env("HOME", self.project.local("home"))
            .envs(self.cloud.client_environment(self.project, self.account));
        let what = format!("{name} {} of account {}", arguments.join(" "), self.account);
        process::read(&what, &mut python)
    }
}
