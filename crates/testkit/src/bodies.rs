//! The bodies of connectors that tests send, kept for a check from outside.
//!
//! Where the environment variable `CONNECTOR_BODIES` names a folder, every PUT of a security
//! connector is appended, one JSON object a line, to a file in it that no other process writes.

use std::fs::{OpenOptions, create_dir_all};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

const FOLDER: &str = "CONNECTOR_BODIES";

/// One PUT of a security connector.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentBody<'a> {
    /// `api-version` of the query.
    pub api_version: &'a str,
    /// ARM id, as it stood in the URL.
    pub path: &'a str,
    /// HTTP status answered; `None` where the connection was broken instead.
    pub status: Option<u16>,
    /// What was sent.
    pub body: &'a Value,
    /// What a reader of the resource got before.
    pub stored: Option<&'a Value>,
}

/// Appends bodies to a file, or does nothing.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    file: Option<PathBuf>,
}

impl Recorder {
    /// Keeps nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Into a file of its own in this folder; both are made when there is something to keep.
    pub fn into_folder(folder: impl AsRef<Path>) -> Self {
        let name = format!("bodies-{}-{}.jsonl", process::id(), Uuid::new_v4());
        Self {
            file: Some(folder.as_ref().join(name)),
        }
    }

    /// The one of this process, as its environment asks for it.
    pub fn of_process() -> Self {
        static OF_PROCESS: OnceLock<Recorder> = OnceLock::new();
        OF_PROCESS.get_or_init(Self::from_environment).clone()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a double has no settings of its own, and no test should have to pass this on"
    )]
    fn from_environment() -> Self {
        match std::env::var_os(FOLDER) {
            Some(folder) if !folder.is_empty() => Self::into_folder(Path::new(&folder)),
            _ => Self::off(),
        }
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.file.is_some()
    }

    /// Appends a line, in one write so that lines stay whole.
    pub fn record(&self, sent: &SentBody<'_>) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if let Some(folder) = file.parent() {
            create_dir_all(folder)?;
        }
        let mut line = serde_json::to_vec(sent)?;
        line.push(b'\n');
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)?
            .write_all(&line)
    }
}
