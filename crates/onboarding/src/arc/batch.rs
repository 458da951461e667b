//! Instances that one call starts a runbook for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use uuid::Uuid;

use super::{InstanceId, RunId, Runbook};
use crate::RegionName;

/// How many instances one call takes.
pub const LARGEST_BATCH: usize = 300;
/// A lane's width where the share allows for several: it is reached after two rounds.
const NARROW: usize = 4;
/// How many batches run side by side: a third of what an account may have, all its own included.
const MOST_LANES: usize = 8;
/// How many instances make up for another call.
const WORTH_A_LANE: usize = 100;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What to start.
    pub runbook: Runbook,
    /// Its parameters, but for the instance.
    pub parameters: BTreeMap<&'static str, String>,
    /// For what.
    pub instances: BTreeSet<InstanceId>,
    /// How many of them at once.
    pub at_once: u16,
    /// How often the run has tried for these instances before.
    pub earlier_tries: u32,
}

impl Batch {
    /// The token by which Systems Manager knows the same call again: a call whose answer was lost
    /// starts nothing anew. A later run, or another try, has another one.
    pub fn token(&self, run: &RunId, region: &RegionName) -> Uuid {
        let mut content = vec![
            run.to_string(),
            region.to_string(),
            self.runbook.name().to_owned(),
            self.at_once.to_string(),
            self.earlier_tries.to_string(),
        ];
        let parameters = self.parameters.iter();
        content.extend(parameters.flat_map(|(key, value)| [(*key).to_owned(), value.clone()]));
        content.extend(self.instances.iter().map(ToString::to_string));
        // No part holds a line end: ids and tag values have no control characters.
        Uuid::new_v5(&Uuid::NAMESPACE_URL, content.join("\n").as_bytes())
    }
}

/// A batch that is under way already, and takes its part of what may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// How many of its instances at once.
    pub at_once: u16,
    /// How many have not had their turn.
    pub left: usize,
}

/// Batches that run one after another, with their part of what may run at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// How many instances of a batch at once.
    pub at_once: u16,
    /// The batches, all of about the same size.
    pub batches: VecDeque<BTreeSet<InstanceId>>,
}

/// Cuts instances into batches of at most `largest`, in lanes that share `at_once`. The first
/// lanes are those of the batches that are under way.
///
/// Systems Manager begins each batch with one instance and lets one more run for each that is
/// done, so a batch that may run 25 at once needs five rounds to get there: over a large fleet a
/// third of the time. A few narrow lanes get there at once. They finish together, as each has
/// instances in proportion to its width.
pub fn lanes(
    instances: BTreeSet<InstanceId>,
    at_once: u16,
    largest: usize,
    busy: &[Busy],
) -> Vec<Lane> {
    let widths = widths(instances.len(), at_once, busy);
    let work = instances.len() + busy.iter().map(|one| one.left).sum::<usize>();
    let all: usize = widths.iter().copied().map(usize::from).sum();
    let mut left = instances.into_iter();
    let mut wanting: usize = (0..widths.len())
        .map(|lane| share(work, widths[lane], all, busy.get(lane)))
        .sum();
    let mut lanes = Vec::new();
    for (lane, at_once) in widths.into_iter().enumerate() {
        let want = share(work, at_once, all, busy.get(lane));
        // What rounding and lanes with too much already leave over is shared alike.
        let part = (left.len() * want).div_ceil(wanting.max(1));
        wanting -= want;
        let own: Vec<InstanceId> = left.by_ref().take(part).collect();
        lanes.push(Lane {
            at_once,
            batches: cut(&own, largest),
        });
    }
    lanes
}

/// What a lane should still get.
fn share(work: usize, width: u16, all: usize, busy: Option<&Busy>) -> usize {
    let fair = (work * usize::from(width)).div_ceil(all.max(1));
    fair.saturating_sub(busy.map_or(0, |one| one.left))
}

/// The widths of all lanes, those of the busy ones first.
fn widths(instances: usize, at_once: u16, busy: &[Busy]) -> Vec<u16> {
    let mut free = at_once.max(1);
    let mut widths: Vec<u16> = Vec::new();
    for one in busy {
        let width = one.at_once.min(free);
        free -= width;
        widths.push(width);
    }
    let useful = instances.div_ceil(WORTH_A_LANE).min(MOST_LANES);
    let wanted = usize::from(free).div_ceil(NARROW);
    let count = useful.saturating_sub(busy.len()).min(wanted);
    // Somebody has to do what there is.
    let count = count.max(usize::from(widths.iter().all(|width| *width == 0)));
    for lanes_left in (1..=count).rev() {
        let width = free.div_ceil(u16::try_from(lanes_left).unwrap_or(u16::MAX));
        free -= width;
        widths.push(width);
    }
    widths
}

fn cut(instances: &[InstanceId], largest: usize) -> VecDeque<BTreeSet<InstanceId>> {
    let count = instances.len().div_ceil(largest.max(1));
    let size = instances.len().div_ceil(count.max(1)).max(1);
    let batches = instances.chunks(size);
    batches.map(|part| part.iter().cloned().collect()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(count: usize) -> BTreeSet<InstanceId> {
        (0..count)
            .map(|number| format!("i-{number:08x}").parse().unwrap())
            .collect()
    }

    fn batch() -> Batch {
        Batch {
            runbook: Runbook::ApplyTags,
            parameters: BTreeMap::from([("CloudTagValue", "AWS".to_owned())]),
            instances: ids(2),
            at_once: 25,
            earlier_tries: 0,
        }
    }

    fn token(batch: &Batch) -> Uuid {
        batch.token(&"run".parse().unwrap(), &"eu-west-1".parse().unwrap())
    }

    #[test]
    fn the_same_call_has_the_same_token_and_any_other_another() {
        assert_eq!(token(&batch()), token(&batch()));
        let mut tokens = BTreeSet::from([
            token(&batch()),
            batch().token(&"run2".parse().unwrap(), &"eu-west-1".parse().unwrap()),
            batch().token(&"run".parse().unwrap(), &"eu-west-2".parse().unwrap()),
        ]);
        let changes: [fn(&mut Batch); 5] = [
            |batch| batch.runbook = Runbook::RemoveTags,
            |batch| drop(batch.parameters.insert("CloudTagValue", "aws".to_owned())),
            |batch| drop(batch.instances.pop_first()),
            |batch| batch.at_once = 24,
            |batch| batch.earlier_tries = 1,
        ];
        for change in changes {
            let mut other = batch();
            change(&mut other);
            tokens.insert(token(&other));
        }
        assert_eq!(tokens.len(), 3 + changes.len());
    }

    fn shape(count: usize, at_once: u16) -> Vec<(u16, Vec<usize>)> {
        let lanes = lanes(ids(count), at_once, LARGEST_BATCH, &[]);
        let sizes = |lane: &Lane| lane.batches.iter().map(BTreeSet::len).collect();
        lanes
            .iter()
            .map(|lane| (lane.at_once, sizes(lane)))
            .collect()
    }

    #[test]
    fn a_small_fleet_is_one_call() {
        assert_eq!(shape(0, 25), [(25, vec![])]);
        assert_eq!(shape(1, 25), [(25, vec![1])]);
        assert_eq!(shape(100, 25), [(25, vec![100])]);
        assert_eq!(shape(700, 3), [(3, vec![234, 234, 232])]);
    }

    #[test]
    fn a_large_fleet_runs_in_narrow_lanes_that_end_together() {
        let lanes = shape(10_000, 25);
        let widths: Vec<u16> = lanes.iter().map(|(width, _)| *width).collect();
        assert_eq!(widths, [4, 4, 4, 4, 3, 3, 3]);
        assert_eq!(lanes[0].1, [267, 267, 267, 267, 267, 265]);
        assert_eq!(lanes[6].1, [300, 300, 300, 300]);
        let wide = shape(100_000, 100);
        assert_eq!(
            wide.iter().map(|(width, _)| *width).collect::<Vec<_>>(),
            [13, 13, 13, 13, 12, 12, 12, 12]
        );
    }

    #[test]
    fn what_is_under_way_keeps_its_lane_and_gets_the_less_the_more_it_has_left() {
        let busy = [(4, 200), (4, 200), (3, 0)].map(|(at_once, left)| Busy { at_once, left });
        let lanes = lanes(ids(700), 11, LARGEST_BATCH, &busy);
        let shape: Vec<(u16, usize)> = lanes
            .iter()
            .map(|lane| (lane.at_once, lane.batches.iter().map(BTreeSet::len).sum()))
            .collect();
        assert_eq!(shape, [(4, 200), (4, 200), (3, 300)]);
        let behind = [
            Busy {
                at_once: 2,
                left: 900,
            },
            Busy {
                at_once: 2,
                left: 0,
            },
        ];
        let lanes = super::lanes(ids(50), 4, LARGEST_BATCH, &behind);
        assert!(lanes[0].batches.is_empty());
        assert_eq!(lanes[1].batches.len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_twice_and_the_share_is_kept(
            count in 0_usize..2500, at_once in 0_u16..600, largest in 1_usize..301,
            busy in prop::collection::vec((1_u16..9, 0_usize..300), 0..5),
        ) {
            let busy: Vec<Busy> = busy.into_iter().map(|(at_once, left)| Busy { at_once, left }).collect();
            let lanes = lanes(ids(count), at_once, largest, &busy);
            let batches = || lanes.iter().flat_map(|lane| &lane.batches);
            let all: Vec<InstanceId> = batches().flatten().cloned().collect();
            prop_assert_eq!(all, ids(count).into_iter().collect::<Vec<_>>());
            prop_assert!(batches().all(|batch| !batch.is_empty() && batch.len() <= largest));
            let widths: u32 = lanes.iter().map(|lane| u32::from(lane.at_once)).sum();
            prop_assert!(widths <= u32::from(at_once.max(1)));
            prop_assert!(lanes.iter().all(|lane| lane.at_once > 0 || lane.batches.is_empty()));
            prop_assert!(lanes.len() >= busy.len() && lanes.len() <= MOST_LANES.max(busy.len() + 1));
        }
    }
}
