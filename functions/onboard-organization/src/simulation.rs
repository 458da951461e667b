//! Large organizations in simulated time: the steps of the function as they ship, over the real
//! clients of AWS, and between them a Distributed Map whose children register accounts by the
//! domain's own decision, all against quotas from one file.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::quotas::Quotas;
use tokio::time::Instant;

use crate::world::World;
use crate::world::organization::account_id;
use crate::world::wanted::without_tags;

mod map;
mod memory;
mod organizations;
mod resource_manager;

use map::Map;
use resource_manager::{Clock, ResourceManager};

const UNIT: &str = "ou-a1b2-11112222";

/// An organization with so many members, and Azure beside it.
struct Simulation {
    world: World,
    quotas: Quotas,
    azure: Arc<ResourceManager>,
    began: Instant,
}

/// What came of a run.
#[derive(Debug)]
struct Ran {
    outcome: Value,
    /// How long it took.
    seconds: f64,
    /// How long it took until the accounts were listed.
    listing: f64,
    /// How often each action of AWS was called.
    calls: std::collections::BTreeMap<String, usize>,
}

impl Simulation {
    /// `latency` is that of a write in Azure. No run has measured it yet.
    fn of(members: usize, latency: Duration) -> Self {
        Self::wanting(&without_tags(UNIT), members, latency)
    }

    fn wanting(wanted: &Value, members: usize, latency: Duration) -> Self {
        let world = World::new();
        let mut state = world.aws.state();
        for number in 1..=members {
            state.organization.join(&account_id(number), Some(UNIT));
        }
        state.wanted = Some(wanted.to_string());
        drop(state);
        let quotas = Quotas::published().unwrap();
        let azure = ResourceManager::new(world.azure.clone(), &quotas, latency);
        Self {
            world,
            azure: Arc::new(azure),
            quotas,
            began: Instant::now(),
        }
    }

    /// A sweep, whose children something may stop.
    async fn run(&self, name: &str, stopped: impl Fn() -> bool) -> Ran {
        let input = json!({"Operation": "Onboard", "Scope": "Organization"});
        self.execution(name, &input, stopped).await
    }

    /// The run of a delete.
    async fn take_out(&self, name: &str) -> Ran {
        let asked = json!({"Intent": "Offboard", "Wanted": without_tags(UNIT)});
        let bucket = &self.world.aws.bucket;
        bucket.put("leaving/all", "{}");
        bucket.put(&format!("runs/{name}/asked.json"), asked.to_string());
        let input = json!({"Operation": "Offboard", "Scope": "Organization", "RequestId": name});
        self.execution(name, &input, || false).await
    }

    async fn execution(&self, name: &str, input: &Value, stopped: impl Fn() -> bool) -> Ran {
        let began = Instant::now();
        self.world.aws.take_actions();
        let machine = self.world.machine();
        let listed = machine.list(name, input).await.unwrap();
        let listing = began.elapsed().as_secs_f64();
        let mut report =
            json!({"Operation": "Report", "RunId": name, "Intent": input["Operation"]});
        if listed["Count"].as_u64() != Some(0) {
            let map = Map {
                quota: self.quotas.distributed_map,
                at_once: usize::try_from(listed["MaxConcurrency"].as_u64().unwrap()).unwrap(),
            };
            let entries = self.world.object(listed["Key"].as_str().unwrap());
            let entries = entries.as_array().unwrap().clone();
            let run = self.world.object(&format!("runs/{name}/run.json"));
            let clock = Clock {
                listed: Instant::now(),
                epoch_seconds: run["Began"].as_u64().unwrap() / 1_000,
            };
            let child = |entry: Value| {
                let azure = Arc::clone(&self.azure);
                let is_stopped = stopped();
                async move { azure.child(&entry, clock, is_stopped).await }
            };
            let results: Vec<Value> = map
                .run(entries, child)
                .await
                .into_iter()
                .flatten()
                .collect();
            report["ResultsKey"] = json!(self.world.write_results(name, &results));
        }
        let outcome = self.world.event(&report).await.unwrap();
        Ran {
            outcome,
            seconds: began.elapsed().as_secs_f64(),
            listing,
            calls: self.world.aws.take_actions(),
        }
    }
}
