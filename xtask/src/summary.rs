//! Which steps ran and how long each took.

use std::time::{Duration, Instant};

use anyhow::{Error, Result};

use crate::output;
use crate::table::Table;

/// The steps of a command, in order. A step that fails ends the command.
#[derive(Debug)]
pub struct Summary {
    started: Instant,
    steps: Vec<Step>,
}

/// A failure that is on the terminal already.
#[derive(Debug)]
pub struct Shown;

impl std::fmt::Display for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a step failed, see above")
    }
}

impl std::error::Error for Shown {}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    outcome: Outcome,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed { note: String },
    Failed,
}

impl Summary {
    /// Nothing has run yet.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            steps: Vec::new(),
        }
    }

    /// Runs a step.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.step_with_note(name, || work().map(|value| (value, String::new())))
    }

    /// Runs a step that has something to say for the table.
    pub fn step_with_note<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        output::heading(name);
        let started = Instant::now();
        let result = work();
        let took = started.elapsed();
        let (outcome, result) = match result {
            Ok((value, note)) => (Outcome::Passed { note }, Ok(value)),
            Err(error) => (
                Outcome::Failed,
                Err(error.context(format!("step `{name}` failed"))),
            ),
        };
        if result.is_ok() {
            output::line(format!("   done in {}", output::seconds(took)));
        }
        self.steps.push(Step {
            name: name.to_owned(),
            took,
            outcome,
        });
        result
    }

    /// How many steps passed and failed.
    pub fn counts(&self) -> (usize, usize) {
        let failed = self
            .steps
            .iter()
            .filter(|step| step.outcome == Outcome::Failed)
            .count();
        (self.steps.len() - failed, failed)
    }

    /// Shows the table of steps.
    pub fn show(&self) {
        output::heading("Steps");
        let mut table = Table::new(["step", "took", "outcome"]);
        for step in &self.steps {
            let outcome = match &step.outcome {
                Outcome::Passed { note } if note.is_empty() => "passed",
                Outcome::Passed { note } => note,
                Outcome::Failed => "FAILED",
            };
            table.row([&step.name, &output::seconds(step.took), outcome]);
        }
        table.row(["all", &output::seconds(self.started.elapsed()), ""]);
        output::line(table.render());
    }

    /// Shows the table, then `N passed, M failed` alone on the last line.
    pub fn close(&self, result: Result<(), Error>) -> Result<()> {
        if let Err(error) = &result {
            output::line(format!("\nerror: {error:#}"));
        }
        self.show();
        let (passed, failed) = self.counts();
        output::line(format!("\n{passed} passed, {failed} failed"));
        result.map_err(|_| Shown.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_counted_and_named() {
        let mut summary = Summary::start();
        summary.step("first", || Ok(())).unwrap();
        let error = summary
            .step("second", || anyhow::bail!("no") as Result<()>)
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "step `second` failed: no");
        assert_eq!(summary.counts(), (1, 1));
        assert!(summary.close(Err(error)).unwrap_err().is::<Shown>());
    }

    #[test]
    fn only_passed_steps_close_well() {
        let mut summary = Summary::start();
        let value = summary
            .step_with_note("first", || Ok((7, "7 tests".to_owned())))
            .unwrap();
        assert_eq!((value, summary.counts()), (7, (1, 0)));
        assert!(summary.close(Ok(())).is_ok());
    }
}
