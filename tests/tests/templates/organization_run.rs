//! The run over an organization, and that CloudFormation is answered in time whatever happens.

use serde_json::{Value, json};

use crate::document::read;
use crate::machine_engine::{
    ACCOUNT, BUCKET, MACHINE, OTHER, answers, execution, item, late, outcome, request, sweep,
};

/// A call of this run.
fn with(more: &Value) -> Value {
    let mut call = json!({"RunId": "r"});
    for (name, value) in more.as_object().into_iter().flatten() {
        call[name] = value.clone();
    }
    call
}

#[test]
fn accounts_are_listed_and_worked_on() {
    let items = json!([
        item(ACCOUNT, "Onboard", "Onboard"),
        item(OTHER, "Onboard", "None")
    ]);
    let ended = execution(&read(MACHINE), &request(), &items, &answers(2, &json!({})));
    assert_eq!(ended.status, "SUCCEEDED");
    assert_eq!(
        ended.told("ListAccounts"),
        [&with(
            &json!({"Operation": "ListAccounts", "Intent": "Onboard", "RequestId": "q"})
        )]
    );
    let register = with(&json!({
        "Operation": "Onboard",
        "AccountId": ACCOUNT,
        "Connectors": ["/subscriptions/s/c"],
        "AsWanted": false,
    }));
    let provision = with(&json!({"Operation": "Onboard", "AccountId": ACCOUNT, "AsWanted": false}));
    assert_eq!(
        ended.of_account(ACCOUNT),
        [
            ("register-account", &register),
            ("provision-arc", &provision)
        ]
    );
    assert_eq!(ended.of_account(OTHER).len(), 1);
}

#[test]
fn results_are_written_and_the_report_is_the_answer() {
    let items = json!([
        item(ACCOUNT, "Onboard", "Onboard"),
        item(OTHER, "Onboard", "None")
    ]);
    let ended = execution(&read(MACHINE), &request(), &items, &answers(2, &json!({})));
    let report = ended.told("Report")[0];
    assert_eq!(report["Intent"], "Onboard");
    assert!(
        report["MapRunArn"]
            .as_str()
            .unwrap()
            .contains(":mapRun:m/EachMember:")
    );
    let manifest = &ended.kept[report["ResultsKey"].as_str().unwrap()];
    assert_eq!(manifest["MapRunArn"], report["MapRunArn"]);
    assert_eq!(
        ended.outcomes(),
        [
            &json!({
                "AccountId": ACCOUNT,
                "Outcome": "Connected",
                "Connector": "/id",
                "PutMilliseconds": 7,
                "Instances": {"Connector": "/id", "Outcome": "Connected", "PutMilliseconds": 7, "InstancesSeen": 2},
            }),
            &json!({"AccountId": OTHER, "Outcome": "Connected", "Connector": "/id", "PutMilliseconds": 7}),
        ]
    );
    let answer = with(&json!({"Operation": "Answer", "RequestId": "q", "Outcome": outcome(true)}));
    assert_eq!(ended.told("Answer"), [&answer]);
    assert_eq!(
        ended.calls.last(),
        Some(&("onboard-organization".to_owned(), answer))
    );
}

#[test]
fn a_sweep_answers_nobody_and_triggers_say_whom_they_are_about() {
    for (more, wanted) in [
        (json!({}), json!({})),
        (
            json!({"AccountIds": [ACCOUNT]}),
            json!({"AccountIds": [ACCOUNT]}),
        ),
        (
            json!({"AccountIds": [ACCOUNT, OTHER]}),
            json!({"AccountIds": [ACCOUNT, OTHER]}),
        ),
        (json!({"Redrive": "earlier"}), json!({"Redrive": "earlier"})),
    ] {
        let mut input = json!({"Operation": "Onboard", "Scope": "Organization"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let ended = execution(&read(MACHINE), &input, &json!([]), &answers(0, &json!({})));
        assert_eq!(ended.status, "SUCCEEDED");
        let mut call = json!({"Operation": "ListAccounts", "Intent": "Onboard", "RunId": "n"});
        call.as_object_mut()
            .unwrap()
            .extend(wanted.as_object().unwrap().clone());
        // Nothing to do is a report as well, without results.
        let report = json!({"Operation": "Report", "Intent": "Onboard", "RunId": "n"});
        let calls = [call, report].map(|call| ("onboard-organization".to_owned(), call));
        assert_eq!(ended.calls, calls);
    }
}

#[test]
fn one_account_fails_and_the_others_do_not() {
    let items = json!([
        item(ACCOUNT, "Onboard", "Onboard"),
        item(OTHER, "Onboard", "Onboard")
    ]);
    for (error, least, most) in [
        ("Denied", 1, 1),
        ("Conflict", 1, 1),
        ("Invalid", 1, 1),
        ("Throttled", 6, 6),
        ("Transient", 6, 6),
        ("Lambda.TooManyRequestsException", 9, 9),
        ("Runtime.ExitError", 3, 3),
        ("States.DataLimitExceeded", 1, 1),
    ] {
        let failing = json!({format!("Onboard:{ACCOUNT}"): [error]});
        let ended = execution(&read(MACHINE), &request(), &items, &answers(2, &failing));
        assert_eq!(ended.status, "SUCCEEDED", "{error}");
        let tries = ended.of_account(ACCOUNT).len();
        assert!((least..=most).contains(&tries), "{error}: {tries}");
        assert_eq!(ended.of_account(OTHER).len(), 2, "{error}");
        let outcomes = ended.outcomes();
        assert_eq!(outcomes[0]["ErrorType"], error);
        assert_eq!(outcomes[1]["Outcome"], "Connected");
        assert_eq!(ended.told("Answer").len(), 1);
    }
}

#[test]
fn what_keeps_all_accounts_is_answered_as_an_error() {
    let items = json!([item(ACCOUNT, "Onboard", "None")]);
    for (step, error, status) in [
        ("ListAccounts", "Denied", "Denied"),
        ("ListAccounts", "Throttled", "Throttled"),
        ("Report", "Invalid", "Invalid"),
    ] {
        let failing = answers(1, &json!({step: [error]}));
        let ended = execution(&read(MACHINE), &request(), &items, &failing);
        assert_eq!(ended.status, status);
        let failure = json!({"Error": error, "Cause": format!("why {error}")});
        let answer =
            json!({"Operation": "Answer", "RequestId": "q", "RunId": "r", "Error": failure});
        assert_eq!(ended.told("Answer"), [&answer], "{step}");
        let ended = execution(&read(MACHINE), &sweep(), &items, &failing);
        assert_eq!(ended.status, status);
        assert!(ended.told("Answer").is_empty());
    }
    let unreadable = answers(
        1,
        &json!({"ListAccounts": [{"Bucket": BUCKET, "Key": "runs/r/none.json", "Count": 1, "MaxConcurrency": 1}]}),
    );
    let ended = execution(&read(MACHINE), &request(), &items, &unreadable);
    assert_eq!(ended.status, "States.ItemReaderFailed");
    assert_eq!(
        ended.told("Answer")[0]["Error"]["Error"],
        "States.ItemReaderFailed"
    );
}

#[test]
fn when_time_is_up_what_is_done_so_far_is_answered_and_the_run_goes_on() {
    let items = json!([item(ACCOUNT, "Onboard", "None")]);
    let connected = json!({"Connector": "/id", "Outcome": "Connected"});
    let slow = json!({"Onboard": [{"AfterAnswers": 1, "Then": connected}]});
    let ended = execution(&late(), &request(), &items, &answers(1, &slow));
    assert_eq!(ended.status, "SUCCEEDED");
    let progress = ended.told("Progress");
    assert_eq!(progress.len(), 1);
    assert_eq!(progress[0]["RunId"], "r");
    assert_eq!(
        progress[0]["ExecutionArn"],
        "arn:aws:states:eu-west-1:123456789012:execution:m:n"
    );
    let answers_sent = ended.told("Answer");
    // The later one finds the claim of the first.
    assert_eq!(answers_sent[0]["Outcome"], outcome(false));
    assert_eq!(answers_sent[1]["Outcome"], outcome(true));
    assert_eq!(ended.outcomes()[0]["Outcome"], "Connected");

    let mute = json!({"Onboard": [{"AfterAnswers": 1, "Then": connected}], "Progress": ["Denied"]});
    let ended = execution(&late(), &request(), &items, &answers(1, &mute));
    let so_far = &ended.told("Answer")[0]["Outcome"];
    assert_eq!(
        (&so_far["Done"], &so_far["ReportUri"]),
        (&json!(false), &json!(""))
    );
}

#[test]
fn an_answer_that_cannot_be_sent_is_sent_by_the_watch() {
    let items = json!([item(ACCOUNT, "Onboard", "None")]);
    let mut refused = vec![json!("Transient"); 6];
    refused.push(json!({}));
    // The watch has its say once the run has tried in vain.
    let progress = json!([{"AfterAnswers": 6, "Then": outcome(false)}]);
    let answers = answers(1, &json!({"Answer": refused, "Progress": progress}));
    let ended = execution(&late(), &request(), &items, &answers);
    assert_eq!(ended.status, "SUCCEEDED");
    let sent: Vec<&Value> = ended
        .told("Answer")
        .iter()
        .map(|call| &call["Outcome"]["Done"])
        .collect();
    assert_eq!(sent, [true, true, true, true, true, true, false]);
}

#[test]
fn watching_leaves_room_in_the_history() {
    // Every 30 s for 2,200 s; 25,000 events end an execution.
    let items = json!([item(ACCOUNT, "Onboard", "None")]);
    let quick = execution(&read(MACHINE), &request(), &items, &answers(1, &json!({})));
    assert!(quick.events < 200, "{}", quick.events);
    let looks = 2_200 / 30 + 1;
    assert!(quick.events + looks * 12 < 25_000);
}
