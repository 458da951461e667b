//! What a run does with one account, whatever happens to it.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::document::read;
use crate::machine_engine::{ACCOUNT, Ended, MACHINE, OTHER, answers, execution, item, sweep};

/// A sweep over one item.
fn single(action: &str, arc: &str, more: &Value) -> Ended {
    let items = json!([item(ACCOUNT, action, arc)]);
    execution(&read(MACHINE), &sweep(), &items, &answers(1, more))
}

/// The functions that were called for the one account, each with its operation.
fn steps(ended: &Ended) -> Vec<String> {
    let calls = ended.of_account(ACCOUNT).into_iter();
    calls
        .map(|(function, payload)| format!("{function} {}", payload["Operation"]).replace('"', ""))
        .collect()
}

#[test]
fn on_the_way_out_the_tags_go_first_and_do_not_keep_the_connector() {
    let released = json!({"Connector": null, "Outcome": "Released", "Done": true});
    let ended = single("Offboard", "Offboard", &json!({"Offboard": [released]}));
    assert_eq!(
        steps(&ended),
        ["provision-arc Offboard", "register-account Offboard"]
    );
    assert_eq!(ended.outcomes()[0]["Outcome"], "Offboarded");

    let failing = json!({"Offboard": ["Denied", {"Connector": null, "Outcome": "Removed"}]});
    let ended = single("Offboard", "Offboard", &failing);
    assert_eq!(
        steps(&ended),
        ["provision-arc Offboard", "register-account Offboard"]
    );
    assert_eq!(
        ended.outcomes(),
        [
            &json!({"AccountId": ACCOUNT, "Outcome": "Failed", "ErrorType": "Denied", "Reason": "why Denied"})
        ]
    );
}

#[test]
fn where_nobody_is_let_into_the_account_the_report_is_told_why() {
    let kept_out =
        json!({"Connector": null, "Outcome": "Removed", "Reason": "no role", "Done": true});
    let ended = single("Offboard", "None", &json!({"Offboard": [kept_out]}));
    let removed = json!({"AccountId": ACCOUNT, "Outcome": "Removed", "Reason": "no role"});
    assert_eq!(ended.outcomes(), [&removed]);
}

#[test]
fn a_child_waits_for_its_turn_once() {
    let mut items = json!([
        item(ACCOUNT, "Onboard", "None"),
        item(OTHER, "Onboard", "None"),
    ]);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    items[0]["NotBeforeEpochSeconds"] = json!(now + 500);
    items[1]["NotBeforeEpochSeconds"] = json!(now - 500);
    let ended = execution(&read(MACHINE), &sweep(), &items, &answers(2, &json!({})));
    let accounts: Vec<&Value> = ended
        .told("Onboard")
        .iter()
        .map(|payload| &payload["AccountId"])
        .collect();
    assert_eq!(accounts, [OTHER, ACCOUNT]);
    assert_eq!(ended.outcomes().len(), 2);
    // Waits pass at once here, so that its turn has not come in the end; nor does it count.
    assert_eq!(ended.took[ACCOUNT], 0);
    assert!(ended.took[OTHER] < 500_000, "{:?}", ended.took);
}

#[test]
fn an_account_that_is_gone_is_only_let_go_of_in_azure() {
    let ended = single("RemoveConnector", "None", &json!({}));
    assert_eq!(steps(&ended), ["register-account RemoveConnector"]);
    assert_eq!(ended.outcomes()[0]["Outcome"], "Removed");
}

#[test]
fn tags_are_taken_away_where_arc_is_withdrawn() {
    let ended = single("Onboard", "Offboard", &json!({}));
    assert_eq!(
        steps(&ended),
        ["register-account Onboard", "provision-arc Offboard"]
    );
    assert_eq!(ended.outcomes()[0]["Outcome"], "Connected");
}

#[test]
fn a_pass_that_is_not_done_is_gone_on_with() {
    let more = json!({"Onboard": [
        {"Connector": "/id", "Outcome": "AlreadyConnected"},
        {"Done": false, "InstancesSeen": 1},
        "Sandbox.Timedout",
        {"Done": false, "InstancesSeen": 2},
        {"Done": true, "InstancesSeen": 3},
    ]});
    let ended = single("Onboard", "Onboard", &more);
    assert_eq!(steps(&ended).len(), 5);
    assert_eq!(
        ended.outcomes(),
        [
            &json!({"AccountId": ACCOUNT, "Outcome": "AlreadyConnected", "Connector": "/id", "Instances": {"InstancesSeen": 3}})
        ]
    );
}

#[test]
fn missing_roles_have_their_stacks_made_again() {
    let more = json!({
        "Onboard": ["NotReady", "NotReady", {"Connector": "/id", "Outcome": "Connected"}],
        "RepairStackInstances": [{"Done": false}, {"Done": false}, {"Done": true}],
    });
    let mut items = json!([item(ACCOUNT, "Onboard", "None")]);
    items[0]["AsWanted"] = json!(true);
    let ended = execution(&read(MACHINE), &sweep(), &items, &answers(1, &more));
    let (register, repair) = (
        "register-account Onboard",
        "onboard-organization RepairStackInstances",
    );
    assert_eq!(
        steps(&ended),
        [register, repair, repair, repair, register, repair, register]
    );
    assert_eq!(
        ended.outcomes(),
        [&json!({"AccountId": ACCOUNT, "Outcome": "Connected", "Connector": "/id"})]
    );
    // Its new roles are not what the connector in Azure knows.
    let as_wanted = ended.told("Onboard").into_iter();
    let as_wanted: Vec<&Value> = as_wanted.map(|payload| &payload["AsWanted"]).collect();
    assert_eq!(as_wanted, [true, false, false]);
    assert_eq!(
        ended.told("RepairStackInstances")[0],
        &json!({"Operation": "RepairStackInstances", "AccountId": ACCOUNT, "RunId": "r"})
    );
}

#[test]
fn repairs_end() {
    let never_ready = json!({"Onboard": ["NotReady"]});
    let ended = single("Onboard", "Onboard", &never_ready);
    assert_eq!(ended.told("Onboard").len(), 4);
    assert_eq!(ended.told("RepairStackInstances").len(), 3);
    let failed = json!({"AccountId": ACCOUNT, "Outcome": "Failed", "ErrorType": "NotReady", "Reason": "why NotReady"});
    assert_eq!(ended.outcomes(), [&failed]);

    let never_done = json!({"Onboard": ["NotReady"], "RepairStackInstances": [{"Done": false}]});
    let ended = single("Onboard", "Onboard", &never_done);
    assert_eq!(ended.told("RepairStackInstances").len(), 60);
    assert_eq!(ended.outcomes(), [&failed]);

    let input = json!({"Operation": "Narrow", "Scope": "Organization", "RunId": "r"});
    let items = json!([item(ACCOUNT, "Onboard", "None")]);
    let ended = execution(&read(MACHINE), &input, &items, &answers(1, &never_ready));
    assert!(ended.told("RepairStackInstances").is_empty());
    assert_eq!(ended.outcomes(), [&failed]);
}
