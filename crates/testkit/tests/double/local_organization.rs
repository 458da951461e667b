//! The local cloud's organization, as far as the double asks for it.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use testkit::azure_double::{AwsView, DiscoveryStep, STACK_SETS};

use crate::support::{ACCOUNT, Azure, SUBSCRIPTION, foundational, subscription};

/// What the local cloud answers.
async fn found(answer: (StatusCode, Value)) -> DiscoveryStep {
    let ask = async move |Query(asked): Query<BTreeMap<String, String>>| {
        assert_eq!(asked["account"], ACCOUNT);
        (answer.0, Json(answer.1))
    };
    let router = Router::new().route("/_local_cloud/organization", get(ask));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let azure = Azure::start_with(AwsView::Emulator(endpoint), subscription()).await;
    let blind = json!({ "lookIntoAws": false });
    azure.double.switch(None, blind).unwrap();
    let mut body = foundational(ACCOUNT);
    body["properties"]["environmentData"]["organizationalData"] =
        json!({ "organizationMembershipType": "Organization", "stacksetName": "defender" });
    assert_eq!(azure.put("aws-org", &body).await.status(), 201);
    azure.double.discover(SUBSCRIPTION).await.unwrap()
}

/// As `GET /_local_cloud/organization` shows it.
fn organization() -> Value {
    let account = |name: &str, state: &str, parent: &str| {
        json!({ "name": name, "email": "a@accounts.example.com", "state": state, "parent": parent,
            "unit": "", "joinedMethod": "CREATED" })
    };
    json!({
        "organizationId": "o-a1b2c3d4e5", "rootId": "r-a1b2", "managementAccount": ACCOUNT,
        "services": ["account.amazonaws.com", STACK_SETS],
        "units": { "workloads": "ou-a1b2-11112222" },
        "accounts": {
            ACCOUNT: account("management", "ACTIVE", "r-a1b2"),
            "222222222222": account("<script>", "ACTIVE", "ou-a1b2-11112222"),
            "333333333333": account("closed", "CLOSED", "ou-a1b2-11112222"),
        },
    })
}

#[tokio::test]
async fn members_are_those_of_the_local_cloud() {
    let step = found((StatusCode::OK, organization())).await;
    assert_eq!(step.made.len(), 1);
    assert!(step.made[0].ends_with("/222222222222"), "{step:?}");
    assert_eq!(step.left_out["333333333333"], "it is CLOSED");
}

#[tokio::test]
async fn what_the_local_cloud_does_not_know_is_a_problem() {
    let nowhere = json!({ "message": format!("account {ACCOUNT} is in no organization") });
    let cases = [
        (StatusCode::BAD_REQUEST, nowhere, "is in no organization"),
        (StatusCode::BAD_REQUEST, json!({}), "HTTP 400"),
        (StatusCode::NOT_FOUND, json!({}), "HTTP 404"),
        (
            StatusCode::OK,
            json!({ "accounts": [] }),
            "what the local cloud tells",
        ),
    ];
    for (status, body, problem) in cases {
        let step = found((status, body)).await;
        assert!(step.problems[0].contains(problem), "{step:?}");
    }
}
