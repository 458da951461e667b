//! What the tests share: a bucket and a machine behind the real clients, where any call may fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws::{RunBucket, RunObjects, StateMachineArn, StateMachines};
use custom_resource::{Context, KeptRequest, RequestIds};
use onboarding::arc::RunId;
use serde_json::{Map, Value, json};
use testkit::aws_wire::{Answer, Asked, Wire, in_five_minutes, refused_in_json};
use testkit::events::CustomResourceEvent;
use testkit::s3_bucket::Bucket;

use crate::{HandOver, Requests};

pub(crate) const REQUEST: &str = "8d1e0b1f-6471-4dda-aec3-111122223333";
pub(crate) const URL: &str = "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x?X-Amz-Signature=s3cr3t";

/// When the chosen call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Before it changed anything.
    Before,
    /// After it took effect: only the answer is lost.
    After,
}

#[derive(Debug, Default)]
pub(crate) struct Cloud {
    pub(crate) bucket: Bucket,
    /// Executions by name.
    pub(crate) started: Mutex<BTreeMap<String, Value>>,
    fault: Mutex<Option<(usize, Fault)>>,
}

pub(crate) struct Rig {
    pub(crate) cloud: Arc<Cloud>,
    wire: Wire,
    machines: StateMachines,
}

fn broken() -> Answer {
    Answer::Body(403, "<Error><Code>SlowDown2</Code></Error>".to_owned())
}

impl Cloud {
    fn answer(&self, asked: &Asked) -> Answer {
        let due = {
            let mut fault = self.fault.lock().unwrap();
            match fault.take() {
                Some((0, when)) => Some(when),
                Some((left, when)) => {
                    *fault = Some((left - 1, when));
                    None
                }
                None => None,
            }
        };
        if due == Some(Fault::Before) {
            return broken();
        }
        let answer = if asked.action() == "StartExecution" {
            self.start(&asked.json())
        } else {
            self.bucket.answer(asked)
        };
        if due == Some(Fault::After) {
            return broken();
        }
        answer
    }

    fn start(&self, asked: &Value) -> Answer {
        let name = asked["name"].as_str().unwrap().to_owned();
        let input = serde_json::from_str(asked["input"].as_str().unwrap()).unwrap();
        let mut started = self.started.lock().unwrap();
        if started.contains_key(&name) {
            return refused_in_json(400, "ExecutionAlreadyExists", "no");
        }
        started.insert(name, input);
        Answer::Body(
            200,
            json!({"executionArn": "arn", "startDate": 1.0}).to_string(),
        )
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        let cloud = Arc::new(Cloud::default());
        let behind = Arc::clone(&cloud);
        let wire = Wire::new(move |_, asked| behind.answer(asked));
        Self {
            machines: StateMachines::new(&wire.sdk()),
            cloud,
            wire,
        }
    }

    /// The `nth` call from now fails.
    pub(crate) fn fail(&self, nth: usize, fault: Fault) {
        *self.cloud.fault.lock().unwrap() = Some((nth, fault));
    }

    /// Whether the fault has struck.
    pub(crate) fn struck(&self) -> bool {
        self.cloud.fault.lock().unwrap().is_none()
    }

    pub(crate) fn objects(&self) -> RunObjects {
        RunBucket::new(&self.wire.sdk(), "defender-runs").objects(in_five_minutes())
    }

    pub(crate) fn requests(&self) -> Requests {
        Requests::new(self.objects())
    }

    pub(crate) fn hand_over<'a>(&'a self, machine: &'a StateMachineArn) -> HandOver<'a> {
        HandOver {
            requests: self.requests(),
            machines: &self.machines,
            machine,
            prefix: "arc",
            input: Map::from_iter([("Operation".to_owned(), json!("Onboard"))]),
        }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.cloud.bucket.objects().into_keys().collect()
    }
}

pub(crate) fn machine() -> StateMachineArn {
    let arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:Onboard";
    arn.to_owned().try_into().unwrap()
}

pub(crate) fn id() -> RunId {
    REQUEST.parse().unwrap()
}

pub(crate) fn context(request_id: &str) -> Context {
    let ids = RequestIds {
        request_id: request_id.to_owned(),
        ..RequestIds::default()
    };
    Context::new(ids, in_five_minutes())
}

pub(crate) fn kept(event: CustomResourceEvent) -> KeptRequest {
    let event = event.field("RequestId", REQUEST).build();
    KeptRequest::from_bytes(event.to_string().as_bytes()).unwrap()
}

pub(crate) fn create() -> KeptRequest {
    kept(CustomResourceEvent::create("Custom::Thing", URL))
}
