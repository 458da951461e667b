//! Azure Arc machines that stand for EC2 instances, and the four tags on them.
//!
//! Newer pages of Microsoft put the tags here, where Defender itself writes them. So whatever
//! stands there stays: a tag that is missing may be added, a value that differs is reported.

use std::collections::BTreeMap;
use std::future::Future;

use super::tags::{ACCOUNT_ID, INSTANCE_ID};
use super::{InstanceId, WantedTags};
use crate::inert::inert;
use crate::{AccountId, PortError};

mod report;
mod upkeep;

pub use report::{MachineCounts, MachineOutcome, MachineReport};
pub use upkeep::{Repair, look_after};

/// How many tags Azure lets a resource have.
pub const MOST_TAGS: usize = 50;
/// The most characters of a value of others that is repeated.
const SHOWN: usize = 256;

/// The ARM id of an Arc machine, as Resource Manager spelled it. Ids compare without case.
#[derive(Debug, Clone)]
pub struct MachineId(String);

impl MachineId {
    /// The id that Resource Manager gave; `None` for one of anything else.
    pub fn seen(text: &str) -> Option<Self> {
        let sane = |part: &&str| {
            !["", ".", ".."].contains(part)
                && part.len() <= 512
                && !part.chars().any(char::is_control)
        };
        parts(text)?.iter().all(sane).then(|| Self(text.to_owned()))
    }

    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The subscription in it.
    pub fn subscription(&self) -> &str {
        self.part(0)
    }

    /// The resource group in it.
    pub fn resource_group(&self) -> &str {
        self.part(1)
    }

    /// The machine's own name.
    pub fn name(&self) -> &str {
        self.part(2)
    }

    fn part(&self, index: usize) -> &str {
        parts(&self.0).map_or("", |parts| parts[index])
    }
}

impl PartialEq for MachineId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for MachineId {}

/// Subscription, resource group and name.
fn parts(id: &str) -> Option<[&str; 3]> {
    let mut rest = id.strip_prefix('/')?.split('/');
    let mut after = |words: &[&str]| {
        let fits = |word: &&str| {
            rest.next()
                .is_some_and(|seen| seen.eq_ignore_ascii_case(word))
        };
        words.iter().all(fits).then(|| rest.next()).flatten()
    };
    let subscription = after(&["subscriptions"])?;
    let group = after(&["resourceGroups"])?;
    let name = after(&["providers", "Microsoft.HybridCompute", "machines"])?;
    rest.next().is_none().then_some([subscription, group, name])
}

/// An Arc machine, as Resource Manager shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArcMachine {
    /// Its id.
    pub id: MachineId,
    /// All its tags. They are written back as a whole, so none may be lost.
    pub tags: BTreeMap<String, String>,
}

impl ArcMachine {
    /// The value of a tag. Azure does not tell keys apart by case; values it does.
    pub fn tag(&self, key: &str) -> Option<&str> {
        let is_it = |(seen, _): &(&String, &String)| seen.eq_ignore_ascii_case(key);
        let (_, value) = self.tags.iter().find(is_it)?;
        Some(value)
    }

    /// The instance that it stands for: on AWS the agent names a machine after its instance. One
    /// that somebody named otherwise says it in a tag.
    pub fn instance(&self) -> Option<InstanceId> {
        let named = self.id.name().to_ascii_lowercase().parse();
        named.ok().or_else(|| self.tag(INSTANCE_ID)?.parse().ok())
    }

    /// Whether it may stand for an instance of the account: by its tag, or since it has the name of
    /// an instance, whose account a name does not tell.
    pub fn may_be_of(&self, account: &AccountId) -> bool {
        let tagged = self.tag(ACCOUNT_ID) == Some(account.as_str());
        let named: Result<InstanceId, _> = self.id.name().to_ascii_lowercase().parse();
        tagged || named.is_ok()
    }
}

/// A machine's tags, compared with those that its instance should have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// What is not there under any spelling of its key.
    pub missing: BTreeMap<&'static str, String>,
    /// What is there with another value, made harmless to show. Whoever wrote it, it stays.
    pub differing: BTreeMap<&'static str, String>,
}

impl Review {
    /// Compares.
    pub fn of(wanted: &WantedTags, instance: &InstanceId, machine: &ArcMachine) -> Self {
        let mut review = Self::default();
        for (key, value) in wanted.of(instance) {
            match machine.tag(key) {
                None => drop(review.missing.insert(key, value.to_owned())),
                Some(seen) if seen != value => {
                    review.differing.insert(key, inert(seen, SHOWN));
                }
                Some(_) => {}
            }
        }
        review
    }

    /// The whole map to write: everything that is there, and what is missing. `None` where Azure
    /// would not take so many.
    pub fn merged(&self, machine: &ArcMachine) -> Option<BTreeMap<String, String>> {
        let mut tags = machine.tags.clone();
        let added = self.missing.iter();
        tags.extend(added.map(|(key, value)| ((*key).to_owned(), value.clone())));
        (tags.len() <= MOST_TAGS).then_some(tags)
    }
}

/// Arc machines in Azure Resource Manager.
pub trait ArcMachines: Send + Sync {
    /// Every machine of the subscription that [may stand](ArcMachine::may_be_of) for an instance of
    /// the account.
    fn of_account(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Vec<ArcMachine>, PortError>> + Send;
    /// One machine as it is now, `None` when it is not there.
    fn machine(
        &self,
        id: &MachineId,
    ) -> impl Future<Output = Result<Option<ArcMachine>, PortError>> + Send;
    /// Writes all tags of a machine anew, and shows it as it is then. What is not among them is
    /// lost.
    fn replace_tags(
        &self,
        id: &MachineId,
        tags: &BTreeMap<String, String>,
    ) -> impl Future<Output = Result<ArcMachine, PortError>> + Send;
}

#[cfg(test)]
mod tests;
