//! What the tests on the local cloud are given. They live in the package `integration-tests` as
//! `tests/tests/local_cloud*.rs`, need its feature `local-cloud`, and read these variables only.

use std::process::Command;

use anyhow::Result;

use super::LocalCloud;
use crate::project::Project;
use crate::settings;

/// Base URL of the AWS emulator, `http://127.0.0.1:<port>`, without a slash at the end.
pub const LOCAL_CLOUD_URL: &str = "LOCAL_CLOUD_URL";
/// Base URL of the Azure double: Entra, Resource Manager and its admin API.
pub const AZURE_DOUBLE_URL: &str = "AZURE_DOUBLE_URL";
/// Folder with `emulator.log`, `azure-double.log` and `functions.log` (what every function printed,
/// each line after its account and name). Tests may write there; all of it is read for secrets.
pub const LOCAL_CLOUD_LOGS: &str = "LOCAL_CLOUD_LOGS";
/// The `sam` program. Its folder is also first on `PATH`.
pub const SAM_BIN: &str = "SAM_BIN";
/// A Python that has boto3.
pub const TOOLS_PYTHON: &str = "TOOLS_PYTHON";
/// A Python that has azure-mgmt-security.
pub const CHECKS_PYTHON: &str = "CHECKS_PYTHON";
/// The checkout.
pub const PROJECT_ROOT: &str = "PROJECT_ROOT";
/// The template that `sam build` left behind; the release binaries lie beside it.
pub const BUILT_TEMPLATE: &str = "BUILT_TEMPLATE";

/// The feature, named as cargo wants it on a whole workspace.
pub const FEATURE: &str = "integration-tests/local-cloud";
/// The test binaries.
pub const TESTS: &str = "local_cloud*";

/// Gives `command` the variables above, and takes away those that would lead to a real cloud.
pub fn apply(command: &mut Command, project: &Project, cloud: &LocalCloud) -> Result<()> {
    for variable in settings::foreign_cloud_variables() {
        command.env_remove(variable);
    }
    command
        .env(
            "PATH",
            settings::search_path_with(&project.local("tools/bin"))?,
        )
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("SAM_CLI_TELEMETRY", "0")
        // Many tests wait for a deadline of Azure's or AWS's; they bound their own load.
        .env("RUST_TEST_THREADS", "12")
        .env(LOCAL_CLOUD_URL, cloud.emulator_url())
        .env(AZURE_DOUBLE_URL, cloud.azure_url())
        .env(LOCAL_CLOUD_LOGS, project.logs())
        .env(SAM_BIN, project.tool("sam"))
        .env(TOOLS_PYTHON, project.tool("python"))
        .env(CHECKS_PYTHON, project.checks_python())
        .env(PROJECT_ROOT, project.root())
        .env(BUILT_TEMPLATE, project.built("template.yaml"));
    Ok(())
}
