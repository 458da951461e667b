//! Where things lie.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout, and the folder `.local` in it that git ignores and that holds all we set up.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The checkout that this program was compiled in.
    pub fn open() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in no workspace")?
            .to_owned();
        let project = Self { root };
        for folder in [project.logs(), project.local("tmp"), project.local("home")] {
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(project)
    }

    /// The checkout's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the checkout.
    pub fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A file or folder of `.local`.
    pub fn local(&self, path: &str) -> PathBuf {
        self.root.join(".local").join(path)
    }

    /// Where the output of every long step is kept.
    pub fn logs(&self) -> PathBuf {
        self.local("logs")
    }

    /// The log of one step: `sam build` → `.local/logs/sam-build.log`.
    pub fn log_file(&self, step: &str) -> PathBuf {
        self.logs().join(format!("{}.log", file_stem(step)))
    }

    /// A program of the virtual environment with the tools: sam, cargo-lambda, cfn-lint, python.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.local("tools/bin").join(name)
    }

    /// The Python that the emulator and its extension run on.
    pub fn emulator_python(&self) -> PathBuf {
        self.local("emulator/bin/python")
    }

    /// The Python that has the linters of IAM policies and Microsoft's SDK.
    pub fn checks_python(&self) -> PathBuf {
        self.local("checks/bin/python")
    }

    /// What `sam build` leaves behind: the template, and a folder per function and nested stack.
    pub fn built(&self, path: &str) -> PathBuf {
        self.root.join(".aws-sam/build").join(path)
    }

    /// A path as a reader wants to see it: relative to the checkout.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// Takes away the last run's logs, so that whatever is read there is of this run.
    pub fn clear_logs(&self) -> Result<()> {
        for entry in fs::read_dir(self.logs())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

fn file_stem(step: &str) -> String {
    let dashed: String = step
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn a_step_names_its_log() {
        assert_eq!(file_stem("sam build"), "sam-build");
        assert_eq!(
            file_stem("cargo clippy -D warnings"),
            "cargo-clippy-d-warnings"
        );
    }
}
