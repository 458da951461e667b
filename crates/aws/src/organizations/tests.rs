//! Organizations over the wire of the real client.

use std::collections::BTreeSet;

use onboarding::organization::{AccountState, Directory, SeenAccount, TargetId};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::*;
use crate::rig::{Answer, Asked, Wire, in_five_minutes, refused_in_json};

mod failures;
mod pages;
mod places;

const ROOT: &str = "o-a1b2c3d4e5/r-a1b2";

fn body(value: &Value) -> Answer {
    Answer::Body(200, value.to_string())
}

/// An account as Organizations shows it.
fn account(number: usize) -> Value {
    let id = format!("{number:012}");
    json!({
        "Id": id, "Arn": format!("arn:aws:organizations::111122223333:account/o-a1b2c3d4e5/{id}"),
        "Email": "one@example.com", "Name": format!("account {number}"), "State": "ACTIVE",
        "Paths": [format!("{ROOT}/{id}/")], "JoinedMethod": "CREATED", "JoinedTimestamp": 1.0,
    })
}

/// Pages of 20 accounts, whose tokens are the number of the account that comes next.
fn page(of: usize, asked: &Asked) -> Answer {
    let from: usize = asked.json()["NextToken"]
        .as_str()
        .map_or(0, |token| token.parse().unwrap());
    let until = (from + 20).min(of);
    let accounts: Vec<Value> = (from..until).map(account).collect();
    let next = (until < of).then(|| until.to_string());
    body(&json!({"Accounts": accounts, "NextToken": next}))
}

fn targets(ids: &[&str]) -> BTreeSet<TargetId> {
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

fn directory(wire: &Wire) -> OrganizationDirectory {
    Organizations::new(&wire.sdk()).directory(in_five_minutes())
}

async fn accounts_below(wire: &Wire, wanted: &[&str]) -> Result<Vec<SeenAccount>, PortError> {
    let mut found = Vec::new();
    let wanted = targets(wanted);
    let mut each = |account| found.push(account);
    directory(wire).accounts(&wanted, &mut each).await?;
    Ok(found)
}

async fn accounts(wire: &Wire) -> Result<Vec<SeenAccount>, PortError> {
    accounts_below(wire, &[]).await
}

#[tokio::test(start_paused = true)]
async fn the_organization_is_asked_where_organizations_are_kept() {
    let wire = Wire::new(|_, _| {
        body(&json!({"Organization": {
            "Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": "111122223333",
        }}))
    });
    let organization = directory(&wire).organization().await.unwrap();
    assert_eq!(organization.id.as_str(), "o-a1b2c3d4e5");
    assert_eq!(organization.management_account.as_str(), "111122223333");
    assert!(organization.has_all_features);
    assert_eq!(wire.actions(), ["DescribeOrganization"]);
    // The functions run in eu-west-1.
    assert_eq!(
        wire.asked()[0].service(),
        ("organizations", Some("us-east-1"))
    );
    let authorization = wire.asked()[0].header("authorization").unwrap().to_owned();
    assert!(
        authorization.contains("/us-east-1/organizations/"),
        "{authorization}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_organization_that_only_bills_together_is_told_apart() {
    let wire = Wire::new(|_, _| {
        body(&json!({"Organization": {
            "Id": "o-a1b2c3d4e5", "FeatureSet": "CONSOLIDATED_BILLING", "MasterAccountId": "111122223333",
        }}))
    });
    assert!(
        !directory(&wire)
            .organization()
            .await
            .unwrap()
            .has_all_features
    );
}

#[tokio::test(start_paused = true)]
async fn the_root_may_come_after_an_empty_page() {
    let wire = Wire::new(|_, asked| match asked.json()["NextToken"].as_str() {
        None => body(&json!({"Roots": [], "NextToken": "more"})),
        Some(_) => body(&json!({"Roots": [{"Id": "r-a1b2", "Name": "Root"}]})),
    });
    assert_eq!(directory(&wire).root().await.unwrap().as_str(), "r-a1b2");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lacks_what_matters_is_no_panic() {
    for answer in [
        json!({}),
        json!({"Organization": {"Id": "x"}, "Roots": [{"Id": "x"}]}),
    ] {
        let wire = Wire::new(move |_, _| body(&answer));
        let directory = directory(&wire);
        for error in [
            directory.organization().await.unwrap_err(),
            directory.root().await.unwrap_err(),
        ] {
            assert_eq!(error.kind, FailureKind::Transient);
            assert!(
                error.reason.ends_with("the answer was incomplete"),
                "{}",
                error.reason
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_of_an_account_counts_and_the_retired_status_without_it() {
    let wire = Wire::new(|_, _| {
        let mut accounts: Vec<Value> = (0..4).map(account).collect();
        accounts[0]["State"] = json!("CLOSED");
        accounts[0]["Status"] = json!("SUSPENDED");
        accounts[1].as_object_mut().unwrap().remove("State");
        accounts[1]["Status"] = json!("PENDING_CLOSURE");
        accounts[2]["State"] = json!("NEW_STATE");
        accounts[3]["Name"] = json!("<script>\u{1b}[2J");
        body(&json!({"Accounts": accounts}))
    });
    let found = accounts(&wire).await.unwrap();
    assert_eq!(found[0].state, AccountState::Closed);
    assert_eq!(found[1].state, AccountState::PendingClosure);
    assert!(
        matches!(&found[2].state, AccountState::Unknown(state) if state.as_str() == "NEW_STATE")
    );
    assert_eq!(found[3].state, AccountState::Active);
    assert_eq!(found[3].name.as_str(), "\\u{3c}script\\u{3e}\\u{1b}[2J");
}
