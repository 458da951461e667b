//! A server that runs beside us.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::http;
use crate::output;
use crate::process::last_lines;
use crate::project::Project;

const READY_WITHIN: Duration = Duration::from_mins(1);
const ENDS_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A child that ends when its standard input does.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it; its output goes to `.local/logs/<name>.log`.
    pub fn start(project: &Project, name: &'static str, command: &mut Command) -> Result<Self> {
        let log = project.log_file(name);
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { name, child, log })
    }

    /// Waits until `url` answers anything at all.
    pub fn wait_for(&mut self, url: &str) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < READY_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                return self.gone(&format!("ended at once ({status})"));
            }
            if answers(url) {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        self.gone(&format!(
            "does not answer at {url} after {} s",
            READY_WITHIN.as_secs()
        ))
    }

    fn gone(&self, problem: &str) -> Result<()> {
        for line in last_lines(&self.log, 30) {
            output::line(format!("   | {line}"));
        }
        bail!("{} {problem}; its log: {}", self.name, self.log.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let started = Instant::now();
        while started.elapsed() < ENDS_WITHIN {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
        // It had its chance; whether it was there to be killed is all the same now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answers(url: &str) -> bool {
    http::agent(Duration::from_secs(2)).get(url).call().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_ends_with_its_standard_input() {
        let project = Project::open().unwrap();
        let server = Server::start(&project, "selftest-cat", &mut Command::new("cat")).unwrap();
        let log = server.log.clone();
        let started = Instant::now();
        drop(server);
        assert!(started.elapsed() < ENDS_WITHIN);
        std::fs::remove_file(log).unwrap();
    }

    #[test]
    fn a_server_that_ends_at_once_is_an_error() {
        let project = Project::open().unwrap();
        let mut server =
            Server::start(&project, "selftest-false", &mut Command::new("false")).unwrap();
        let error = server
            .wait_for("http://127.0.0.1:9/")
            .unwrap_err()
            .to_string();
        assert!(error.contains("ended at once (exit status: 1)"), "{error}");
        std::fs::remove_file(&server.log).unwrap();
    }
}
