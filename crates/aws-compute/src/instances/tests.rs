use std::sync::Arc;

use aws::{AccountAccess, RoleSessions, SessionName};
use onboarding::FailureKind;
use testkit::aws_wire::{
    ACCOUNT, Answer, Asked, LATER, Wire, in_five_minutes, refused_by_ec2, session,
};

use super::*;

/// An account that answers EC2 from a function; its access role can be assumed.
pub(crate) fn account(ec2: impl Fn(&str, &Asked) -> Answer + Send + Sync + 'static) -> Wire {
    Wire::new(move |_, asked| match asked.action().as_str() {
        "AssumeRole" => session("SESSIONKEY", LATER),
        action => ec2(action, asked),
    })
}

pub(crate) fn session_of(wire: &Wire) -> AccountSession {
    let sdk = wire.sdk();
    let sessions = Arc::new(RoleSessions::new(&sdk));
    AccountAccess::new(&sdk, sessions, "aws".parse().unwrap()).session(
        &ACCOUNT.parse().unwrap(),
        SessionName::for_request("r-1"),
        in_five_minutes(),
    )
}

async fn found(wire: &Wire) -> Result<Vec<SeenInstance>, RegionError> {
    let mut found = Vec::new();
    Ec2Instances::new(session_of(wire), "us-east-2".parse().unwrap())
        .instances(&mut |instance| found.push(instance))
        .await
        .map(|()| found)
}

fn page(instances: &str, next: Option<&str>) -> Answer {
    let next = next.map_or_else(String::new, |token| {
        format!("<nextToken>{token}</nextToken>")
    });
    Answer::Body(
        200,
        format!(
            "<DescribeInstancesResponse><reservationSet><item><instancesSet>{instances}</instancesSet>\
             </item></reservationSet>{next}</DescribeInstancesResponse>"
        ),
    )
}

fn item(id: &str, state: &str, rest: &str) -> String {
    format!(
        "<item><instanceId>{id}</instanceId><instanceState><name>{state}</name></instanceState>{rest}</item>"
    )
}

#[tokio::test(start_paused = true)]
async fn instances_are_read_in_pages_of_a_thousand_with_all_that_matters() {
    let wire = account(|_, asked| match asked.field("NextToken") {
        None => page(
            &item(
                "i-0123456789abcdef0",
                "running",
                "<architecture>arm64</architecture><iamInstanceProfile>\
                 <arn>arn:aws:iam::111122223333:instance-profile/a/web</arn></iamInstanceProfile>\
                 <tagSet><item><key>Cloud</key><value>AWS</value></item><item><key>Empty</key>\
                 </item></tagSet>",
            ),
            Some("2"),
        ),
        Some(_) => page(&item("i-0123456789abcdef1", "stopped", ""), None),
    });
    let found = found(&wire).await.unwrap();
    let [first, second] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(first.state, InstanceState::Running);
    assert_eq!(first.architecture, "arm64");
    assert_eq!(first.profile.as_ref().unwrap().as_str(), "web");
    assert_eq!(first.tags["Cloud"], "AWS");
    assert_eq!(first.tags["Empty"], "");
    assert_eq!(
        (second.state, second.profile.is_none()),
        (InstanceState::Stopped, true)
    );
    assert_eq!(
        wire.actions(),
        ["AssumeRole", "DescribeInstances", "DescribeInstances"]
    );
    let asked = &wire.asked()[1];
    assert_eq!(asked.field("MaxResults").as_deref(), Some("1000"));
    assert_eq!(
        asked.field("Filter.1.Name").as_deref(),
        Some("instance-state-name")
    );
    let states: Vec<String> = (1..=4)
        .filter_map(|n| asked.field(&format!("Filter.1.Value.{n}")))
        .collect();
    assert_eq!(states, ["pending", "running", "stopping", "stopped"]);
    assert!(
        asked.uri.starts_with("https://ec2.us-east-2.amazonaws.com"),
        "{}",
        asked.uri
    );
    assert_eq!(asked.access_key, "SESSIONKEY");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_here_is_left_out() {
    let wire = account(|_, _| {
        let odd = [
            item("i-odd", "running", ""),
            item("i-0123456789abcdef0", "dreaming", ""),
            item(
                "i-0123456789abcdef1",
                "pending",
                "<architecture>z80</architecture>",
            ),
        ];
        page(&odd.concat(), None)
    });
    let found = found(&wire).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].architecture, "z80");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_by_the_sdk() {
    let wire = Wire::new(
        |position, asked| match (position, asked.action().as_str()) {
            (_, "AssumeRole") => session("SESSIONKEY", LATER),
            (1..4, _) => refused_by_ec2(503, "RequestLimitExceeded", "Request limit exceeded."),
            _ => page("", None),
        },
    );
    assert_eq!(found(&wire).await.unwrap(), []);
    assert_eq!(wire.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_not_enabled_is_told_from_a_missing_right() {
    for code in ["AuthFailure", "OptInRequired", "InvalidClientTokenId"] {
        let wire = account(move |_, _| refused_by_ec2(401, code, "not able to validate"));
        let error = found(&wire).await.unwrap_err();
        assert!(matches!(error, RegionError::Disabled(_)), "{error}");
    }
    let wire = account(|_, _| refused_by_ec2(403, "UnauthorizedOperation", "You are not"));
    let RegionError::Port(error) = found(&wire).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(error.kind, FailureKind::Denied);
    insta::assert_snapshot!(error.reason, @"ec2:DescribeInstances in account 111122223333, us-east-2: 403 UnauthorizedOperation: You are not. The role DefenderConnectorAccess of account 111122223333 (templates/access.yaml) must be allowed ec2:DescribeInstances; a service control policy can deny it as well (request id request-1)");
}
