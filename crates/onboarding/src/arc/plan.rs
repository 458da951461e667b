//! What to do next in a Region.

use std::collections::{BTreeMap, BTreeSet};

use super::{ExecutionId, InstanceId, Runbook, UnderWay};

/// How often a run tries for one instance.
pub const MOST_TRIES: u32 = 3;
/// How often it waits for what events start of the opposite runbook: where instances are launched
/// all the time there is always some.
pub const MOST_WAITS: u32 = 3;

/// What is known of a Region when a decision is due.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The runbook that would make instances right.
    pub runbook: Runbook,
    /// The instances that are wrong.
    pub wrong: &'a BTreeSet<InstanceId>,
    /// Executions of our runbooks, and of `runbook`, that have not ended.
    pub under_way: &'a [UnderWay],
    /// The batches that this run has started, an earlier invocation of it included.
    pub own: &'a BTreeSet<ExecutionId>,
    /// How often this run has tried, by instance.
    pub tries: &'a BTreeMap<InstanceId, u32>,
    /// How often it has waited.
    pub waits: u32,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Wait until these have ended, and look again.
    Wait(BTreeSet<ExecutionId>),
    /// Start the runbook for these, by how often it was tried for them. Where some are held,
    /// something is under way for them: look again afterwards.
    Start {
        /// What to start it for.
        instances: BTreeMap<u32, BTreeSet<InstanceId>>,
        /// Whether others are held.
        holds: bool,
    },
    /// Nothing is left to do.
    Nothing,
}

/// Decides.
///
/// * Batches of another run are waited for: ours beside them would take more of the account's quota
///   than our share, and that run has more to start, for the very instances that look wrong.
/// * What the opposite runbook is doing is waited for, since its end makes right what is wrong
///   and wrong what is right.
/// * An instance that something is under way for is left alone.
pub fn next_step(situation: Situation<'_>) -> Step {
    let Situation {
        runbook,
        wrong,
        under_way,
        own,
        tries,
        waits,
    } = situation;
    let concerns = |one: &&UnderWay| one.runbook.is_ours() && runbook.is_ours();
    let comes_first = |one: &&UnderWay| {
        let of_others = one.is_batch && !own.contains(&one.id);
        of_others || (one.runbook != runbook && waits < MOST_WAITS)
    };
    let first = ids(under_way.iter().filter(concerns).filter(comes_first));
    if !first.is_empty() {
        return Step::Wait(first);
    }
    let alike = || under_way.iter().filter(|one| one.runbook == runbook);
    let held: BTreeSet<&InstanceId> = alike().flat_map(|one| &one.targets).collect();
    let holds = wrong.iter().any(|one| held.contains(one));
    let mut instances: BTreeMap<u32, BTreeSet<InstanceId>> = BTreeMap::new();
    for instance in wrong.iter().filter(|one| !held.contains(one)) {
        let tried = tries.get(instance).copied().unwrap_or(0);
        if tried < MOST_TRIES {
            instances.entry(tried).or_default().insert(instance.clone());
        }
    }
    if !instances.is_empty() {
        Step::Start { instances, holds }
    } else if holds {
        let holding = |one: &&UnderWay| one.targets.iter().any(|target| wrong.contains(target));
        Step::Wait(ids(alike().filter(holding)))
    } else {
        Step::Nothing
    }
}

fn ids<'a>(executions: impl Iterator<Item = &'a UnderWay>) -> BTreeSet<ExecutionId> {
    executions.map(|one| one.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u8) -> InstanceId {
        format!("i-{number:08x}").parse().unwrap()
    }

    fn under_way(number: u8, runbook: Runbook, is_batch: bool, targets: &[u8]) -> UnderWay {
        UnderWay {
            id: ExecutionId::seen(format!("e-{number}")),
            runbook,
            is_batch,
            targets: targets.iter().map(|number| id(*number)).collect(),
        }
    }

    fn step(runbook: Runbook, wrong: &[u8], under_way: &[UnderWay]) -> Step {
        next_step(Situation {
            runbook,
            wrong: &wrong.iter().map(|number| id(*number)).collect(),
            under_way,
            own: &BTreeSet::from([ExecutionId::seen("e-77")]),
            tries: &BTreeMap::new(),
            waits: 0,
        })
    }

    fn wait(numbers: &[u8]) -> Step {
        let seen = |number: &u8| ExecutionId::seen(format!("e-{number}"));
        Step::Wait(numbers.iter().map(seen).collect())
    }

    fn start(numbers: &[u8], holds: bool) -> Step {
        let instances = numbers.iter().map(|number| id(*number)).collect();
        Step::Start {
            instances: BTreeMap::from([(0, instances)]),
            holds,
        }
    }

    use Runbook::{ApplyTags, AttachProfile, RemoveTags};

    #[test]
    fn a_converged_region_starts_and_awaits_nothing() {
        assert_eq!(step(ApplyTags, &[], &[]), Step::Nothing);
        let launched = under_way(1, ApplyTags, false, &[7]);
        assert_eq!(
            step(ApplyTags, &[], &[launched]),
            Step::Nothing,
            "an event's execution for an instance that is right already"
        );
    }

    #[test]
    fn a_batch_of_this_run_only_holds_its_instances() {
        let own = under_way(77, ApplyTags, true, &[1, 2]);
        let own = std::slice::from_ref(&own);
        assert_eq!(step(ApplyTags, &[1, 2, 3], own), start(&[3], true));
        assert_eq!(step(ApplyTags, &[1], own), wait(&[77]));
        assert_eq!(step(ApplyTags, &[], own), Step::Nothing);
    }

    #[test]
    fn a_batch_of_another_run_is_followed_before_one_starts() {
        let batch = under_way(1, ApplyTags, true, &[1, 2]);
        assert_eq!(
            step(ApplyTags, &[3], std::slice::from_ref(&batch)),
            wait(&[1])
        );
        assert_eq!(step(ApplyTags, &[], &[batch]), wait(&[1]));
    }

    #[test]
    fn the_opposite_runbook_is_waited_for_whatever_it_is_for() {
        let launched = under_way(1, ApplyTags, false, &[9]);
        assert_eq!(step(RemoveTags, &[], &[launched]), wait(&[1]));
        let removal = under_way(2, RemoveTags, true, &[9]);
        assert_eq!(step(ApplyTags, &[1], &[removal]), wait(&[2]));
    }

    #[test]
    fn launches_without_end_are_not_waited_for_without_end() {
        let launched = under_way(1, ApplyTags, false, &[9]);
        let after = |waits| {
            next_step(Situation {
                runbook: RemoveTags,
                wrong: &BTreeSet::new(),
                under_way: std::slice::from_ref(&launched),
                own: &BTreeSet::new(),
                tries: &BTreeMap::new(),
                waits,
            })
        };
        assert_eq!(after(MOST_WAITS - 1), wait(&[1]));
        assert_eq!(after(MOST_WAITS), Step::Nothing);
    }

    #[test]
    fn an_instance_that_an_event_has_started_is_held() {
        let launched = under_way(1, ApplyTags, false, &[1]);
        let both = std::slice::from_ref(&launched);
        assert_eq!(step(ApplyTags, &[1, 2], both), start(&[2], true));
        assert_eq!(step(ApplyTags, &[2], both), start(&[2], false));
        assert_eq!(step(ApplyTags, &[1], both), wait(&[1]));
    }

    #[test]
    fn a_batch_of_somebody_else_with_awss_runbook_only_holds_its_instances() {
        let theirs = under_way(1, AttachProfile, true, &[1]);
        let both = std::slice::from_ref(&theirs);
        assert_eq!(step(AttachProfile, &[1, 2], both), start(&[2], true));
        assert_eq!(step(ApplyTags, &[1], both), start(&[1], false));
        let tags = under_way(2, ApplyTags, true, &[1]);
        assert_eq!(step(AttachProfile, &[1], &[tags]), start(&[1], false));
    }

    #[test]
    fn after_some_tries_an_instance_is_left_to_the_next_run() {
        let wrong = BTreeSet::from([id(1), id(2), id(3)]);
        let tries = BTreeMap::from([(id(1), MOST_TRIES), (id(2), 1)]);
        let situation = Situation {
            runbook: ApplyTags,
            wrong: &wrong,
            under_way: &[],
            own: &BTreeSet::new(),
            tries: &tries,
            waits: 0,
        };
        let instances = BTreeMap::from([(0, BTreeSet::from([id(3)])), (1, [id(2)].into())]);
        let holds = false;
        assert_eq!(next_step(situation), Step::Start { instances, holds });
    }

    fn executions() -> impl Strategy<Value = Vec<UnderWay>> {
        let runbooks = prop::sample::select(vec![ApplyTags, RemoveTags, AttachProfile]);
        let one = (
            any::<u8>(),
            runbooks,
            any::<bool>(),
            prop::collection::vec(0_u8..9, 0..5),
        );
        let one = one.prop_map(|(number, runbook, is_batch, targets)| {
            under_way(number, runbook, is_batch, &targets)
        });
        prop::collection::vec(one, 0..4)
    }

    proptest! {
        #[test]
        fn nothing_is_started_twice_and_nothing_lost(
            wrong in prop::collection::btree_set(0_u8..9, 0..9),
            tries in prop::collection::btree_map(0_u8..9, 0_u32..5, 0..9),
            under_way in executions(),
            own in prop::collection::btree_set(any::<u8>(), 0..4),
            waits in 0_u32..5,
            runbook in prop::sample::select(vec![ApplyTags, RemoveTags, AttachProfile]),
        ) {
            let wrong: BTreeSet<InstanceId> = wrong.into_iter().map(id).collect();
            let tries = tries.into_iter().map(|(number, tried)| (id(number), tried)).collect();
            let own = own.into_iter().map(|number| ExecutionId::seen(format!("e-{number}"))).collect();
            let step = next_step(Situation { runbook, wrong: &wrong, under_way: &under_way, own: &own, tries: &tries, waits });
            let alike = || under_way.iter().filter(|one| one.runbook == runbook);
            let held: BTreeSet<&InstanceId> = alike().flat_map(|one| &one.targets).collect();
            let exhausted = |one: &InstanceId| tries.get(one).is_some_and(|tried| *tried >= MOST_TRIES);
            match step {
                Step::Start { instances, holds } => {
                    let started: Vec<&InstanceId> = instances.values().flatten().collect();
                    let distinct: BTreeSet<&InstanceId> = started.iter().copied().collect();
                    prop_assert_eq!(started.len(), distinct.len());
                    for instance in &wrong {
                        let started = distinct.contains(instance);
                        prop_assert!(!(started && held.contains(instance)), "twice");
                        prop_assert!(started || exhausted(instance) || (holds && held.contains(instance)), "lost");
                    }
                    prop_assert!(distinct.iter().all(|one| wrong.contains(*one)));
                }
                Step::Wait(ids) => {
                    prop_assert!(!ids.is_empty());
                    prop_assert!(ids.iter().all(|id| under_way.iter().any(|one| one.id == *id)));
                }
                Step::Nothing => {
                    prop_assert!(wrong.iter().all(exhausted), "lost");
                }
            }
        }
    }
}
