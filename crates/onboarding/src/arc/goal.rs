//! What is wanted of the instances of an account, and which of them are wrong.

use std::collections::BTreeMap;

use super::tags::{KEYS, MOST_TAGS};
use super::{InstanceId, InstanceState, ProfileName, Runbook, SeenInstance, WantedTags};
use crate::ExclusionTags;
use crate::inert::inert;

/// The most characters of a value of others that is repeated.
const SHOWN: usize = 256;

/// What is wanted of every instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// That it carries the tags, unless one of its own excludes it.
    Apply(WantedTags, ExclusionTags),
    /// That it carries none of them with our values. Whatever others wrote stays.
    Remove(WantedTags),
}

/// What an instance is, compared with the goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Gone, or about to be.
    Gone,
    /// Left out by one of its tags.
    Excluded,
    /// As wanted.
    Right,
    /// Not as wanted.
    Wrong {
        /// What stands under our keys and will be replaced, made harmless to show.
        replaced: BTreeMap<&'static str, String>,
    },
    /// Not as wanted, and EC2 would refuse more tags.
    Full,
}

/// What is kept of an instance: fleets are large, and their other tags are nobody's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Its id.
    pub id: InstanceId,
    /// What it does.
    pub state: InstanceState,
    /// Such as `x86_64` or `arm64`.
    pub architecture: String,
    /// Its instance profile.
    pub profile: Option<ProfileName>,
    /// What it is, compared with the goal.
    pub verdict: Verdict,
}

impl Goal {
    /// The tags.
    pub fn tags(&self) -> &WantedTags {
        match self {
            Self::Apply(tags, _) | Self::Remove(tags) => tags,
        }
    }

    /// The runbook that brings an instance there.
    pub fn runbook(&self) -> Runbook {
        match self {
            Self::Apply(..) => Runbook::ApplyTags,
            Self::Remove(_) => Runbook::RemoveTags,
        }
    }

    /// Compares an instance with it.
    pub fn judge(&self, instance: &SeenInstance) -> Verdict {
        if instance.state.is_gone() {
            return Verdict::Gone;
        }
        match self {
            Self::Apply(_, exclusion) if exclusion.exclude(&instance.tags) => Verdict::Excluded,
            Self::Apply(tags, _) => missing(tags, instance),
            Self::Remove(tags) => carried(tags, instance),
        }
    }

    /// What is kept of an instance.
    pub fn observe(&self, instance: SeenInstance) -> Observed {
        Observed {
            verdict: self.judge(&instance),
            id: instance.id,
            state: instance.state,
            architecture: instance.architecture,
            profile: instance.profile,
        }
    }
}

fn missing(wanted: &WantedTags, instance: &SeenInstance) -> Verdict {
    let mut added = 0;
    let mut replaced = BTreeMap::new();
    for (key, value) in wanted.of(&instance.id) {
        match instance.tags.get(key) {
            None => added += 1,
            Some(seen) if seen != value => drop(replaced.insert(key, inert(seen, SHOWN))),
            Some(_) => {}
        }
    }
    // AWS's own tags do not count.
    let own = |key: &&String| !key.starts_with("aws:");
    let room = MOST_TAGS.saturating_sub(instance.tags.keys().filter(own).count());
    if added > room {
        Verdict::Full
    } else if added == 0 && replaced.is_empty() {
        Verdict::Right
    } else {
        Verdict::Wrong { replaced }
    }
}

fn carried(wanted: &WantedTags, instance: &SeenInstance) -> Verdict {
    let ours =
        |(key, value): (&str, &str)| instance.tags.get(key).is_some_and(|seen| seen == value);
    if wanted.of(&instance.id).into_iter().any(ours) {
        let replaced = BTreeMap::new();
        Verdict::Wrong { replaced }
    } else {
        Verdict::Right
    }
}

impl Observed {
    /// Whether a runbook can make it right.
    pub fn is_wrong(&self) -> bool {
        matches!(self.verdict, Verdict::Wrong { .. })
    }

    /// What stands under one of our keys and is not ours.
    pub fn replaced(&self) -> BTreeMap<String, String> {
        let Verdict::Wrong { replaced } = &self.verdict else {
            return BTreeMap::new();
        };
        debug_assert!(replaced.keys().all(|key| KEYS.contains(key)));
        let owned = |(key, value): (&&str, &String)| ((*key).to_owned(), value.clone());
        replaced.iter().map(owned).collect()
    }
}

#[cfg(test)]
mod tests;
