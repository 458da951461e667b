//! Long-running children: their output goes to a log, their progress to the terminal.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::output::{self, inert, seconds};
use crate::project::Project;

/// Nobody waits longer than this without seeing that something still happens.
const HEARTBEAT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Lines of a failed child's log that are shown.
const TAIL_LINES: usize = 40;
/// The end of a log that is read for its last lines.
const TAIL_BYTES: u64 = 64 * 1024;

/// Runs `command` to its end; fails, showing the end of its output, when it does.
pub fn run(project: &Project, name: &str, command: &mut Command) -> Result<Duration> {
    let log = project.log_file(name);
    let started = Instant::now();
    let status = watch(project, name, command, &log)?;
    if !status.success() {
        output::line(format!(
            "   {name} failed; the end of {}:",
            project.shown(&log)
        ));
        for line in last_lines(&log, TAIL_LINES) {
            output::line(format!("   | {line}"));
        }
        bail!("{name}: {status} (whole output: {})", project.shown(&log));
    }
    Ok(started.elapsed())
}

/// Runs `command` to its end and gives back its standard output.
pub fn read(name: &str, command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", command_line(command)))?;
    if !output.status.success() {
        let problem = String::from_utf8_lossy(&output.stderr);
        let last = problem
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        bail!("{name}: {}: {}", output.status, inert(last, 400));
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed no text"))
}

fn watch(project: &Project, name: &str, command: &mut Command, log: &Path) -> Result<ExitStatus> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("cannot start {}", command_line(command)))?;
    output::line(format!("   $ {}", inert(&typed(project, command), 200)));
    heartbeats(&mut child, name, log)
}

fn heartbeats(child: &mut Child, name: &str, log: &Path) -> Result<ExitStatus> {
    let started = Instant::now();
    let mut next = HEARTBEAT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() >= next {
            next += HEARTBEAT;
            let last = last_lines(log, 1).pop().unwrap_or_default();
            output::line(heartbeat(name, started.elapsed(), last.trim_start()));
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn heartbeat(name: &str, elapsed: Duration, last_line: &str) -> String {
    let elapsed = seconds(Duration::from_secs(elapsed.as_secs()));
    let line = format!("   … {name}, {elapsed}: {last_line}");
    line.trim_end_matches([' ', ':']).to_owned()
}

/// The command as one would type it at the root.
fn typed(project: &Project, command: &Command) -> String {
    let line = command_line(command).replace(&format!("{}/", project.root().display()), "");
    let (program, arguments) = line.split_once(' ').unwrap_or((&line, ""));
    let name = program.rsplit('/').next().unwrap_or(program);
    format!("{name} {arguments}").trim_end().to_owned()
}

/// The command with its full paths, without its environment.
fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The last lines of a log that hold anything, made inert.
pub fn last_lines(log: &Path, count: usize) -> Vec<String> {
    let Ok(mut file) = File::open(log) else {
        return Vec::new();
    };
    let size = fs::metadata(log).map_or(0, |metadata| metadata.len());
    let mut end = Vec::new();
    if file
        .seek(SeekFrom::Start(size.saturating_sub(TAIL_BYTES)))
        .is_err()
        || file.read_to_end(&mut end).is_err()
    {
        return Vec::new();
    }
    tail(&String::from_utf8_lossy(&end), count)
}

fn tail(text: &str, count: usize) -> Vec<String> {
    // Progress bars rewrite their line with a carriage return.
    let lines = text.split(['\n', '\r']).map(|line| inert(line, 160));
    let lines: Vec<String> = lines.filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines_that_hold_anything() {
        assert_eq!(
            tail("one\ntwo\n\n\u{1b}[1mthree\u{1b}[0m\n  \n", 2),
            ["two", "three"]
        );
        assert_eq!(tail("10%\r50%\r100%", 1), ["100%"]);
        assert!(tail("", 3).is_empty());
    }

    #[test]
    fn a_heartbeat_says_what_runs_and_for_how_long() {
        let line = heartbeat(
            "sam build",
            Duration::from_millis(70_200),
            "Compiling azure",
        );
        assert_eq!(line, "   … sam build, 1 min 10 s: Compiling azure");
        assert_eq!(
            heartbeat("pip", Duration::from_secs(10), ""),
            "   … pip, 10.0 s"
        );
    }

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let project = Project::open().unwrap();
        let mut command = Command::new(project.tool("cfn-lint"));
        command.arg(project.file("templates/account.yaml"));
        assert_eq!(typed(&project, &command), "cfn-lint templates/account.yaml");
        assert_eq!(typed(&project, &Command::new("/usr/bin/sam")), "sam");
    }

    #[test]
    fn a_failing_child_is_an_error_that_names_its_log() {
        let project = Project::open().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo seen; exit 3"]);
        let error = run(&project, "self test of a failure", &mut command)
            .unwrap_err()
            .to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        let log = project.log_file("self test of a failure");
        assert!(
            error.contains(".local/logs/self-test-of-a-failure.log"),
            "{error}"
        );
        assert_eq!(last_lines(&log, 1), ["seen"]);
        fs::remove_file(log).unwrap();
    }
}
