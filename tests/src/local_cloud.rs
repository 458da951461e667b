//! The local cloud that `cargo xtask test` has started.

#![expect(
    clippy::disallowed_methods,
    reason = "the bans are for functions: tests are told their local cloud by the environment, and \
              talk plain HTTP to it"
)]

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

/// Where everything is.
#[derive(Debug, Clone)]
pub struct LocalCloud {
    /// Base URL of the AWS emulator.
    pub aws_url: String,
    /// Base URL of the Azure double.
    pub azure_url: String,
    /// Folder of everything that functions and servers print.
    pub logs: PathBuf,
    /// The checkout.
    pub root: PathBuf,
    /// The template that `sam build` made.
    pub template: PathBuf,
    /// The `sam` program.
    pub sam: PathBuf,
    /// A Python that has Microsoft's SDK for Azure.
    pub checks_python: PathBuf,
}

impl LocalCloud {
    /// Reads it from the environment.
    pub fn open() -> Result<Self> {
        let cloud = Self {
            aws_url: variable("LOCAL_CLOUD_URL")?,
            azure_url: variable("AZURE_DOUBLE_URL")?,
            logs: variable("LOCAL_CLOUD_LOGS")?.into(),
            root: variable("PROJECT_ROOT")?.into(),
            template: variable("BUILT_TEMPLATE")?.into(),
            sam: variable("SAM_BIN")?.into(),
            checks_python: variable("CHECKS_PYTHON")?.into(),
        };
        anyhow::ensure!(
            cloud.template.is_file(),
            "{} is missing: these tests need the functions that 'sam build' makes; run 'cargo xtask test'",
            cloud.template.display()
        );
        Ok(cloud)
    }

    /// An HTTP client. Each test makes its own: pooled connections live in a test's runtime.
    pub fn http() -> Result<reqwest::Client> {
        reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_mins(2))
            .build()
            .context("cannot make an HTTP client")
    }
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| {
        format!("{name} is not set: these tests need a local cloud; run 'cargo xtask test'")
    })
}
