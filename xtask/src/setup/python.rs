//! A Python that is new enough.

use std::process::Command;

use anyhow::{Result, bail};

/// The oldest that the emulator runs on.
const OLDEST: (u32, u32) = (3, 11);
const CANDIDATES: [&str; 4] = ["python3.11", "python3", "python3.13", "python3.12"];

/// The first Python on `PATH` that is new enough.
pub fn find() -> Result<&'static str> {
    let mut seen = Vec::new();
    for candidate in CANDIDATES {
        let Ok(output) = Command::new(candidate).arg("--version").output() else {
            continue;
        };
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match version(&printed) {
            Some(found) if found >= OLDEST => return Ok(candidate),
            Some((major, minor)) => seen.push(format!("{candidate} is {major}.{minor}")),
            None => {}
        }
    }
    let (major, minor) = OLDEST;
    let found = if seen.is_empty() {
        "none was found".to_owned()
    } else {
        seen.join(", ")
    };
    bail!("Python {major}.{minor} or newer is needed as python3 on PATH; {found}")
}

fn version(printed: &str) -> Option<(u32, u32)> {
    let mut parts = printed.strip_prefix("Python ")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, version};

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(version("Python 3.11.7"), Some((3, 11)));
        assert!(version("Python 3.9.18").unwrap() < OLDEST);
        assert!(version("Python 3.12.0rc1").unwrap() > OLDEST);
        assert_eq!(version("zsh: not found"), None);
    }
}
