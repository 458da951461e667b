//! Arguments to command.

use anyhow::{Result, bail};

use crate::project::Project;
use crate::{bench, demo, lint, output, suite};

const USAGE: &str = "\
usage: cargo xtask <command>

  demo [--keep]  the whole way on this machine: sam build, deploy, update, delete against the local
                 cloud; --keep leaves the local cloud up, with the stack deployed, to play with
  test           everything that CI runs
  lint           formatting, clippy, dependencies, file sizes, templates, policies
  bench          start time, memory and zip size of every function, against their budgets";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Demo { keep: bool },
    Test,
    Lint,
    Bench,
    Help,
}

/// Runs the command that the arguments name.
pub fn run(arguments: &[String]) -> Result<()> {
    let command = parse(arguments)?;
    if command == Command::Help {
        output::line(USAGE);
        return Ok(());
    }
    let project = Project::open()?;
    project.clear_logs()?;
    output::keep_transcript(&project.log_file("xtask"))?;
    match command {
        Command::Demo { keep } => demo::run(&project, keep),
        Command::Test => suite::run(&project),
        Command::Lint => lint::run(&project),
        Command::Bench => bench::run(&project),
        Command::Help => Ok(()),
    }
}

fn parse(arguments: &[String]) -> Result<Command> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        ["demo"] => Command::Demo { keep: false },
        ["demo", "--keep"] => Command::Demo { keep: true },
        ["test"] => Command::Test,
        ["lint"] => Command::Lint,
        ["bench"] => Command::Bench,
        [] | ["help" | "-h" | "--help"] => Command::Help,
        _ => bail!("there is no `{}`\n\n{USAGE}", words.join(" ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn every_command_of_the_usage_is_known() {
        assert_eq!(parsed("demo").unwrap(), Command::Demo { keep: false });
        assert_eq!(parsed("demo --keep").unwrap(), Command::Demo { keep: true });
        assert_eq!(parsed("test").unwrap(), Command::Test);
        assert_eq!(parsed("lint").unwrap(), Command::Lint);
        assert_eq!(parsed("bench").unwrap(), Command::Bench);
        assert_eq!(parsed("").unwrap(), Command::Help);
    }

    #[test]
    fn an_unknown_word_is_refused_by_name() {
        let error = parsed("demo --kept").unwrap_err().to_string();
        assert!(error.starts_with("there is no `demo --kept`"), "{error}");
    }
}
