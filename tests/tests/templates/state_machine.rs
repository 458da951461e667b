//! The state machine: what it calls, how often, and that CloudFormation is answered in time whatever happens.
//!
//! It is run by the engine of the local cloud, with a function whose answers a test chooses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{descend, read, run_python, rust_sources, strings, template, transformed};
use crate::machine_engine::MACHINE;

const RUN: &str = r#"
import json, logging, sys, time
from ministack.core.responses import request_scope
from ministack.services import stepfunctions as engine
logging.disable(logging.CRITICAL)
given, calls = json.load(sys.stdin), []
answers = iter(given["answers"])
def call(_function, payload):
    calls.append(payload)
    answer = {} if payload["Operation"] == "Answer" else next(answers)
    if isinstance(answer, str):
        raise engine._ExecutionError(answer, "why")
    return answer
engine._call_lambda, engine._SFN_WAIT_SCALE = call, 0
engine._resolve_lambda_function_ref = lambda reference, **_: reference
with request_scope("123456789012", "eu-west-1"):
    role = "arn:aws:iam::123456789012:role/r"
    made = engine._create_state_machine({"name": "m", "definition": given["definition"], "roleArn": role})
    machine = json.loads(made[2])["stateMachineArn"]
    started = engine._start_execution({"stateMachineArn": machine, "name": "n", "input": json.dumps(given["input"])})
    execution = {"executionArn": json.loads(started[2])["executionArn"]}
    while (seen := json.loads(engine._describe_execution(execution)[2]))["status"] == "RUNNING":
        time.sleep(0.01)
json.dump({"calls": calls, "status": seen["status"], "error": seen.get("error")}, sys.stdout)
"#;

fn machine() -> Value {
    serde_json::from_str(&read(MACHINE)).unwrap_or_else(|error| panic!("{MACHINE}: {error}"))
}

/// How an execution ended, and the calls it made. A text among the answers is an error of that name.
fn execution(definition: &str, input: &Value, answers: &Value) -> (String, Vec<Value>) {
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let definition = definition
        .replace("${Partition}", "aws")
        .replace("${RegisterAccountFunctionArn}", "not called")
        .replace("${OnboardOrganizationFunctionArn}", "not called")
        .replace("${ProvisionArcFunctionArn}", function);
    let ended = run_python(
        RUN,
        &json!({"definition": definition, "input": input, "answers": answers}),
    );
    let status = ended["error"].as_str().or(ended["status"].as_str());
    let calls = ended["calls"].as_array().cloned().unwrap_or_default();
    (status.unwrap_or_default().to_owned(), calls)
}

fn request() -> Value {
    json!({"Operation": "Onboard", "AccountId": "123456789012", "RunId": "r", "RequestId": "q"})
}

fn done() -> Value {
    json!({"Done": true, "InstancesSeen": 2})
}

fn not_done() -> Value {
    json!({"Done": false, "InstancesSeen": 1})
}

fn answer(what: &str, value: &Value) -> Value {
    json!({"Operation": "Answer", "RequestId": "q", "RunId": "r", what: value})
}

#[test]
fn a_request_is_worked_on_until_it_is_done_and_then_answered() {
    let answers = json!([not_done(), not_done(), done()]);
    let (status, calls) = execution(&read(MACHINE), &request(), &answers);
    assert_eq!(status, "SUCCEEDED");
    let wanted = [request(), request(), request(), answer("Outcome", &done())];
    assert_eq!(calls, wanted);
}

#[test]
fn what_is_asked_for_is_handed_on_by_its_name() {
    for operation in ["Onboard", "Offboard", "Narrow"] {
        let mut asked = request();
        asked["Operation"] = json!(operation);
        let (_, calls) = execution(&read(MACHINE), &asked, &json!([done()]));
        assert_eq!(calls[0], asked);
    }
}

#[test]
fn a_sweep_has_the_executions_name_and_answers_nobody() {
    let input = json!({"Operation": "Onboard", "AccountId": "123456789012"});
    let (status, calls) = execution(&read(MACHINE), &input, &json!([not_done(), done()]));
    assert_eq!(status, "SUCCEEDED");
    let call = json!({"Operation": "Onboard", "AccountId": "123456789012", "RunId": "n"});
    assert_eq!(calls, [call.clone(), call]);
}

#[test]
fn when_time_is_up_what_is_done_so_far_is_answered_and_the_rest_is_done_after() {
    let late = read(MACHINE).replace("+ 2200000", "- 1");
    let answers = json!([not_done(), not_done(), done()]);
    let (status, calls) = execution(&late, &request(), &answers);
    assert_eq!(status, "SUCCEEDED");
    let wanted = [
        request(),
        answer("Outcome", &not_done()),
        request(),
        request(),
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn a_function_that_is_stopped_is_called_again() {
    for error in [
        "Runtime.ExitError",
        "Sandbox.Timedout",
        "Lambda.Unknown",
        "States.Timeout",
    ] {
        let answers = json!([error, not_done(), error, done()]);
        let (status, calls) = execution(&read(MACHINE), &request(), &answers);
        assert_eq!(status, "SUCCEEDED", "{error}");
        assert_eq!(calls.len(), 5, "{error}");
        assert_eq!(calls[4], answer("Outcome", &done()), "{error}");
    }
}

#[test]
fn what_may_pass_is_tried_again_and_what_may_not_is_answered_at_once() {
    for (error, tries) in [
        ("Throttled", 7..=12),
        ("Transient", 7..=12),
        ("Runtime.ExitError", 6..=6),
        ("Denied", 1..=1),
        ("Conflict", 1..=1),
        ("Invalid", 1..=1),
        ("States.DataLimitExceeded", 1..=1),
    ] {
        let answers = json!(vec![error; 40]);
        let (status, mut calls) = execution(&read(MACHINE), &request(), &answers);
        assert_eq!(status, error);
        let failure = json!({"Error": error, "Cause": "why"});
        assert_eq!(calls.pop(), Some(answer("Error", &failure)), "{error}");
        assert!(tries.contains(&calls.len()), "{error}: {}", calls.len());
        let input = json!({"Operation": "Onboard", "AccountId": "123456789012"});
        let (status, calls) = execution(&read(MACHINE), &input, &answers);
        assert_eq!(status, error);
        assert!(calls.iter().all(|call| call["Operation"] == "Onboard"));
    }
}

#[test]
fn the_answer_is_sent_before_cloudformation_gives_up() {
    let main = template("template.yaml");
    let resources = &main["Resources"];
    let timeout = resources["ProvisionArcFunction"]["Properties"]["Timeout"]
        .as_u64()
        .unwrap();
    let patience = |id: &str| resources[id]["Properties"]["ServiceTimeout"].as_u64();
    let machine = machine();
    let begin = machine["States"]["Begin"]["Assign"]["answerBy"]
        .as_str()
        .unwrap();
    let milliseconds: String = begin
        .rsplit(" + ")
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let last_start = milliseconds.parse::<u64>().unwrap() / 1000;
    let invoke = &resources["ProvisionArcFunction"]["Properties"]["EventInvokeConfig"];
    let queued = invoke["MaximumEventAgeInSeconds"].as_u64().unwrap();
    // A call that begins just before and is made once more, pauses between them, and the answer itself.
    for id in ["ArcRegions", "ArcTags"] {
        assert!(
            Some(queued + last_start + 2 * timeout + 120) < patience(id),
            "{id}: {last_start}"
        );
    }
    // The organization's path looks every 30 s, asks for what is done, and answers: each once more, where it is stopped.
    assert_eq!(
        machine["States"]["BeginOrganization"]["Assign"]["answerBy"],
        begin
    );
    let function = &resources["OnboardOrganizationFunction"]["Properties"];
    let timeout = function["Timeout"].as_u64().unwrap();
    for id in ["OrganizationNarrowing", "OrganizationOnboarding"] {
        assert!(
            Some(queued + last_start + 30 + 2 * timeout + 120) < patience(id),
            "{id}"
        );
    }
}

#[test]
fn every_error_is_one_that_somebody_raises() {
    let mut named = BTreeSet::new();
    let mut retried = BTreeSet::new();
    let machine = machine();
    descend(&machine, &mut |value| {
        named.extend(strings(&value["ErrorEquals"]));
        for retry in value["Retry"].as_array().into_iter().flatten() {
            retried.extend(strings(&retry["ErrorEquals"]));
        }
    });
    // Those that Lambda and Step Functions document.
    let of_aws: BTreeSet<&str> = [
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
        "Lambda.Unknown",
        "Runtime.ExitError",
        "Sandbox.Timedout",
        "States.ALL",
        "States.Timeout",
    ]
    .into();
    let ours: BTreeSet<&str> = named.difference(&of_aws).copied().collect();
    assert_eq!(ours, ["NotReady", "Throttled", "Transient"].into());
    let sources = rust_sources("functions") + &rust_sources("crates");
    for name in ours.iter().chain(&["Denied", "Conflict", "Invalid"]) {
        assert!(sources.contains(&format!("\"{name}\"")), "{name}");
    }
    for name in of_aws.iter().filter(|name| name.ends_with("Exception")) {
        assert!(retried.contains(name), "{name} is not retried");
    }
    // A role that is missing is not there the next moment.
    assert!(!retried.contains("NotReady") && ours.difference(&retried).count() == 1);
}

#[test]
fn no_secret_passes_through() {
    assert!(!read(MACHINE).contains("ResponseURL"));
    let properties = &transformed()["Resources"]["OnboardOrganization"]["Properties"];
    let logging = &properties["LoggingConfiguration"];
    assert_eq!(logging["IncludeExecutionData"], false);
    let group =
        &logging["Destinations"][0]["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0];
    let group = &transformed()["Resources"][group.as_str().unwrap()];
    assert_eq!(group["Type"], "AWS::Logs::LogGroup");
    assert!(group["Properties"]["RetentionInDays"].is_u64());
}

#[test]
fn what_stands_for_something_is_filled_in() {
    let text = read(MACHINE);
    let named: BTreeSet<&str> = text
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .collect();
    let properties = &transformed()["Resources"]["OnboardOrganization"]["Properties"];
    let given = properties["DefinitionSubstitutions"].as_object().unwrap();
    assert_eq!(named, given.keys().map(String::as_str).collect());
}

#[test]
fn the_machine_is_named_by_the_name_that_it_has() {
    let main = template("template.yaml");
    let name = main["Resources"]["OnboardOrganization"]["Properties"]["Name"]
        .as_str()
        .unwrap();
    let mut named = BTreeSet::new();
    for (id, _, resource) in crate::document::resources(&main) {
        descend(resource, &mut |value| {
            let arn = value["Fn::Sub"].as_str().unwrap_or_default();
            let kinds = [":stateMachine:", ":execution:", ":mapRun:"];
            for (_, rest) in kinds.iter().filter_map(|kind| arn.split_once(kind)) {
                let rest = rest.strip_prefix(name).unwrap_or("-");
                assert!(["", ":*", "/EachMember:*"].contains(&rest), "{id}: {arn}");
                named.insert(id);
            }
        });
    }
    let wanted = [
        "OnboardOrganizationFunction",
        "OnboardOrganizationRole",
        "OnboardRole",
        "ProvisionArcRole",
        "RunOrganizationPolicy",
    ];
    assert_eq!(named, wanted.into());
}
