//! How far an order is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use onboarding::arc::batch::lanes;
use onboarding::arc::{Busy, ExecutionId, InstanceId, Lane};
use tokio::time::Instant;

use super::super::pace::{Pace, Size};
use super::{Adopted, Order, Ran, Work};

/// A batch that is under way.
pub(super) struct Running {
    pub(super) id: ExecutionId,
    pub(super) instances: BTreeSet<InstanceId>,
    pub(super) lane: usize,
    pub(super) since: Instant,
    /// What was to be done at that time.
    pub(super) size: Size,
}

/// Everything that changes while an order is carried out.
pub(super) struct Progress {
    pub(super) lanes: Vec<Lane>,
    pub(super) running: Vec<Running>,
    pub(super) ran: Ran,
    pub(super) earlier_tries: u32,
    pub(super) pace: Pace,
    pub(super) held_until: Option<Instant>,
    pub(super) failures: u32,
}

impl Progress {
    pub(super) fn of(order: &Order<'_>, work: Work) -> Self {
        let busy: Vec<Busy> = work.adopted.iter().map(|one| one.busy).collect();
        let running = |(lane, one): (usize, Adopted)| Running {
            id: one.id,
            instances: one.instances,
            lane,
            since: Instant::now(),
            size: Size {
                instances: one.busy.left,
                at_once: one.busy.at_once,
            },
        };
        Self {
            lanes: lanes(work.instances, order.at_once, order.largest_batch, &busy),
            running: work.adopted.into_iter().enumerate().map(running).collect(),
            ran: Ran::default(),
            earlier_tries: work.earlier_tries,
            pace: Pace::default(),
            held_until: None,
            failures: 0,
        }
    }

    /// The batches that are under way, with their widths.
    pub(super) fn batches(&self) -> BTreeMap<ExecutionId, u16> {
        let running = self.running.iter();
        running
            .map(|one| (one.id.clone(), one.size.at_once))
            .collect()
    }

    pub(super) fn is_over(&self) -> bool {
        let nothing_left = self.lanes.iter().all(|lane| lane.batches.is_empty());
        self.running.is_empty() && (nothing_left || self.ran.stopped.is_some())
    }

    /// The lanes that could start their next batch.
    pub(super) fn idle(&self, now: Instant) -> Vec<usize> {
        if self.ran.stopped.is_some() || self.held_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        let is_busy = |lane: usize| self.running.iter().any(|one| one.lane == lane);
        (0..self.lanes.len())
            .filter(|lane| !is_busy(*lane) && !self.lanes[*lane].batches.is_empty())
            .collect()
    }

    pub(super) fn next_look(&self, now: Instant, until: Instant) -> Instant {
        let ends = self.running.iter().map(|one| {
            let elapsed = now.saturating_duration_since(one.since);
            now + self.pace.wait(one.size, elapsed)
        });
        let held = self.held_until.filter(|held| *held > now);
        ends.chain(held).chain([until]).min().unwrap_or(until)
    }

    pub(super) fn hold(&mut self, pause: Duration) {
        self.held_until = Some(Instant::now() + pause);
    }
}
