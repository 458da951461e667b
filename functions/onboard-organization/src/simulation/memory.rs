//! How much memory a large organization takes, in a process of its own.

use std::fs;

/// Prints the most that the process has held at once, where the system tells it.
#[expect(clippy::print_stdout, reason = "another process reads it")]
pub(super) fn tell() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    println!("\n{}", peak.unwrap_or_default());
}

/// The function takes less: the organization, the subscription and the bucket are in there, too.
#[test]
#[cfg(target_os = "linux")]
fn ten_thousand_accounts_and_all_that_plays_the_clouds_fit_into_the_smallest_function() {
    const LARGE: &str =
        "simulation::organizations::ten_thousand_accounts_take_hardly_longer_than_they_must";
    const SMALLEST_KILOBYTES: u64 = 128 * 1_024;
    let ran = std::process::Command::new(std::env::current_exe().unwrap())
        .args([LARGE, "--exact", "--nocapture"])
        .output()
        .unwrap();
    assert!(ran.status.success());
    let told = String::from_utf8(ran.stdout).unwrap();
    let peak = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.expect("the simulation tells its peak");
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes <= SMALLEST_KILOBYTES, "{kilobytes} kB");
    assert!(kilobytes > 10_000, "{kilobytes} kB for ten thousand?");
}
