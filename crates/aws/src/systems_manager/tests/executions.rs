use onboarding::arc::ports::Children;
use onboarding::arc::{Ending, ExecutionId};

use super::*;

const FIRST: &str = "i-0123456789abcdef0";
const SECOND: &str = "i-0123456789abcdef1";

fn list(entries: &Value, next: Option<&str>) -> Answer {
    let mut answer = json!({"AutomationExecutionMetadataList": entries});
    if let Some(token) = next {
        answer["NextToken"] = json!(token);
    }
    body(&answer)
}

fn filters(asked: &Asked) -> Value {
    asked.json()["Filters"].clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_listed_by_name_and_status_over_all_pages() {
    let wire = account(|_, asked| match asked.json()["NextToken"].as_str() {
        None => list(
            &json!([
                {"AutomationExecutionId": "batch", "DocumentName": "DefenderConnector-ApplyArcTags",
                 "AutomationExecutionStatus": "InProgress", "MaxConcurrency": "4",
                 "TargetMaps": [{"InstanceId": [FIRST]}, {"InstanceId": [SECOND]}]},
                {"AutomationExecutionId": "child", "DocumentName": "DefenderConnector-ApplyArcTags",
                 "ParentAutomationExecutionId": "batch", "Target": FIRST},
                {"AutomationExecutionId": "other", "DocumentName": "DefenderConnector-ApplyArcTags2"},
            ]),
            Some("2"),
        ),
        Some(_) => list(
            &json!([
                {"AutomationExecutionId": "event", "DocumentName": "DefenderConnector-RemoveArcTags"},
            ]),
            None,
        ),
    });
    let found = manager(&wire).under_way(Runbook::ApplyTags).await.unwrap();
    let shown: Vec<String> = found
        .iter()
        .map(|one| {
            format!(
                "{} {} {} {}",
                one.id,
                one.runbook,
                one.is_batch,
                one.targets.len()
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "batch DefenderConnector-ApplyArcTags true 2",
            "event DefenderConnector-RemoveArcTags false 0"
        ]
    );
    let asked = asked(&wire);
    assert_eq!(asked.len(), 2);
    assert_eq!(
        filters(&asked[0]),
        json!([
            {"Key": "DocumentNamePrefix", "Values": ["DefenderConnector-"]},
            {"Key": "ExecutionStatus", "Values": ["Pending", "InProgress", "Waiting", "Cancelling"]},
        ])
    );
    assert_eq!(asked[0].json()["MaxResults"], 50);
}

#[tokio::test(start_paused = true)]
async fn awss_own_runbook_is_listed_as_well_where_it_is_the_one_to_start() {
    let wire = account(|_, asked| {
        let prefix = filters(asked)[0]["Values"][0].clone();
        match prefix.as_str() {
            Some("DefenderConnector-") => list(&json!([]), None),
            _ => list(
                &json!([{"AutomationExecutionId": "theirs", "DocumentName": "AWS-AttachIAMToInstance",
                         "Targets": [{"Key": "tag:x"}], "ResolvedTargets": {"ParameterValues": [FIRST], "Truncated": false}}]),
                None,
            ),
        }
    });
    let found = manager(&wire)
        .under_way(Runbook::AttachProfile)
        .await
        .unwrap();
    assert_eq!(asked(&wire).len(), 2);
    assert!(found[0].is_batch && found[0].targets.contains(&FIRST.parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_instance_of_an_execution_is_among_its_parameters() {
    let wire = account(
        |_, asked| match asked.json()["AutomationExecutionId"].as_str() {
            Some("gone") => refused_in_json(400, "AutomationExecutionNotFoundException", "no"),
            _ => body(&json!({"AutomationExecution": {"Parameters": {"InstanceId": [FIRST]}}})),
        },
    );
    let manager = manager(&wire);
    let event = ExecutionId::seen("event");
    assert_eq!(
        manager.target(&event).await.unwrap(),
        Some(FIRST.parse().unwrap())
    );
    let gone = ExecutionId::seen("gone");
    assert_eq!(manager.target(&gone).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_execution_has_ended_only_in_a_status_that_says_so() {
    for (status, expected) in [
        ("Pending", None),
        ("InProgress", None),
        ("Cancelling", None),
        ("SomethingNew", None),
        ("Success", Some(Ending::Success)),
        ("Failed", Some(Ending::Failure)),
        ("TimedOut", Some(Ending::Failure)),
        ("Cancelled", Some(Ending::Failure)),
    ] {
        let wire = account(move |_, _| {
            body(&json!({"AutomationExecution": {"AutomationExecutionStatus": status}}))
        });
        let id = ExecutionId::seen("e");
        assert_eq!(
            manager(&wire).ending(&id).await.unwrap(),
            expected,
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn children_are_found_whichever_way_their_target_is_written() {
    let wire = account(|action, _| match action {
        "GetAutomationExecution" => {
            body(&json!({"AutomationExecution": {"Parameters": {"InstanceId": [SECOND]}}}))
        }
        _ => list(
            &json!([
                {"AutomationExecutionId": "c-1", "AutomationExecutionStatus": "Failed", "Target": FIRST, "FailureMessage": "m"},
                {"AutomationExecutionId": "c-2", "AutomationExecutionStatus": "Success", "Target": "target-2"},
            ]),
            None,
        ),
    });
    let manager = manager(&wire);
    let batch = ExecutionId::seen("batch");
    let children = manager.children(&batch, Children::All).await.unwrap();
    let shown: Vec<String> = children
        .iter()
        .map(|child| {
            format!(
                "{} {} {:?} {}",
                child.id, child.instance, child.ending, child.message
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            format!("c-1 {FIRST} Some(Failure) m"),
            format!("c-2 {SECOND} Some(Success) ")
        ]
    );
    let parent = json!({"Key": "ParentExecutionId", "Values": ["batch"]});
    assert_eq!(filters(&asked(&wire)[0]), json!([parent]));
    wire.forget();
    manager.children(&batch, Children::Failed).await.unwrap();
    assert_eq!(
        filters(&asked(&wire)[0]),
        json!([parent, {"Key": "ExecutionStatus", "Values": ["Failed", "TimedOut", "Cancelled"]}])
    );
}
