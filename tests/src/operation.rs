//! How an operation on a stack ended, and why.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// The end of a Create, Update or Delete of a stack.
#[derive(Debug)]
pub struct Outcome {
    /// The stack's status.
    pub status: String,
    /// Its ARN.
    pub stack_id: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// What failed in this operation, oldest first.
    pub failures: Vec<Failure>,
}

/// An event of a resource that failed.
#[derive(Debug)]
pub struct Failure {
    /// Logical id of the resource.
    pub resource: String,
    /// Its status.
    pub status: String,
    /// Why.
    pub reason: String,
}

impl Outcome {
    /// The outcome, if it is the expected one.
    pub fn must_be(self, status: &str) -> Result<Self> {
        if self.status != status {
            bail!(
                "the stack is {} and not {status}: {:#?}",
                self.status,
                self.failures
            );
        }
        Ok(self)
    }

    /// An output that must be there.
    pub fn output(&self, name: &str) -> &str {
        self.outputs
            .get(name)
            .map_or("(no such output)", String::as_str)
    }

    /// Why a resource failed: its first failure in this operation.
    pub fn reason(&self, resource: &str) -> &str {
        let of_resource = self
            .failures
            .iter()
            .find(|failure| failure.resource == resource);
        of_resource.map_or("(it did not fail)", |failure| failure.reason.as_str())
    }
}
