//! Executions of runbooks by events in time: a batch begins with one child and lets one more run
//! for each that has ended, until its concurrency is reached ("Control automations at scale").

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use testkit::quotas::Quotas;

/// Milliseconds since the beginning: whole numbers, so that what happens at once does so always.
pub type Moment = u64;

/// How often a runbook tries to write, and how long after it was throttled.
const ATTEMPTS: u32 = 10;
const AFTER_THROTTLE: Moment = 5000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    UnderWay,
    Success,
    Failed,
}

#[derive(Debug)]
pub struct Child {
    pub id: String,
    pub batch: usize,
    pub instance: usize,
    pub status: Status,
    attempt: u32,
    /// Whether it fails, and whether after it wrote.
    fails: Option<bool>,
}

#[derive(Debug)]
pub struct Batch {
    pub id: String,
    pub instances: Vec<usize>,
    pub children: Vec<usize>,
    pub status: Status,
    pending: VecDeque<usize>,
    widest: usize,
    active: usize,
    done: usize,
}

impl Batch {
    fn window(&self) -> usize {
        self.widest.min(self.done + 1)
    }
}

/// What others in the account take, by time.
pub type Others = fn(Moment) -> usize;

/// All executions of an account and Region.
#[derive(Debug)]
pub struct Automation {
    quotas: Quotas,
    others: Others,
    fail_percent: u64,
    chance: fastrand::Rng,
    now: Moment,
    pub batches: Vec<Batch>,
    pub children: Vec<Child>,
    tokens: BTreeMap<String, usize>,
    ends: BinaryHeap<Reverse<(Moment, usize)>>,
    tag_tokens: f64,
    /// Which instance was written when.
    pub written: Vec<(usize, Moment)>,
    pub most_at_once: usize,
    running: usize,
}

impl Automation {
    pub fn new(quotas: Quotas, others: Others, fail_percent: u64) -> Self {
        Self {
            others,
            fail_percent,
            chance: fastrand::Rng::with_seed(7),
            now: 0,
            batches: Vec::new(),
            children: Vec::new(),
            tokens: BTreeMap::new(),
            ends: BinaryHeap::new(),
            tag_tokens: quotas.tag_requests.burst,
            written: Vec::new(),
            most_at_once: 0,
            running: 0,
            quotas,
        }
    }

    /// The execution that a call starts; `None` where the queue is full.
    pub fn start(&mut self, instances: Vec<usize>, at_once: usize, token: &str) -> Option<String> {
        if let Some(batch) = self.tokens.get(token) {
            return Some(self.batches[*batch].id.clone());
        }
        assert!(instances.len() <= self.quotas.automation.target_maps);
        let distinct: BTreeSet<&usize> = instances.iter().collect();
        assert_eq!(distinct.len(), instances.len());
        let under_way = self.under_way().count();
        if (self.others)(self.now) >= self.quotas.automation.at_once
            || under_way >= self.quotas.automation.rate_controls_at_once
        {
            return None;
        }
        let number = self.batches.len();
        let id = format!("batch-{number}");
        self.tokens.insert(token.to_owned(), number);
        self.batches.push(Batch {
            id: id.clone(),
            pending: instances.iter().copied().collect(),
            instances,
            children: Vec::new(),
            status: Status::UnderWay,
            widest: at_once,
            active: 0,
            done: 0,
        });
        self.dispatch();
        Some(id)
    }

    /// The batches that have not ended.
    pub fn under_way(&self) -> impl Iterator<Item = &Batch> {
        let under_way = |batch: &&Batch| batch.status == Status::UnderWay;
        self.batches.iter().filter(under_way)
    }

    /// Lets time go by.
    pub fn advance(&mut self, to: Moment) {
        // What others take changes by the second.
        while self.now < to {
            let second = (self.now / 1000 + 1) * 1000;
            let until = to.min(second);
            while let Some(Reverse((moment, child))) = self.ends.peek().copied() {
                if moment > until {
                    break;
                }
                self.ends.pop();
                self.let_pass(moment);
                self.end(child);
                self.dispatch();
            }
            self.let_pass(until);
            self.dispatch();
        }
    }

    fn let_pass(&mut self, to: Moment) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of some hours")]
        let seconds = (to - self.now) as f64 / 1000.0;
        let bucket = self.quotas.tag_requests;
        self.tag_tokens = (self.tag_tokens + seconds * bucket.per_second).min(bucket.burst);
        self.now = to;
    }

    fn end(&mut self, number: usize) {
        let (instance, fails) = (self.children[number].instance, self.children[number].fails);
        if fails != Some(false) {
            if self.tag_tokens < 1.0 && self.children[number].attempt < ATTEMPTS {
                self.children[number].attempt += 1;
                self.ends.push(Reverse((self.now + AFTER_THROTTLE, number)));
                return;
            }
            self.tag_tokens -= 1.0;
            self.written.push((instance, self.now));
        }
        self.children[number].status = if fails.is_some() {
            Status::Failed
        } else {
            Status::Success
        };
        self.running -= 1;
        let batch = &mut self.batches[self.children[number].batch];
        batch.active -= 1;
        batch.done += 1;
        if batch.active == 0 && batch.pending.is_empty() {
            batch.status = Status::Success;
        }
    }

    fn dispatch(&mut self) {
        let parents = self.under_way().count();
        let others = (self.others)(self.now);
        let mut free = self
            .quotas
            .automation
            .at_once
            .saturating_sub(parents + others + self.running);
        for number in 0..self.batches.len() {
            while free > 0 {
                let batch = &mut self.batches[number];
                if batch.active >= batch.window() {
                    break;
                }
                let Some(instance) = batch.pending.pop_front() else {
                    break;
                };
                batch.active += 1;
                free -= 1;
                self.begin(number, instance);
            }
        }
        self.most_at_once = self.most_at_once.max(self.running);
    }

    fn begin(&mut self, batch: usize, instance: usize) {
        let number = self.children.len();
        let fails = (self.chance.u64(..100) < self.fail_percent).then(|| self.chance.bool());
        self.children.push(Child {
            id: format!("child-{number}"),
            batch,
            instance,
            status: Status::UnderWay,
            attempt: 1,
            fails,
        });
        self.batches[batch].children.push(number);
        let takes = self.quotas.automation.execution_seconds * 1000;
        self.ends.push(Reverse((self.now + takes, number)));
        self.running += 1;
    }
}
