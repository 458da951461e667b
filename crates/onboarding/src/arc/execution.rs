//! Executions of runbooks: what is under way, and how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cause, InstanceId};
use crate::inert::inert;

/// The most characters of a failure's message that are kept. What matters, the code, is at the end
/// of a message of some 500.
const LONGEST_MESSAGE: usize = 1000;

/// A runbook that we start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runbook {
    /// Ours: writes the four tags.
    ApplyTags,
    /// Ours: takes them away where they have our values.
    RemoveTags,
    /// AWS's own: gives an instance without instance profile one.
    AttachProfile,
}

impl Runbook {
    /// Its name in Systems Manager.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApplyTags => "DefenderConnector-ApplyArcTags",
            Self::RemoveTags => "DefenderConnector-RemoveArcTags",
            Self::AttachProfile => "AWS-AttachIAMToInstance",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::ApplyTags, Self::RemoveTags, Self::AttachProfile]
            .into_iter()
            .find(|runbook| runbook.name() == name)
    }

    /// Whether it is ours, so that whatever runs of it concerns the tags.
    pub fn is_ours(self) -> bool {
        self != Self::AttachProfile
    }
}

impl fmt::Display for Runbook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The id of an execution, as Systems Manager gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionId(String);

impl ExecutionId {
    /// The id as it was seen.
    pub fn seen(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An execution that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderWay {
    /// Which.
    pub id: ExecutionId,
    /// Of what.
    pub runbook: Runbook,
    /// Whether it is one for many instances, with a child for each.
    pub is_batch: bool,
    /// The instances that it is for; empty where that is not known.
    pub targets: BTreeSet<InstanceId>,
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Success,
    /// In any other way.
    Failure,
}

/// The execution for one instance of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Which.
    pub id: ExecutionId,
    /// For what.
    pub instance: InstanceId,
    /// How it ended; `None` while it has not.
    pub ending: Option<Ending>,
    /// What Systems Manager says of a failure.
    pub message: String,
}

/// Why an instance of a batch is not as wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The child, or the batch where the instance had none.
    pub execution: ExecutionId,
    /// What it means.
    pub cause: Cause,
    /// In the service's words, made harmless to show.
    pub message: String,
}

/// The instances of a batch for which it failed.
///
/// Where the batch succeeded it is enough that `children` holds those that failed; where it did
/// not, an instance without a child that succeeded counts as failed, since the batch may have
/// been stopped before it came to it.
pub fn failures(
    batch: &ExecutionId,
    ending: Ending,
    targets: &BTreeSet<InstanceId>,
    children: &[Child],
) -> BTreeMap<InstanceId, Failed> {
    let succeeded: BTreeSet<&InstanceId> = children
        .iter()
        .filter(|child| child.ending == Some(Ending::Success))
        .map(|child| &child.instance)
        .collect();
    let mut failures: BTreeMap<InstanceId, Failed> = children
        .iter()
        .filter(|child| child.ending == Some(Ending::Failure))
        .filter(|child| targets.contains(&child.instance) && !succeeded.contains(&child.instance))
        .map(|child| (child.instance.clone(), failed(&child.id, &child.message)))
        .collect();
    if ending == Ending::Failure {
        let unreached = targets.iter().filter(|one| !succeeded.contains(*one));
        for instance in unreached {
            failures.entry(instance.clone()).or_insert_with(|| {
                failed(batch, "the batch ended before it came to this instance")
            });
        }
    }
    failures
}

fn failed(execution: &ExecutionId, message: &str) -> Failed {
    Failed {
        execution: execution.clone(),
        cause: Cause::of(message),
        message: inert(message, LONGEST_MESSAGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> InstanceId {
        format!("i-{number:08x}").parse().unwrap()
    }

    fn child(number: u32, ending: Option<Ending>) -> Child {
        Child {
            id: ExecutionId::seen(format!("child-{number}")),
            instance: id(number),
            ending,
            message: "Error Code: InternalError\u{1b}[2J".to_owned(),
        }
    }

    fn failed_of(ending: Ending, children: &[Child]) -> Vec<(u32, String)> {
        let targets = (1..=3).map(id).collect();
        let batch = ExecutionId::seen("batch");
        let failures = failures(&batch, ending, &targets, children);
        let number = |id: &InstanceId| u32::from_str_radix(&id.as_str()[2..], 16).unwrap();
        failures
            .iter()
            .map(|(instance, failed)| (number(instance), failed.execution.to_string()))
            .collect()
    }

    #[test]
    fn runbooks_are_known_by_their_names() {
        for runbook in [
            Runbook::ApplyTags,
            Runbook::RemoveTags,
            Runbook::AttachProfile,
        ] {
            assert_eq!(Runbook::named(runbook.name()), Some(runbook));
        }
        assert_eq!(Runbook::named("DefenderConnector-ApplyArcTags2"), None);
    }

    #[test]
    fn a_batch_that_succeeded_failed_only_where_a_child_says_so() {
        assert_eq!(failed_of(Ending::Success, &[]), []);
        let children = [
            child(2, Some(Ending::Failure)),
            child(9, Some(Ending::Failure)),
        ];
        assert_eq!(
            failed_of(Ending::Success, &children),
            [(2, "child-2".to_owned())],
            "and only for its own instances"
        );
    }

    #[test]
    fn a_batch_that_failed_reached_only_what_a_child_says() {
        let children = [
            child(1, Some(Ending::Success)),
            child(2, Some(Ending::Failure)),
        ];
        assert_eq!(
            failed_of(Ending::Failure, &children),
            [(2, "child-2".to_owned()), (3, "batch".to_owned())]
        );
        let unfinished = [child(1, None)];
        assert_eq!(failed_of(Ending::Failure, &unfinished).len(), 3);
    }

    #[test]
    fn a_message_is_harmless() {
        let batch = ExecutionId::seen("batch");
        let children = [child(1, Some(Ending::Failure))];
        let targets = [id(1)].into();
        let failures = failures(&batch, Ending::Success, &targets, &children);
        assert!(!failures[&id(1)].message.contains(char::is_control));
    }
}
