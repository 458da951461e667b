//! Runs the state machine by the local cloud's engine, with functions whose answers a test chooses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::document::{read, root, run_python};

/// The definition.
pub const MACHINE: &str = "statemachine/onboard-organization.asl.json";
/// The bucket of the runs.
pub const BUCKET: &str = "runs";
/// A member.
pub const ACCOUNT: &str = "111122223333";
/// Another one.
pub const OTHER: &str = "444455556666";

const RUN: &str = r#"
import json, logging, sys, threading, time
given = json.load(sys.stdin)
sys.path.insert(0, given["extension"])
from ministack.core.responses import request_scope
from ministack.services import s3, stepfunctions as engine
import stepfunctions_history, stepfunctions_map, stepfunctions_retry, stepfunctions_states, stepfunctions_task
for part in (stepfunctions_history, stepfunctions_map, stepfunctions_retry, stepfunctions_states, stepfunctions_task):
    part.install()
logging.disable(logging.CRITICAL)
bucket, calls, lock = given["bucket"], [], threading.Lock()

def answer_to(payload):
    operation = payload["Operation"]
    answers = given["answers"].get(f"{operation}:{payload.get('AccountId')}", given["answers"].get(operation, [{}]))
    return answers.pop(0) if len(answers) > 1 else answers[0]

def call(function, payload):
    with lock:
        calls.append([function, payload])
        answer = answer_to(payload)
    if payload["Operation"] == "Answer" and not isinstance(answer, str):
        s3._put_object(bucket, f"answered/{payload['RequestId']}", b"{}", {})
    if isinstance(answer, dict) and "AfterAnswers" in answer:
        give_up = time.time() + 20
        while sum(told["Operation"] == "Answer" for _, told in calls) < answer["AfterAnswers"] and time.time() < give_up:
            time.sleep(0.01)
        answer = answer["Then"]
    if isinstance(answer, str):
        raise engine._ExecutionError(answer, f"why {answer}")
    return answer

def look(inner):
    def invoke(resource, data):
        if not resource.endswith(":aws-sdk:s3:headObject"):
            return inner(resource, data)
        if data["Key"] not in s3._buckets[data["Bucket"]]["objects"]:
            raise engine._ExecutionError("S3.NoSuchKeyException", "not found")
        return {"ContentLength": 2}
    return invoke

engine._call_lambda, engine._SFN_WAIT_SCALE = call, 0.001
engine._resolve_lambda_function_ref = lambda reference, **_: reference.rsplit(":", 1)[-1]
engine._invoke_resource = look(engine._invoke_resource)
with request_scope("123456789012", "eu-west-1"):
    s3._create_bucket(bucket, b"")
    s3._put_object(bucket, "runs/r/accounts.json", json.dumps(given["items"]).encode(), {})
    role = "arn:aws:iam::123456789012:role/r"
    made = engine._create_state_machine({"name": "m", "definition": given["definition"], "roleArn": role})
    machine = json.loads(made[2])["stateMachineArn"]
    started = engine._start_execution({"stateMachineArn": machine, "name": "n", "input": json.dumps(given["input"])})
    execution = {"executionArn": json.loads(started[2])["executionArn"]}
    while (seen := json.loads(engine._describe_execution(execution)[2]))["status"] == "RUNNING":
        time.sleep(0.01)
    objects = s3._buckets[bucket]["objects"]
    kept = {key: json.loads(one["body"]) for key, one in objects.items() if key.startswith("runs/r/results/")}
    events = len(engine._executions[execution["executionArn"]]["events"])
json.dump({"calls": calls, "status": seen["status"], "error": seen.get("error"), "kept": kept, "events": events},
          sys.stdout)
"#;

/// What came of an execution.
#[derive(Debug)]
pub struct Ended {
    /// `SUCCEEDED`, or the error.
    pub status: String,
    /// The function, by its package, and what it was told; in the order of the calls.
    pub calls: Vec<(String, Value)>,
    /// What the results' files hold, by key, but for how long accounts took.
    pub kept: Map<String, Value>,
    /// How long each account took, by its id; in milliseconds.
    pub took: BTreeMap<String, u64>,
    /// How many events the execution itself has.
    pub events: u64,
}

impl Ended {
    /// What a function was told of an account.
    pub fn of_account(&self, account: &str) -> Vec<(&str, &Value)> {
        let calls = self.calls.iter();
        calls
            .filter(|(_, payload)| payload["AccountId"] == account)
            .map(|(function, payload)| (function.as_str(), payload))
            .collect()
    }

    /// The calls of an operation.
    pub fn told(&self, operation: &str) -> Vec<&Value> {
        let calls = self.calls.iter().map(|(_, payload)| payload);
        calls
            .filter(|payload| payload["Operation"] == operation)
            .collect()
    }

    /// What became of the accounts that did not fail as executions.
    pub fn outcomes(&self) -> Vec<&Value> {
        let files = self.kept.iter();
        files
            .filter(|(key, _)| key.ends_with("/SUCCEEDED_0.json"))
            .flat_map(|(_, outcomes)| outcomes.as_array().into_iter().flatten())
            .collect()
    }
}

/// An execution of the organization's path, over these items. Answers are by operation, or by operation and account;
/// the last one is given again. A text is an error of that name, and `AfterAnswers` waits for so many calls of Answer.
pub fn execution(definition: &str, input: &Value, items: &Value, answers: &Value) -> Ended {
    let function = |package| format!("arn:aws:lambda:eu-west-1:123456789012:function:{package}");
    let definition = definition
        .replace("${Partition}", "aws")
        .replace("${RunBucket}", BUCKET)
        .replace(
            "${RegisterAccountFunctionArn}",
            &function("register-account"),
        )
        .replace("${ProvisionArcFunctionArn}", &function("provision-arc"))
        .replace(
            "${OnboardOrganizationFunctionArn}",
            &function("onboard-organization"),
        );
    assert!(!definition.contains("${"));
    let ended = run_python(
        RUN,
        &json!({
            "extension": root().join("tests/local-cloud"),
            "definition": definition,
            "bucket": BUCKET,
            "input": input,
            "items": items,
            "answers": answers,
        }),
    );
    let status = ended["error"].as_str().or(ended["status"].as_str());
    let call = |call: &Value| {
        let function = call[0].as_str().unwrap_or_default();
        (function.to_owned(), call[1].clone())
    };
    let mut kept = ended["kept"].as_object().cloned().unwrap_or_default();
    let took = take_times(&mut kept);
    Ended {
        status: status.unwrap_or_default().to_owned(),
        calls: ended["calls"]
            .as_array()
            .into_iter()
            .flatten()
            .map(call)
            .collect(),
        kept,
        took,
        events: ended["events"].as_u64().unwrap_or_default(),
    }
}

fn take_times(kept: &mut Map<String, Value>) -> BTreeMap<String, u64> {
    let files = kept
        .iter_mut()
        .filter(|(key, _)| key.ends_with("/SUCCEEDED_0.json"));
    let outcomes = files.flat_map(|(_, file)| file.as_array_mut().into_iter().flatten());
    let time = |outcome: &mut Value| {
        let account = outcome["AccountId"].as_str()?.to_owned();
        let time = outcome.as_object_mut()?.remove("Milliseconds");
        Some((account, time?.as_u64()?))
    };
    outcomes.filter_map(time).collect()
}

/// The definition whose answers are due at once.
pub fn late() -> String {
    read(MACHINE).replace("+ 2200000", "- 1")
}

/// An item of the list of accounts.
pub fn item(account: &str, action: &str, arc: &str) -> Value {
    json!({
        "AccountId": account,
        "Action": action,
        "Arc": arc,
        "Connectors": ["/subscriptions/s/c"],
        "AsWanted": false,
        "Name": "a name",
    })
}

/// What the functions answer where all goes well; `more` is put over it.
pub fn answers(count: usize, more: &Value) -> Value {
    let listed = json!({"Bucket": BUCKET, "Key": "runs/r/accounts.json", "Count": count, "MaxConcurrency": 2, "SkippedCount": 0});
    let mut answers = json!({
        "ListAccounts": [listed],
        "Onboard": [{"Connector": "/id", "Outcome": "Connected", "PutMilliseconds": 7, "Done": true, "ReportUri": "s3://x", "InstancesSeen": 2}],
        "Offboard": [{"Connector": null, "Outcome": "Removed", "Done": true, "InstancesSeen": 1}],
        "RemoveConnector": [{"Connector": null, "Outcome": "Removed"}],
        "RepairStackInstances": [{"Done": true, "Operations": []}],
        "Report": [outcome(true)],
        "Progress": [outcome(false)],
        "Answer": [{}],
    });
    for (name, given) in more.as_object().into_iter().flatten() {
        answers[name] = given.clone();
    }
    answers
}

/// What became of a run, or has so far.
pub fn outcome(done: bool) -> Value {
    json!({"AccountsInScope": 2, "AccountsConnected": 1, "ReportUri": "s3://runs/r", "Done": done})
}

/// What CloudFormation waits for.
pub fn request() -> Value {
    json!({"Operation": "Onboard", "Scope": "Organization", "RunId": "r", "RequestId": "q"})
}

/// What nobody waits for.
pub fn sweep() -> Value {
    json!({"Operation": "Onboard", "Scope": "Organization", "RunId": "r"})
}
