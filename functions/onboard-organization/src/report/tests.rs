//! Reports of runs whose results lie in the bucket.

use serde_json::{Value, json};

use crate::world::World;
use crate::world::organization::account_id;
use crate::world::wanted::wanted;

fn world(entries: &[Value]) -> World {
    let world = World::new();
    let put = |name: &str, body: Value| {
        world
            .aws
            .bucket
            .put(&format!("runs/r/{name}.json"), body.to_string());
    };
    put("run", json!({"Intent": "Onboard", "Began": 1}));
    put("wanted-state", wanted("ou-a1b2-11112222"));
    put("accounts", json!(entries));
    let skipped = json!({"AccountId": account_id(8), "Name": "eight", "Reason": "Suspended"});
    put("skipped", json!([skipped]));
    world
}

fn entry(account: usize, action: &str, as_wanted: bool) -> Value {
    json!({"AccountId": account_id(account), "Action": action, "Connectors": [],
        "AsWanted": as_wanted, "Name": format!("account {account}"), "Arc": "None"})
}

fn result(account: usize, outcome: &str) -> Value {
    json!({"AccountId": account_id(account), "Outcome": outcome})
}

async fn report(world: &World, key: Option<&str>) -> Value {
    let mut event = json!({"Operation": "Report", "RunId": "r", "Intent": "Onboard"});
    if let Some(key) = key {
        event["ResultsKey"] = json!(key);
    }
    world.event(&event).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_account_is_in_the_report_with_what_came_of_it() {
    let world = world(&[
        entry(1, "Onboard", false),
        entry(2, "Onboard", false),
        entry(3, "Onboard", true),
        entry(4, "RemoveConnector", false),
        entry(5, "Onboard", false),
    ]);
    let cause = json!({"errorType": "Denied", "errorMessage": "role <b> is missing"}).to_string();
    let mut connected = result(1, "Connected");
    connected["PutMilliseconds"] = json!(900);
    connected["Instances"] = json!({"InstancesSeen": 3, "InstancesTagged": 2});
    let failed = json!({"AccountId": account_id(2), "Outcome": "Failed", "ErrorType": "Denied",
        "Reason": cause});
    let results = [
        connected,
        failed,
        result(3, "AlreadyConnected"),
        result(4, "Removed"),
    ];
    let key = world.write_results("r", &results);
    let outcome = report(&world, Some(&key)).await;
    assert_eq!(
        outcome,
        json!({"AccountsInScope": 4, "AccountsConnected": 2, "AccountsFailed": 2,
            "AccountsSkipped": 1, "AccountsOffboarded": 1, "Done": true,
            "ReportUri": "s3://defender-runs/runs/r/report.json"})
    );
    let report = world.object("runs/r/report.json");
    let accounts = report["Accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 5, "the fifth has no result and failed");
    assert_eq!(accounts[0]["Instances"]["InstancesTagged"], 2);
    assert_eq!(accounts[1]["Reason"], "role \\u{3c}b\\u{3e} is missing");
    assert_eq!(report["LeftBehind"][0]["AccountId"], account_id(4).as_str());
    let commands = report["LeftBehind"][0]["Commands"].to_string();
    assert!(
        commands.contains("StackSet-DefenderConnector-Members-"),
        "{commands}"
    );
    let last = world.object("runs/last.json");
    assert_eq!(
        last,
        json!({"RunId": "r", "PutMilliseconds": 900, "Puts": 1})
    );
}

#[tokio::test(start_paused = true)]
async fn children_that_failed_or_never_ran_are_read_from_their_own_files() {
    let world = world(&[entry(1, "Onboard", false), entry(2, "Onboard", false)]);
    let input = |account: usize| {
        json!({"Item": {"AccountId": account_id(account)}, "RunId": "r"}).to_string()
    };
    let failed = json!([{"ExecutionArn": "arn", "Input": input(1), "Status": "FAILED",
        "Error": "States.Runtime", "Cause": "no such field"}]);
    let pending = json!([{"Input": input(2), "Status": "PENDING"}]);
    let folder = "runs/r/results/0b7d";
    world
        .aws
        .bucket
        .put(&format!("{folder}/FAILED_0.json"), failed.to_string());
    world
        .aws
        .bucket
        .put(&format!("{folder}/PENDING_0.json"), pending.to_string());
    let file = |name: &str| json!([{"Key": format!("{folder}/{name}_0.json"), "Size": 1}]);
    let manifest = json!({"DestinationBucket": "defender-runs", "ResultFiles": {
        "FAILED": file("FAILED"), "PENDING": file("PENDING"), "SUCCEEDED": []}});
    let key = format!("{folder}/manifest.json");
    world.aws.bucket.put(&key, manifest.to_string());
    assert_eq!(report(&world, Some(&key)).await["AccountsFailed"], 2);
    let reasons = world.object("runs/r/report.json")["Accounts"].to_string();
    assert!(
        reasons.contains("ended with States.Runtime no such field"),
        "{reasons}"
    );
    assert!(reasons.contains("ended with PENDING"), "{reasons}");
}

#[tokio::test(start_paused = true)]
async fn the_same_refusal_of_all_is_told_as_one() {
    let world = world(&[entry(1, "Onboard", false), entry(2, "Onboard", false)]);
    let denied = |account| {
        let mut denied = result(account, "Failed");
        denied["ErrorType"] = json!("Denied");
        denied["Reason"] = json!("no right");
        denied
    };
    let key = world.write_results("r", &[denied(1), denied(2)]);
    let outcome = report(&world, Some(&key)).await;
    let fault = json!({"Accounts": 2, "ErrorType": "Denied", "Reason": "no right"});
    assert_eq!(outcome["CommonFault"], fault);
}

#[tokio::test(start_paused = true)]
async fn a_mark_goes_once_a_later_run_has_found_nothing_left() {
    let world = world(&[
        entry(1, "Offboard", false),
        entry(2, "Offboard", true),
        entry(3, "Offboard", true),
    ]);
    let mark = |account| format!("leaving/{}", account_id(account));
    for account in 1..=3 {
        world.aws.bucket.put(&mark(account), "{}");
    }
    let results = [
        result(1, "Offboarded"),
        result(2, "Offboarded"),
        result(3, "Failed"),
    ];
    let key = world.write_results("r", &results);
    report(&world, Some(&key)).await;
    let keys = world.keys();
    let kept = [1, 2, 3].map(|account| keys.contains(&mark(account)));
    assert_eq!(kept, [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn results_of_another_run_are_refused() {
    let world = world(&[entry(1, "Onboard", false)]);
    world.aws.bucket.put("pending/8d1e.json", "[]");
    let stolen = json!({"ResultFiles": {"SUCCEEDED": [{"Key": "pending/8d1e.json"}]}});
    world
        .aws
        .bucket
        .put("runs/r/results/0/manifest.json", stolen.to_string());
    world.aws.bucket.put("runs/r/results/1/manifest.json", "{");
    world
        .aws
        .bucket
        .put("runs/other/results/0/manifest.json", "{}");
    for (run, intent, key) in [
        ("r", "Onboard", "runs/r/results/0/manifest.json"),
        ("r", "Onboard", "runs/r/results/1/manifest.json"),
        ("r", "Onboard", "runs/other/results/0/manifest.json"),
        ("r", "Onboard", "runs/r/results/gone/manifest.json"),
        ("r", "Offboard", "runs/r/results/0/manifest.json"),
        ("x", "Onboard", "runs/x/results/0/manifest.json"),
    ] {
        let event =
            json!({"Operation": "Report", "RunId": run, "Intent": intent, "ResultsKey": key});
        let refused = world.event(&event).await.unwrap_err();
        assert_eq!(refused.error_type, "Invalid", "{key}");
        assert!(!world.keys().contains(&"runs/r/report.json".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_migration_is_told_until_every_member_has_its_connector() {
    let world = world(&[entry(1, "Onboard", false), entry(2, "Onboard", false)]);
    let migration = json!({"To": "Discovery", "Began": 1});
    let kept = "runs/migration.json";
    world.aws.bucket.put(kept, migration.to_string());
    let skipped = [result(1, "AlreadyConnected"), result(2, "Skipped")];
    report(&world, Some(&world.write_results("r", &skipped))).await;
    let told = world.object("runs/r/report.json")["Migration"].clone();
    assert_eq!(
        (&told["To"], &told["AccountsWaiting"]),
        (&json!("Discovery"), &json!(1))
    );
    assert!(told["GapSeconds"].as_u64().unwrap() > 0, "{told}");
    assert_eq!(world.object(kept), migration, "it goes on");

    let run = json!({"Intent": "Onboard", "Began": 1, "IsPartial": true});
    world.aws.bucket.put("runs/r/run.json", run.to_string());
    let all = [result(1, "AlreadyConnected"), result(2, "AlreadyConnected")];
    let key = world.write_results("r", &all);
    report(&world, Some(&key)).await;
    assert!(
        world.object("runs/r/report.json")["Migration"].is_null(),
        "of others nothing is known"
    );
    let run = json!({"Intent": "Onboard", "Began": 1});
    world.aws.bucket.put("runs/r/run.json", run.to_string());
    report(&world, Some(&key)).await;
    assert_eq!(
        world.object("runs/r/report.json")["Migration"]["AccountsWaiting"],
        0
    );
    assert!(
        !world.aws.bucket.objects().contains_key(kept),
        "it has ended"
    );
}
