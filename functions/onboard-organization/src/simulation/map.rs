//! A Distributed Map: so many children begin in a second, and so many run at once.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use testkit::quotas::DistributedMap;
use tokio::time::{Instant, sleep_until};

pub(super) struct Map {
    pub(super) quota: DistributedMap,
    pub(super) at_once: usize,
}

impl Map {
    /// Runs a child for each item; what came of them, in the order of their ends.
    pub(super) async fn run<I, T, F: Future<Output = T>>(
        &self,
        items: Vec<I>,
        child: impl Fn(I) -> F,
    ) -> Vec<T> {
        let at_once = self.at_once.min(self.quota.at_once);
        let between = Duration::from_secs(1) / self.quota.starts_per_second;
        let mut next = Instant::now();
        let mut running = FuturesUnordered::new();
        let mut ended = Vec::with_capacity(items.len());
        for item in items {
            loop {
                let may_begin = running.len() < at_once;
                tokio::select! {
                    () = sleep_until(next), if may_begin => break,
                    Some(result) = running.next() => ended.push(result),
                }
            }
            next = Instant::now() + between;
            running.push(child(item));
        }
        while let Some(result) = running.next().await {
            ended.push(result);
        }
        ended
    }
}
