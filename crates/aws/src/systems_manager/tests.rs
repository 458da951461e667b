//! Systems Manager over the wire of the real client.

use onboarding::FailureKind;
use onboarding::arc::Runbook;
use onboarding::arc::ports::{Executions, HostSetting, Nodes};
use serde_json::{Value, json};

use super::*;
use crate::iam::tests::{account, session_of};
use crate::rig::{Answer, Asked, Wire, refused_in_json};

mod executions;
mod start;

fn manager(wire: &Wire) -> SystemsManager {
    SystemsManager::new(session_of(wire), "us-east-2".parse().unwrap())
}

fn body(value: &Value) -> Answer {
    Answer::Body(200, value.to_string())
}

/// What Systems Manager was asked.
fn asked(wire: &Wire) -> Vec<Asked> {
    let all = wire.asked().into_iter();
    all.filter(|asked| asked.action() != "AssumeRole").collect()
}

#[tokio::test(start_paused = true)]
async fn each_region_is_asked_at_its_own_endpoint_with_one_session_for_all() {
    let wire = account(|_, _| body(&json!({"ServiceSetting": {"SettingValue": "$None"}})));
    let session = session_of(&wire);
    let regions = ["us-east-2", "eu-west-1"];
    let managers = regions.map(|name| SystemsManager::new(session.clone(), name.parse().unwrap()));
    let (first, second) = tokio::join!(managers[0].registered(), managers[1].registered());
    assert_eq!((first.unwrap(), second.unwrap()), (None, None));
    assert_eq!(
        wire.actions(),
        ["AssumeRole", "GetServiceSetting", "GetServiceSetting"]
    );
    let asked = asked(&wire);
    let mut hosts: Vec<_> = asked
        .iter()
        .map(|asked| asked.service().1.unwrap())
        .collect();
    hosts.sort_unstable();
    assert_eq!(hosts, ["eu-west-1", "us-east-2"]);
    assert!(asked.iter().all(|asked| asked.access_key == "SESSIONKEY"));
}

#[tokio::test(start_paused = true)]
async fn nodes_are_read_in_pages_of_fifty() {
    let wire = account(|_, asked| match asked.json()["NextToken"].as_str() {
        None => body(&json!({
            "InstanceInformationList": [
                {"InstanceId": "i-0123456789abcdef0", "PingStatus": "Online",
                 "PlatformName": "Amazon Linux", "PlatformVersion": "2023"},
                {"InstanceId": "mi-0123456789abcdef0", "PingStatus": "Online"},
            ],
            "NextToken": "2",
        })),
        Some(_) => body(&json!({
            "InstanceInformationList": [{"InstanceId": "i-0123456789abcdef1", "PingStatus": "Inactive"}],
        })),
    });
    let mut found = Vec::new();
    manager(&wire)
        .nodes(&mut |id, node| found.push((id.to_string(), node)))
        .await
        .unwrap();
    let first = &asked(&wire)[0].json();
    assert_eq!(first["MaxResults"], 50);
    assert_eq!(
        first["Filters"],
        json!([{"Key": "ResourceType", "Values": ["EC2Instance"]}])
    );
    assert_eq!(asked(&wire).len(), 2);
    let shown: Vec<String> = found
        .iter()
        .map(|(id, node)| format!("{id} {:?} {}", node.ping, node.platform.shown()))
        .collect();
    assert_eq!(
        shown,
        [
            "i-0123456789abcdef0 Online Amazon Linux 2023",
            "i-0123456789abcdef1 Lost "
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_not_enabled_is_told_from_a_missing_right() {
    for code in ["UnrecognizedClientException", "OptInRequired"] {
        let wire = account(move |_, _| refused_in_json(400, code, "the token is invalid"));
        let error = manager(&wire).registered().await.unwrap_err();
        let RegionError::Disabled(error) = error else {
            panic!("{error}")
        };
        assert!(
            error
                .reason
                .starts_with("the Region is not enabled for account 111122223333: "),
            "{}",
            error.reason
        );
        assert!(error.reason.contains("in account 111122223333, us-east-2"));
    }
    let wire = account(|_, _| refused_in_json(400, "AccessDeniedException", "no"));
    let error = manager(&wire).registered().await.unwrap_err();
    let RegionError::Port(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.kind, FailureKind::Denied);
    insta::assert_snapshot!(error.reason, @"ssm:GetServiceSetting in account 111122223333, us-east-2: 400 AccessDeniedException: no. The role DefenderConnectorAccess of account 111122223333 (templates/access.yaml) must be allowed ssm:GetServiceSetting; a service control policy can deny it as well (request id request-1)");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_by_the_sdk() {
    let wire = account(|_, _| refused_in_json(400, "ThrottlingException", "Rate exceeded"));
    let error = manager(&wire)
        .under_way(Runbook::ApplyTags)
        .await
        .unwrap_err();
    let RegionError::Port(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.kind, FailureKind::Throttled { retry_after: None });
    assert_eq!(asked(&wire).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn host_management_is_read_set_and_reset_by_its_setting() {
    let wire = account(|action, _| match action {
        "GetServiceSetting" => {
            body(&json!({"ServiceSetting": {"SettingValue": "service-role/Mine"}}))
        }
        _ => body(&json!({})),
    });
    let manager = manager(&wire);
    assert_eq!(
        manager.registered().await.unwrap().as_deref(),
        Some("service-role/Mine")
    );
    manager.register().await.unwrap();
    manager.deregister().await.unwrap();
    let id = "/ssm/managed-instance/default-ec2-instance-management-role";
    let asked = asked(&wire);
    assert!(asked.iter().all(|asked| asked.json()["SettingId"] == id));
    assert_eq!(
        asked[1].json()["SettingValue"],
        "DefenderConnectorHostManagement"
    );
    assert_eq!(asked[2].action(), "ResetServiceSetting");
}
