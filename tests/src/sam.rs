//! The SAM command line, as a person uses it.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::local_cloud::LocalCloud;

/// Each run of `sam` is a Python process; more of them side by side only wait for each other.
static RUNS: Semaphore = Semaphore::const_new(2);

/// Runs `sam` in an account, and returns what it printed.
pub(crate) async fn sam(cloud: &LocalCloud, account: &str, arguments: &[String]) -> Result<String> {
    let _turn = RUNS.acquire().await.context("nobody closes the queue")?;
    let mut command = command(cloud, account, arguments);
    let output = spawn_blocking(move || command.output())
        .await?
        .context("cannot run sam")?;
    let printed = printed(&output);
    if !output.status.success() {
        bail!(
            "sam {} failed ({}):\n{printed}",
            arguments.join(" "),
            output.status
        );
    }
    Ok(printed)
}

fn command(cloud: &LocalCloud, account: &str, arguments: &[String]) -> Command {
    let nothing = cloud.root.join(".local/home/no-such-file");
    let mut command = Command::new(&cloud.sam);
    command
        .args(arguments)
        .env("AWS_ENDPOINT_URL", &cloud.aws_url)
        .env("AWS_ACCESS_KEY_ID", account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", &nothing)
        .env("AWS_SHARED_CREDENTIALS_FILE", &nothing)
        .env("SAM_CLI_TELEMETRY", "0")
        .env("SAM_CLI_POLL_DELAY", "1")
        .current_dir(&cloud.root)
        .stdin(Stdio::null());
    command
}

fn printed(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}
