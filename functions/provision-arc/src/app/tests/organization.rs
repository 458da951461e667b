//! The part of a run over the organization that is about one account.

use std::sync::atomic::Ordering;

use super::*;

const MEMBER: &str = "444455556666";

/// What a run over the organization is begun with.
fn state(arc: Value) -> Value {
    let mut state = json!({
        "Scope": "Organization",
        "Organization": {"ManagementAccountId": ACCOUNT},
        "Connector": {},
    });
    if !arc.is_null() {
        state["Arc"] = arc;
    }
    state
}

fn with_run(instances: usize, arc: Value) -> Simulation {
    let simulation = account(instances);
    let state = state(arc);
    let text = state.to_string();
    simulation.aws.bucket.put("runs/r/wanted-state.json", text);
    simulation.want(state);
    simulation
}

fn arc() -> Value {
    json!({"AccountId": ACCOUNT, "ConnectorTagValue": "yes"})
}

fn of_member(operation: &str) -> Value {
    json!({"Operation": operation, "AccountId": MEMBER, "RunId": "r"})
}

impl Simulation {
    /// The stack wants this from now on.
    fn want(&self, state: Value) {
        *self.aws.wanted.lock().unwrap() = Some(state);
    }

    async fn refusal(&self, event: &Value) -> &'static str {
        let refused = self.event(event).await.unwrap_err();
        let actions = self.aws.take_actions();
        assert!(!actions.contains_key("StartAutomationExecution"));
        match refused.error_type.as_str() {
            "Conflict" => "Conflict",
            "Invalid" => "Invalid",
            other => panic!("{other}: {}", refused.error_message),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_is_tagged_by_the_state_that_its_run_began_with() {
    let simulation = with_run(3, arc());
    let outcome = simulation.event(&of_member("Onboard")).await.unwrap();
    assert_eq!(
        (&outcome["Done"], &outcome["InstancesTagged"]),
        (&json!(true), &json!(3))
    );
    let actions = simulation.aws.take_actions();
    assert_eq!(actions["GetParameter"], 1, "whether it is still wanted");
    assert_eq!(
        actions.get("GetWebIdentityToken"),
        None,
        "Azure is not asked"
    );
    let report = format!("runs/r/{MEMBER}/arc-report.json");
    assert!(simulation.keys().contains(&report));
}

/// An update may have taken tags off meanwhile that the run would put back.
#[tokio::test(start_paused = true)]
async fn a_run_puts_on_nothing_that_an_update_has_changed_since() {
    for changed in [
        json!({"AccountId": ACCOUNT, "ConnectorTagValue": "no"}),
        json!({"AccountId": ACCOUNT, "ConnectorTagValue": "yes", "Regions": "us-east-1"}),
        Value::Null,
    ] {
        let simulation = with_run(1, arc());
        simulation.want(state(changed));
        let refused = simulation.event(&of_member("Onboard")).await.unwrap_err();
        assert_eq!(refused.error_type, "Conflict");
        assert!(
            refused
                .error_message
                .contains("of Arc has changed since the run r began")
        );
        let actions = simulation.aws.take_actions();
        assert!(
            !actions.contains_key("StartAutomationExecution"),
            "{actions:?}"
        );
        // The former values are what is to be taken away.
        simulation.aws.bucket.put("leaving/arc/all", "{}");
        simulation.event(&of_member("Offboard")).await.unwrap();
    }
}

/// What is said of other things than tags changes nothing about them, nor does what is empty.
#[tokio::test(start_paused = true)]
async fn an_update_of_something_else_stops_no_run() {
    let simulation = with_run(1, arc());
    let mut other = state(arc());
    other["Arc"]["Regions"] = json!("");
    other["Connector"]["ScanIntervalHours"] = json!("6");
    other["Organization"]["ExcludedAccountIds"] = json!("444455556667");
    simulation.want(other);
    let outcome = simulation.event(&of_member("Onboard")).await.unwrap();
    assert_eq!(outcome["InstancesTagged"], 1);
}

#[tokio::test(start_paused = true)]
async fn every_mark_that_is_about_the_member_decides() {
    let marks = [
        "leaving/all".to_owned(),
        format!("leaving/{MEMBER}"),
        "leaving/arc/all".to_owned(),
        format!("leaving/arc/{MEMBER}"),
    ];
    for mark in marks {
        let simulation = with_run(0, arc());
        assert_eq!(simulation.refusal(&of_member("Offboard")).await, "Invalid");
        simulation.event(&of_member("Onboard")).await.unwrap();
        simulation.aws.bucket.put(&mark, "{}");
        assert_eq!(simulation.refusal(&of_member("Onboard")).await, "Conflict");
        let outcome = simulation.event(&of_member("Offboard")).await.unwrap();
        assert_eq!(outcome["Done"], true, "{mark}");
    }
    let simulation = with_run(0, arc());
    simulation
        .aws
        .bucket
        .put(&format!("leaving/{ACCOUNT}"), "{}");
    assert_eq!(simulation.refusal(&of_member("Offboard")).await, "Invalid");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_another_run_has_found_out_meanwhile_is_left_alone() {
    let simulation = with_run(2, arc());
    let mut event = of_member("Offboard");
    event["AsWanted"] = json!(true);
    let outcome = simulation.event(&event).await.unwrap();
    assert_eq!(
        (&outcome["Done"], &outcome["InstancesSeen"]),
        (&json!(true), &json!(0))
    );
    let actions = simulation.aws.take_actions();
    assert!(!actions.contains_key("AssumeRole"), "{actions:?}");
    let mut own = json!({"Operation": "Offboard", "AccountId": ACCOUNT, "RunId": "s"});
    own["AsWanted"] = json!(true);
    assert_eq!(simulation.refusal(&own).await, "Invalid");
}

#[tokio::test(start_paused = true)]
async fn tags_are_taken_away_although_nothing_is_said_of_them_any_more() {
    let simulation = with_run(0, Value::Null);
    simulation.aws.bucket.put("leaving/arc/all", "{}");
    let outcome = simulation.event(&of_member("Offboard")).await.unwrap();
    assert_eq!(outcome["Done"], true);
    simulation.aws.bucket.remove("leaving/arc/all");
    assert_eq!(simulation.refusal(&of_member("Onboard")).await, "Invalid");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_request_was_refused_puts_nothing_into_members() {
    let simulation = with_run(1, arc());
    let answered = json!({"Status": "FAILED", "RequestId": "r"}).to_string();
    simulation.aws.bucket.put("answered/r", answered);
    assert_eq!(simulation.refusal(&of_member("Onboard")).await, "Conflict");
    simulation.aws.bucket.put("leaving/all", "{}");
    simulation.event(&of_member("Offboard")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_member_is_reached_by_a_run_over_the_organization_alone() {
    let simulation = account(1);
    simulation.aws.bucket.put("leaving/all", "{}");
    for operation in ["Onboard", "Offboard"] {
        let refused = simulation.refusal(&of_member(operation)).await;
        assert_eq!(refused, "Invalid", "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_own_account_goes_on_where_only_the_organization_was_taken_out() {
    let simulation = account(1);
    simulation.aws.bucket.put("leaving/all", "{}");
    let sweep = json!({"Operation": "Onboard", "AccountId": ACCOUNT, "RunId": "sweep"});
    let outcome = simulation.event(&sweep).await.unwrap();
    assert_eq!(outcome["InstancesTagged"], 1);
}

/// A session that is kept says nothing about a role that was deleted since.
#[tokio::test(start_paused = true)]
async fn a_member_that_lets_nobody_in_any_more_keeps_no_delete_from_ending() {
    let simulation = with_run(2, arc());
    simulation.event(&of_member("Onboard")).await.unwrap();
    simulation.aws.locked.store(true, Ordering::Relaxed);
    assert_eq!(
        simulation
            .event(&of_member("Onboard"))
            .await
            .unwrap_err()
            .error_type,
        "Denied"
    );
    simulation.aws.bucket.put("leaving/all", "{}");
    simulation.aws.take_actions();
    let outcome = simulation.event(&of_member("Offboard")).await.unwrap();
    assert_eq!(
        (&outcome["Done"], &outcome["InstancesSeen"]),
        (&json!(true), &json!(0))
    );
    let actions = simulation.aws.take_actions();
    assert!(!actions.contains_key("DescribeRegions"), "{actions:?}");
    let report = simulation.aws.bucket.objects();
    assert!(report.contains_key(&format!("runs/r/{MEMBER}/arc-report.json")));
}
