//! The connectors that Defender makes for the members of an organization, as far as Microsoft
//! documents it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::azure_double::{
    AwsAccount, AwsAccounts, AwsOrganization, AwsView, DiscoveryStep, STACK_SETS,
};

use crate::support::{
    ACCOUNT as MANAGEMENT, Azure, GROUP, SUBSCRIPTION, TENANT, connector, foundational, json_of,
    subscription,
};

mod open;

const ONE: &str = "222222222222";
const TWO: &str = "333333333333";
const THREE: &str = "444444444444";
const FOUR: &str = "555555555555";

/// A double that looks at an organization. Nothing happens behind the test's back.
struct Members {
    azure: Azure,
    accounts: AwsAccounts,
}

impl Members {
    /// Every account has the role that foundational CSPM needs.
    async fn start(members: &[&str]) -> Self {
        let accounts = AwsAccounts::default();
        for account in members.iter().chain([&MANAGEMENT]) {
            accounts.set(account, AwsAccount::onboarded(account, TENANT));
        }
        let organization = AwsOrganization::of(MANAGEMENT, members.iter().copied());
        accounts.set_organization(organization);
        let view = AwsView::Accounts(accounts.clone());
        let azure = Azure::start_with(view, subscription()).await;
        Self { azure, accounts }
    }

    /// The same with the connector of the organization.
    async fn with_connector(members: &[&str]) -> Self {
        let it = Self::start(members).await;
        it.write(&organization(&[])).await;
        it
    }

    async fn write(&self, body: &Value) {
        let answer = self.azure.put("aws-org", body).await;
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn look(&self) -> DiscoveryStep {
        self.azure.double.discover(SUBSCRIPTION).await.unwrap()
    }

    fn switch(&self, discovery: &Value) {
        let change = json!({ "discovery": discovery });
        self.azure.double.switch(None, change).unwrap();
    }

    /// The connector under a name, as a client sees it.
    async fn seen(&self, name: &str) -> Option<Value> {
        let answer = self.azure.get(&connector(name)).await;
        let found = answer.status().is_success();
        if found {
            Some(json_of(answer).await)
        } else {
            None
        }
    }

    /// Waits until the connector is there, or is gone.
    async fn comes(&self, name: &str, there: bool) {
        for _ in 0..500 {
            if self.seen(name).await.is_some() == there {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{name} did not become {there}");
    }
}

fn organization(excluded: &[&str]) -> Value {
    let mut body = foundational(MANAGEMENT);
    body["properties"]["environmentData"]["organizationalData"] = json!({
        "organizationMembershipType": "Organization",
        "stacksetName": "defender",
        "excludedAccountIds": excluded,
    });
    body
}

fn id(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}/providers/Microsoft.Security/securityconnectors/{name}"
    )
}

fn ids(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| id(name)).collect()
}

fn left_out(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(account, why): &(&str, &str)| ((*account).to_owned(), (*why).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn active_members_with_their_roles_get_a_connector() {
    let it = Members::start(&[ONE, TWO, THREE, FOUR]).await;
    it.accounts.set(TWO, AwsAccount::default());
    let mut seen = AwsOrganization::of(MANAGEMENT, [ONE, TWO, THREE, FOUR]);
    seen.accounts.get_mut(FOUR).unwrap().state = "SUSPENDED".to_owned();
    it.accounts.set_organization(seen);
    it.write(&organization(&[THREE])).await;
    assert!(it.seen(ONE).await.is_none(), "not before Defender looks");

    let step = it.look().await;
    assert_eq!(step.made, ids(&[ONE]));
    let provider = format!(
        "there is no arn:aws:iam::{TWO}:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
    );
    let expected = [
        (TWO, &*provider),
        (THREE, "it is excluded"),
        (FOUR, "it is SUSPENDED"),
    ];
    assert_eq!(step.left_out, left_out(&expected));
    assert!(step.problems.is_empty() && step.changed.is_empty() && step.removed.is_empty());

    it.accounts.set(TWO, AwsAccount::onboarded(TWO, TENANT));
    assert_eq!(it.look().await.made, ids(&[TWO]));
    assert_eq!(it.look().await.made, ids(&[]));
    let counters = it.azure.double.counters(SUBSCRIPTION);
    assert_eq!(counters.connectors_written, 1, "nobody else wrote");
}

#[tokio::test]
async fn a_members_connector_is_made_after_the_organizations() {
    let it = Members::with_connector(&[ONE]).await;
    it.look().await;
    let seen = it.seen(ONE).await.unwrap();
    assert_eq!(seen["id"], id(ONE));
    assert_eq!(seen["location"], "eastus");
    assert_eq!(seen["tags"], Value::Null);
    let properties = &seen["properties"];
    assert_eq!(properties["hierarchyIdentifier"], ONE);
    assert_eq!(properties["environmentName"], "AWS");
    let environment = json!({
        "environmentType": "AwsAccount", "regions": [], "scanInterval": 4,
        "accountName": format!("account {ONE}"),
        "organizationalData":
            { "organizationMembershipType": "Member", "parentHierarchyId": MANAGEMENT },
    });
    assert_eq!(properties["environmentData"], environment);
    let role = &properties["offerings"][0]["nativeCloudConnection"]["cloudRoleArn"];
    assert_eq!(*role, format!("arn:aws:iam::{ONE}:role/CspmMonitorAws"));
    assert_eq!(seen["systemData"]["createdBy"], "MicrosoftDefenderForCloud");
}

#[tokio::test]
async fn edits_and_deletes_reach_the_members() {
    let it = Members::with_connector(&[ONE, TWO]).await;
    it.look().await;
    let mut body = organization(&[TWO]);
    body["properties"]["environmentData"]["scanInterval"] = json!(12);
    it.write(&body).await;
    let hours = |seen: Value| seen["properties"]["environmentData"]["scanInterval"].clone();
    assert_eq!(hours(it.seen(ONE).await.unwrap()), 12);
    assert!(it.seen(TWO).await.is_none(), "excluded");

    assert_eq!(it.azure.delete("aws-org").await.status(), 204);
    assert!(it.seen(ONE).await.is_none());
    assert_eq!(it.look().await, DiscoveryStep::default());
}

#[tokio::test]
async fn an_edit_takes_the_time_that_is_set() {
    let it = Members::with_connector(&[ONE]).await;
    it.look().await;
    it.switch(&json!({ "carryOverSeconds": 3600 }));
    let mut body = organization(&[]);
    body["properties"]["environmentData"]["scanInterval"] = json!(12);
    it.write(&body).await;
    let hours = |seen: Value| seen["properties"]["environmentData"]["scanInterval"].clone();
    assert_eq!(hours(it.seen(ONE).await.unwrap()), 4);
    assert_eq!(it.look().await.changed, ids(&[ONE]), "a look does not wait");
    assert_eq!(hours(it.seen(ONE).await.unwrap()), 12);

    it.switch(&json!({ "carryOverSeconds": 0.05 }));
    it.azure.delete("aws-org").await;
    it.comes(ONE, false).await;
}

#[tokio::test]
async fn accounts_that_come_and_go_are_followed() {
    let it = Members::with_connector(&[ONE]).await;
    assert_eq!(it.look().await.made, ids(&[ONE]));
    it.accounts.set(TWO, AwsAccount::onboarded(TWO, TENANT));
    let now = AwsOrganization::of(MANAGEMENT, [TWO]);
    it.accounts.set_organization(now);
    let step = it.look().await;
    assert_eq!((step.made, step.removed), (ids(&[TWO]), ids(&[ONE])));
    assert!(it.seen(ONE).await.is_none() && it.seen(TWO).await.is_some());
}

#[tokio::test]
async fn defender_looks_by_itself_after_the_time_that_is_set() {
    let it = Members::start(&[ONE]).await;
    it.switch(&json!({ "lookSeconds": 0.05 }));
    it.write(&organization(&[])).await;
    it.comes(ONE, true).await;
    it.accounts.set(TWO, AwsAccount::onboarded(TWO, TENANT));
    let now = AwsOrganization::of(MANAGEMENT, [TWO]);
    it.accounts.set_organization(now);
    it.comes(TWO, true).await;
    it.comes(ONE, false).await;
}

#[tokio::test]
async fn only_a_management_account_with_trusted_access_will_do() {
    let it = Members::with_connector(&[ONE]).await;
    let problem = async || it.look().await.problems.join(" ");
    let mut distrustful = AwsOrganization::of(MANAGEMENT, [ONE]);
    distrustful.services.clear();
    it.accounts.set_organization(distrustful);
    assert!(problem().await.contains(STACK_SETS));

    let below = AwsAccounts::default();
    below.set_organization(AwsOrganization::of(ONE, [MANAGEMENT]));
    it.azure.double.set_aws_view(AwsView::Accounts(below));
    assert!(problem().await.contains("does not manage"));
    it.azure
        .double
        .set_aws_view(AwsView::Accounts(AwsAccounts::default()));
    assert!(problem().await.contains("is in no organization"));
    it.azure.double.set_aws_view(AwsView::NotLookedAt);
    assert_eq!(problem().await, "AWS is not looked at");
}

#[tokio::test]
async fn connectors_that_defender_did_not_make_are_let_be() {
    let it = Members::with_connector(&[ONE]).await;
    it.look().await;
    let mut standalone = foundational(TWO);
    standalone["location"] = json!("westeurope");
    it.accounts.set(TWO, AwsAccount::onboarded(TWO, TENANT));
    it.azure.put("aws-two", &standalone).await;
    let mut theirs = foundational(THREE);
    theirs["properties"]["environmentData"]["organizationalData"] =
        json!({ "organizationMembershipType": "Member", "parentHierarchyId": FOUR });
    it.azure
        .double
        .seed_connector(SUBSCRIPTION, GROUP, "theirs", theirs);
    it.azure.delete("aws-org").await;
    assert!(it.seen(ONE).await.is_none());
    assert!(it.seen("aws-two").await.is_some() && it.seen("theirs").await.is_some());
}

#[tokio::test]
async fn the_connectors_of_operations_in_the_background_are_followed_too() {
    let it = Members::with_connector(&[ONE]).await;
    it.look().await;
    let plan = json!({ "asynchronousWrites": { "polls": 0 } });
    it.azure.double.switch(Some(SUBSCRIPTION), plan).unwrap();
    let accepted = it.azure.delete("aws-org").await;
    assert_eq!(accepted.status(), 202);
    assert!(it.seen(ONE).await.is_some());
    let status = accepted.headers()["azure-asyncoperation"].to_str().unwrap();
    let status = status.strip_prefix(it.azure.double.base_url()).unwrap();
    it.azure.get(status).await;
    assert!(it.seen(ONE).await.is_none());
}

#[tokio::test]
async fn a_look_is_asked_for_by_the_admin_api() {
    let it = Members::with_connector(&[ONE]).await;
    let base = it.azure.double.base_url();
    let ask = async |subscription: &str| {
        let url = format!("{base}/_double/defender/discovery?subscription={subscription}");
        it.azure.http.post(url).send().await.unwrap()
    };
    let step = json_of(ask(SUBSCRIPTION).await).await;
    let expected = json!({
        "made": [id(ONE)], "changed": [], "removed": [], "leftOut": {}, "problems": [],
    });
    assert_eq!(step, expected);
    assert_eq!(ask(TENANT).await.status(), 404);
}
