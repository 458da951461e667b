//! What is read from the environment of the person who runs a command. Nothing else reads it.

#![expect(
    clippy::disallowed_methods,
    reason = "the ban keeps the functions' settings in one place; these commands have this one"
)]

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// `PATH` with `first` in front of it.
pub fn search_path_with(first: &Path) -> Result<OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(first.to_owned()).chain(env::split_paths(&inherited));
    env::join_paths(all).context("a folder on PATH has a name that PATH cannot hold")
}

/// `PATH` as it is.
pub fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

/// Names of the variables that would steer an AWS or Azure client away from the local cloud.
pub fn foreign_cloud_variables() -> Vec<OsString> {
    env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| steers_a_cloud_client(&name.to_string_lossy()))
        .collect()
}

fn steers_a_cloud_client(name: &str) -> bool {
    name.starts_with("AWS_") || name.starts_with("AZURE_") || name.starts_with("SAM_CLI_")
}

/// The cargo that runs us, so that children use the same toolchain.
pub fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::steers_a_cloud_client;

    #[test]
    fn only_cloud_variables_are_taken_away() {
        assert!(steers_a_cloud_client("AWS_PROFILE"));
        assert!(steers_a_cloud_client("AZURE_CLIENT_SECRET"));
        assert!(!steers_a_cloud_client("PATH"));
        assert!(!steers_a_cloud_client("CARGO_HOME"));
    }
}
