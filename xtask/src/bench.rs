//! `cargo xtask bench`: what a function costs before its first event, against its budget.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::output;
use crate::process;
use crate::project::Project;
use crate::table::Table;
use crate::{sam, setup};

mod cold_start;
mod statistics;

use cold_start::ColdStart;
use statistics::{median, p99};

const STARTS: usize = 20;
/// What Lambda calls a megabyte: its 250 MB of an unzipped package are 262,144,000 bytes.
const MEGABYTE: u64 = 1_048_576;
const ZIP_BUDGET_BYTES: u64 = 4 * MEGABYTE;
const CPU_BUDGET: Duration = Duration::from_millis(20);

/// A function as `sam build` left it.
struct Built {
    name: String,
    bootstrap: PathBuf,
}

/// Builds, measures, shows, writes `.local/bench.json`; fails when a zip is over its budget.
/// Start times are reported with a verdict but do not fail: they are this machine's.
pub fn run(project: &Project) -> Result<()> {
    setup::for_tools(project)?;
    sam::build(project)?;
    let mut table = Table::new([
        "function",
        "zip (MB)",
        "start, CPU ms: median",
        "p99",
        "start, wall ms: median",
        "p99",
        "resident (MB)",
        "verdict",
    ]);
    let mut measured = Vec::new();
    let mut too_big = 0;
    for function in built(project)? {
        let zip = zip_bytes(project, &function)?;
        output::line(format!("   {}: {STARTS} cold starts", function.name));
        let starts: Vec<ColdStart> = (0..STARTS)
            .map(|_| cold_start::measure(&function.bootstrap))
            .collect::<Result<_>>()?;
        let figures = Figures::of(zip, &starts);
        too_big += usize::from(zip > ZIP_BUDGET_BYTES);
        table.row(figures.cells(&function.name).each_ref().map(String::as_str));
        measured.push(figures.json(&function.name));
    }
    output::line(format!("\n{}", table.render()));
    output::line("\n  budgets: zip 4 MB, start to first poll 20 ms of CPU (median)");
    let file = project.local("bench.json");
    fs::write(
        &file,
        serde_json::to_string_pretty(&json!({"functions": measured}))?,
    )
    .with_context(|| format!("cannot write {}", file.display()))?;
    output::line(format!("  written to {}", project.shown(&file)));
    if too_big > 0 {
        bail!("{too_big} functions are over the zip budget of 4 MB");
    }
    Ok(())
}

/// Fails when a function's zip is over its budget; says how big they are.
pub fn zip_sizes(project: &Project) -> Result<((), String)> {
    let mut sizes = Vec::new();
    for function in built(project)? {
        let bytes = zip_bytes(project, &function)?;
        if bytes > ZIP_BUDGET_BYTES {
            bail!(
                "{} is {} MB zipped, at most 4 MB",
                function.name,
                megabytes(bytes)
            );
        }
        sizes.push(format!("{} {} MB", function.name, megabytes(bytes)));
    }
    let note = sizes.join(", ");
    output::line(format!("   {note}"));
    Ok(((), note))
}

struct Figures {
    zip_bytes: u64,
    cpu: [Duration; 2],
    wall: [Duration; 2],
    resident_bytes: u64,
}

impl Figures {
    fn of(zip_bytes: u64, starts: &[ColdStart]) -> Self {
        let both = |time: fn(&ColdStart) -> Duration| {
            let times: Vec<Duration> = starts.iter().map(time).collect();
            [median(&times), p99(&times)]
        };
        Self {
            zip_bytes,
            cpu: both(|start| start.cpu),
            wall: both(|start| start.wall),
            resident_bytes: starts
                .iter()
                .map(|start| start.resident_bytes)
                .max()
                .unwrap_or(0),
        }
    }

    fn verdict(&self) -> &'static str {
        match (self.zip_bytes > ZIP_BUDGET_BYTES, self.cpu[0] > CPU_BUDGET) {
            (false, false) => "within budget",
            (true, false) => "ZIP TOO BIG",
            (false, true) => "start over budget",
            (true, true) => "ZIP TOO BIG, start over budget",
        }
    }

    fn cells(&self, name: &str) -> [String; 8] {
        [
            name.to_owned(),
            megabytes(self.zip_bytes),
            milliseconds(self.cpu[0]),
            milliseconds(self.cpu[1]),
            milliseconds(self.wall[0]),
            milliseconds(self.wall[1]),
            megabytes(self.resident_bytes),
            self.verdict().to_owned(),
        ]
    }

    fn json(&self, name: &str) -> Value {
        json!({
            "function": name,
            "starts": STARTS,
            "zipBytes": self.zip_bytes,
            "cpuMilliseconds": {"median": thousandths(self.cpu[0]), "p99": thousandths(self.cpu[1])},
            "wallMilliseconds": {"median": thousandths(self.wall[0]), "p99": thousandths(self.wall[1])},
            "residentBytes": self.resident_bytes,
            "verdict": self.verdict(),
        })
    }
}

fn built(project: &Project) -> Result<Vec<Built>> {
    let folder = project.built("");
    let mut functions = Vec::new();
    for entry in fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}: run sam build", folder.display()))?
    {
        let entry = entry?;
        let bootstrap = entry.path().join("bootstrap");
        if bootstrap.is_file() {
            let name = entry.file_name().display().to_string();
            functions.push(Built { name, bootstrap });
        }
    }
    if functions.is_empty() {
        bail!("{} holds no function: run sam build", folder.display());
    }
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(functions)
}

/// Zipped by the library that SAM zips with.
fn zip_bytes(project: &Project, function: &Built) -> Result<u64> {
    let zip = project.local(&format!("tmp/{}.zip", function.name));
    let mut python = Command::new(project.tool("python"));
    python
        .args(["-m", "zipfile", "-c"])
        .arg(&zip)
        .arg(&function.bootstrap);
    process::read(&format!("zip {}", function.name), &mut python)?;
    let bytes = fs::metadata(&zip)?.len();
    fs::remove_file(&zip)?;
    Ok(bytes)
}

/// With two places, cut rather than rounded.
fn megabytes(bytes: u64) -> String {
    let hundredths = bytes % MEGABYTE * 100 / MEGABYTE;
    format!("{}.{hundredths:02}", bytes / MEGABYTE)
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1}", thousandths(duration))
}

fn thousandths(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(zip_bytes: u64, cpu_ms: u64) -> Figures {
        let start = ColdStart {
            cpu: Duration::from_millis(cpu_ms),
            wall: Duration::from_millis(30),
            resident_bytes: 9_120_000,
        };
        Figures::of(zip_bytes, &[start])
    }

    #[test]
    fn a_budget_that_is_exceeded_is_said() {
        assert_eq!(figures(4_194_304, 20).verdict(), "within budget");
        assert_eq!(figures(4_194_305, 20).verdict(), "ZIP TOO BIG");
        assert_eq!(figures(4_194_304, 21).verdict(), "start over budget");
    }

    #[test]
    fn figures_are_shown_with_their_units() {
        let cells = figures(3_214_567, 11).cells("RegisterAccountFunction");
        let expected = [
            "RegisterAccountFunction",
            "3.06",
            "11.0",
            "11.0",
            "30.0",
            "30.0",
            "8.69",
            "within budget",
        ];
        assert_eq!(cells, expected);
    }
}
