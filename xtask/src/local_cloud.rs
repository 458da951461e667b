//! The local cloud: the AWS emulator with our extension, and the Azure double beside it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::checks::{self, Sender};
use crate::project::Project;
use crate::{output, process, settings};

pub mod contract;
pub mod server;

use server::Server;

const EXTENSION: &str = "tests/local-cloud/local_cloud.py";
const REGION: &str = "eu-west-1";
/// The port that the sample events answer to, for whoever sends them to a local cloud that stays up.
const EVENTS_PORT: u16 = 4566;

/// Both servers. They end with this value, and with this process however it ends: each watches
/// its standard input.
#[derive(Debug)]
pub struct LocalCloud {
    emulator: Server,
    azure_double: Server,
    emulator_url: String,
    azure_url: String,
}

impl LocalCloud {
    /// Starts both on free ports and waits until both answer.
    pub fn start(project: &Project) -> Result<Self> {
        let (emulator_port, azure_port) = free_ports()?;
        let emulator_url = format!("http://127.0.0.1:{emulator_port}");
        let azure_url = format!("http://127.0.0.1:{azure_port}");

        let mut emulator = emulator_command(project, emulator_port, &azure_url);
        let mut double = Command::new(azure_double_binary(project));
        double
            .args([
                "--port",
                &azure_port.to_string(),
                "--aws-endpoint",
                &emulator_url,
            ])
            .arg("--watch-stdin")
            .env(
                checks::RECORD_INTO,
                checks::empty_recording(project, Sender::LocalCloud)?,
            );
        let mut cloud = Self {
            emulator: Server::start(project, "emulator", &mut emulator)?,
            azure_double: Server::start(project, "azure-double", &mut double)?,
            emulator_url,
            azure_url,
        };
        cloud
            .emulator
            .wait_for(&format!("{}/_ministack/health", cloud.emulator_url))?;
        cloud
            .azure_double
            .wait_for(&format!("{}/_double/requests", cloud.azure_url))?;
        output::line(format!("   AWS   {}  (emulator)", cloud.emulator_url));
        output::line(format!("   Azure {}  (double)", cloud.azure_url));
        Ok(cloud)
    }

    /// Base URL of the AWS emulator.
    pub fn emulator_url(&self) -> &str {
        &self.emulator_url
    }

    /// Base URL of the Azure double.
    pub fn azure_url(&self) -> &str {
        &self.azure_url
    }

    /// What makes any AWS client talk to `account` of the local cloud, as its root.
    pub fn client_environment(&self, project: &Project, account: &str) -> Vec<(&str, String)> {
        let nothing = project.local("home/no-such-file").display().to_string();
        vec![
            ("AWS_ENDPOINT_URL", self.emulator_url.clone()),
            ("AWS_ACCESS_KEY_ID", account.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", nothing.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", nothing),
            ("AWS_PAGER", String::new()),
            ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
            ("SAM_CLI_TELEMETRY", "0".to_owned()),
            ("SAM_CLI_POLL_DELAY", "1".to_owned()),
        ]
    }
}

/// Compiles the Azure double, in the profile of the tests.
pub fn build_azure_double(project: &Project) -> Result<()> {
    let mut build = Command::new(settings::cargo());
    build
        .args([
            "build",
            "--locked",
            "--package",
            "testkit",
            "--bin",
            "azure-double",
        ])
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(project.root());
    process::run(project, "build azure-double", &mut build).map(drop)
}

/// Everything that functions print, also while the stack that owns their log groups is deleted.
pub fn function_log(project: &Project) -> PathBuf {
    project.log_file("functions")
}

fn azure_double_binary(project: &Project) -> PathBuf {
    project.file("target/debug/azure-double")
}

/// Functions inherit the emulator's whole environment, so it is written out and nothing else
/// gets in: a developer's own `AWS_PROFILE` or `AZURE_CLIENT_ID` would change what is tested.
fn emulator_command(project: &Project, port: u16, azure_url: &str) -> Command {
    let port = port.to_string();
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(project.emulator_python());
    command
        .arg(project.file(EXTENSION))
        .env_clear()
        .env("PATH", settings::search_path())
        .env("HOME", project.local("home"))
        .env("TMPDIR", project.local("tmp"))
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        .env("GATEWAY_PORT", port)
        .env("SFTP_ENABLED", "0")
        .env("IOT_MTLS_ENABLED", "0")
        .env("AUTH", "true")
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("LOCAL_CLOUD_STDIN", "watch")
        .env("LOCAL_CLOUD_FUNCTION_LOG", function_log(project))
        .env("AZURE_AUTHORITY_HOST", azure_url)
        .env("AZURE_RESOURCE_MANAGER_URL", azure_url)
        .current_dir(project.root());
    command
}

/// Two ports that nobody uses, held until both are known so that they differ. The first is that of
/// the sample events, if it is free.
fn free_ports() -> Result<(u16, u16)> {
    let bind = |port| TcpListener::bind(("127.0.0.1", port));
    let any = || bind(0).context("cannot open a port on 127.0.0.1");
    let (first, second) = (bind(EVENTS_PORT).or_else(|_| any())?, any()?);
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emulator_sees_nothing_of_ours_but_what_is_written_out() {
        let project = Project::open().unwrap();
        let command = emulator_command(&project, 4566, "http://127.0.0.1:4567");
        let names: Vec<String> = command
            .get_envs()
            .filter_map(|(name, value)| value.map(|_| name.to_string_lossy().into_owned()))
            .collect();
        assert!(names.contains(&"AUTH".to_owned()));
        assert!(
            !names
                .iter()
                .any(|name| name == "AZURE_CLIENT_ID" || name == "AWS_PROFILE")
        );
    }

    #[test]
    fn ports_differ() {
        let (first, second) = free_ports().unwrap();
        assert_ne!(first, second);
    }
}
