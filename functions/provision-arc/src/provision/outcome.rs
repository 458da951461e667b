//! What became of each instance of a Region.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::arc::readiness::{Facts, ProfilePolicies, Shortfall};
use onboarding::arc::{
    Cause, Goal, InstanceId, InstanceReport, InstanceState, ManagedNode, Observed, ProfileName,
    RegionRecord, TagOutcome, Verdict,
};
use onboarding::inert::inert;

use super::region::Fleet;

/// What is known of instances beside their tags.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    /// As Systems Manager knows them.
    pub(super) nodes: BTreeMap<InstanceId, ManagedNode>,
    /// By the profiles that they have.
    pub(super) profiles: BTreeMap<ProfileName, ProfilePolicies>,
}

/// Everything that the report of a Region is made of.
#[derive(Debug)]
pub(super) struct Sight<'a> {
    pub(super) goal: &'a Goal,
    pub(super) fleet: &'a Fleet,
    pub(super) record: &'a RegionRecord,
    /// `None` on the way out, where nobody asks whether an instance is ready.
    pub(super) readiness: Option<&'a Readiness>,
}

impl Sight<'_> {
    /// One report for each instance that was seen.
    pub(super) fn instances(&self) -> Vec<InstanceReport> {
        let present: BTreeSet<&InstanceId> = self.fleet.seen.keys().collect();
        let vanished = self.record.wrong.keys();
        let vanished = vanished.filter(|id| !present.contains(id));
        let seen = self.fleet.seen.values();
        seen.filter(|instance| instance.verdict != Verdict::Gone)
            .map(|instance| self.instance(instance))
            .chain(vanished.map(gone))
            .collect()
    }

    fn instance(&self, instance: &Observed) -> InstanceReport {
        let id = &instance.id;
        let (tags, failure) = self.tags(instance);
        if tags == TagOutcome::Gone {
            return gone(id);
        }
        let by = self.fleet.done.get(id).or(self.record.executions.get(id));
        let failed = self.fleet.failed.get(id).map(|failed| &failed.execution);
        let execution = match tags {
            TagOutcome::Tagged | TagOutcome::Untagged => by,
            TagOutcome::Failed => failed,
            _ => None,
        };
        let is_tagged = matches!(tags, TagOutcome::AlreadyRight | TagOutcome::Tagged);
        let facts = self.readiness.map(|readiness| Facts {
            instance,
            node: readiness.nodes.get(id),
            profile: profile_of(instance, readiness),
            tagged: is_tagged || tags == TagOutcome::Excluded,
        });
        InstanceReport {
            instance_id: id.clone(),
            state: instance.state,
            tags,
            execution_id: execution.cloned(),
            failure,
            replaced: self.record.wrong.get(id).cloned().unwrap_or_default(),
            managed: facts.map(|facts| facts.is_managed()),
            not_ready: facts.map(|facts| facts.shortfalls()),
            machines: Vec::new(),
        }
    }

    fn tags(&self, instance: &Observed) -> (TagOutcome, Option<Shortfall>) {
        let id = &instance.id;
        let is_right = instance.verdict == Verdict::Right || self.fleet.done.contains_key(id);
        match &instance.verdict {
            Verdict::Gone => (TagOutcome::Gone, None),
            Verdict::Excluded => (TagOutcome::Excluded, None),
            _ if is_right && !self.record.wrong.contains_key(id) => {
                (TagOutcome::AlreadyRight, None)
            }
            _ if is_right => (self.changed(), None),
            Verdict::Full => (TagOutcome::Failed, Some(full())),
            Verdict::Right | Verdict::Wrong { .. } => self.wrong(id),
        }
    }

    fn changed(&self) -> TagOutcome {
        match self.goal {
            Goal::Apply(..) => TagOutcome::Tagged,
            Goal::Remove(_) => TagOutcome::Untagged,
        }
    }

    fn wrong(&self, id: &InstanceId) -> (TagOutcome, Option<Shortfall>) {
        if let Some(failed) = self.fleet.failed.get(id) {
            if failed.cause == Cause::Gone {
                return (TagOutcome::Gone, None);
            }
            let reason = failed.message.clone();
            let fix = failed.cause.fix().to_owned();
            return (TagOutcome::Failed, Some(Shortfall { reason, fix }));
        }
        if let Some(stopped) = &self.fleet.stopped {
            let reason = format!("not tried: {}", inert(&stopped.reason, 1000));
            let fix = "See the reason; the next run tries again".to_owned();
            return (TagOutcome::Failed, Some(Shortfall { reason, fix }));
        }
        if self.fleet.is_unfinished {
            return (TagOutcome::Pending, None);
        }
        let failure = Shortfall {
            reason: "every try of this run failed".to_owned(),
            fix: Cause::Passing.fix().to_owned(),
        };
        (TagOutcome::Failed, Some(failure))
    }
}

fn gone(id: &InstanceId) -> InstanceReport {
    InstanceReport {
        instance_id: id.clone(),
        state: InstanceState::Terminated,
        tags: TagOutcome::Gone,
        execution_id: None,
        failure: None,
        replaced: BTreeMap::new(),
        managed: None,
        not_ready: None,
        machines: Vec::new(),
    }
}

fn profile_of(instance: &Observed, readiness: &Readiness) -> ProfilePolicies {
    let known = instance.profile.as_ref();
    let known = known.and_then(|name| readiness.profiles.get(name));
    known.copied().unwrap_or(ProfilePolicies::Unknown)
}

fn full() -> Shortfall {
    Shortfall {
        reason: "the instance has no room for the four tags".to_owned(),
        fix: Cause::TagLimit.fix().to_owned(),
    }
}
