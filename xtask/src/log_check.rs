//! Reads everything that a run printed and looks for what must never be printed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::secrets::SecretScan;
use crate::{local_cloud, output};

/// Reads all logs of this run: the functions', the emulator's, the Azure double's, every step's,
/// and what was shown here. Also looks for the values in `known_secrets`.
pub fn run(project: &Project, known_secrets: Vec<String>) -> Result<String> {
    let functions = fs::read_to_string(local_cloud::function_log(project)).unwrap_or_default();
    let function_lines = functions.lines().count();
    if function_lines == 0 {
        bail!("the functions printed nothing at all, so this check would prove nothing");
    }
    let (files, leaks) = scan(&project.logs(), &SecretScan::new(known_secrets)?)?;
    for leak in &leaks {
        output::line(format!("   {leak}"));
    }
    if !leaks.is_empty() {
        bail!(
            "{} lines of {} hold a secret",
            leaks.len(),
            project.shown(&project.logs())
        );
    }
    let note = format!("{files} logs, {function_lines} lines of functions: no secret");
    output::line(format!("   {note}"));
    Ok(note)
}

/// How many files were read, and `file:line: kind` of every leak, the value left out.
fn scan(folder: &Path, scan: &SecretScan) -> Result<(usize, Vec<String>)> {
    let mut paths: Vec<_> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    paths.sort();
    let mut leaks = Vec::new();
    for path in &paths {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().display().to_string();
        let found = scan.leaks(&String::from_utf8_lossy(&bytes));
        leaks.extend(
            found
                .iter()
                .map(|leak| format!("{name}:{}: {}", leak.line, leak.kind)),
        );
    }
    Ok((paths.len(), leaks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_in_any_log_is_found_and_its_value_is_not_shown() {
        let project = Project::open().unwrap();
        let folder = project.local(&format!("tmp/log-check-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.log"), "fine\n").unwrap();
        fs::write(folder.join("b.log"), "fine\nclient_secret=S3cr3t\n").unwrap();
        fs::write(folder.join("c.txt"), "client_secret=S3cr3t\n").unwrap();
        let (files, leaks) = scan(&folder, &SecretScan::new(Vec::new()).unwrap()).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(files, 2);
        assert_eq!(leaks, ["b.log:2: a client secret or assertion"]);
    }
}
