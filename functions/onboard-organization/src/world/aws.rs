//! AWS at the other end of the wire.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::aws_wire::{Answer, Asked, Wire, refused_in_json};
use testkit::s3_bucket::Bucket;

use super::organization::Organization;
use super::stack_sets::StackSets;
use super::stops::{Stop, Stops};

/// How long a call takes.
const LATENCY: Duration = Duration::from_millis(50);

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) organization: Organization,
    pub(crate) stack_sets: StackSets,
    /// The wanted state, where the stack keeps one.
    pub(crate) wanted: Option<String>,
    pub(crate) regions: Vec<&'static str>,
    /// What was started, by the execution's name; `None` refuses.
    pub(crate) started: Option<BTreeMap<String, Value>>,
    /// An action that is refused, and as what.
    pub(crate) refused: Option<(&'static str, &'static str)>,
    pub(crate) actions: BTreeMap<String, usize>,
}

#[derive(Debug)]
pub(crate) struct Aws {
    state: Mutex<State>,
    pub(crate) bucket: Bucket,
    stops: Arc<Stops>,
}

impl Aws {
    pub(crate) fn new(stops: Arc<Stops>) -> Self {
        Self {
            state: Mutex::new(State {
                organization: Organization::new(),
                stack_sets: StackSets {
                    is_trusted: true,
                    ..StackSets::default()
                },
                wanted: None,
                regions: vec!["eu-west-1", "us-east-1"],
                started: Some(BTreeMap::new()),
                refused: None,
                actions: BTreeMap::new(),
            }),
            bucket: Bucket::default(),
            stops,
        }
    }

    /// The wire to it.
    pub(crate) fn wire(this: &Arc<Self>) -> Wire {
        let this = Arc::clone(this);
        Wire::new(move |_, asked| this.stoppable(asked)).with_latency(LATENCY)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How often each action was called since this was asked last.
    pub(crate) fn take_actions(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.state().actions)
    }

    fn stoppable(&self, asked: &Asked) -> Answer {
        let stop = self.stops.next();
        if stop == Some(Stop::Before) {
            self.stops.strike();
            return Answer::Never;
        }
        let answer = self.answer(asked);
        if stop == Some(Stop::After) {
            self.stops.strike();
            return Answer::Never;
        }
        answer
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let mut state = self.state();
        let action = match (asked.action(), asked.uri.ends_with("/listRegions")) {
            (_, true) => "ListRegions".to_owned(),
            (action, _) if action.is_empty() => format!("s3:{}", asked.method),
            (action, _) => action,
        };
        *state.actions.entry(action.clone()).or_default() += 1;
        if let Some((refused, code)) = state.refused
            && refused == action
        {
            return refused_in_json(400, code, "why");
        }
        let body = |value: Value| Answer::Body(200, value.to_string());
        match action.as_str() {
            "ListRegions" => {
                let regions = state.regions.iter();
                let regions: Vec<Value> = regions
                    .map(|name| json!({"RegionName": name, "RegionOptStatus": "ENABLED"}))
                    .collect();
                body(json!({"Regions": regions}))
            }
            "GetParameter" => match &state.wanted {
                Some(wanted) => body(json!({"Parameter": {"Value": wanted}})),
                None => refused_in_json(400, "ParameterNotFound", "none"),
            },
            "StartExecution" => start(&mut state, &asked.json()),
            other if other.starts_with("s3:") => {
                drop(state);
                self.bucket.answer(asked)
            }
            other if asked.header("x-amz-target").is_some() => {
                let _ = other;
                state.organization.answer(asked)
            }
            _ => state.stack_sets.answer(asked),
        }
    }
}

fn start(state: &mut State, asked: &Value) -> Answer {
    let name = asked["name"].as_str().unwrap().to_owned();
    let input = serde_json::from_str(asked["input"].as_str().unwrap()).unwrap();
    let Some(started) = state.started.as_mut() else {
        return refused_in_json(400, "AccessDeniedException", "no");
    };
    if started.contains_key(&name) {
        return refused_in_json(400, "ExecutionAlreadyExists", "it is there");
    }
    started.insert(name, input);
    Answer::Body(
        200,
        json!({"executionArn": "arn", "startDate": 1.0}).to_string(),
    )
}
