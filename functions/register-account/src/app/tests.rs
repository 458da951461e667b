//! The state machine's front door, over the real clients: AWS behind a wire, and the strict double
//! of Azure.

use std::sync::Arc;
use std::time::Duration;

use lambda_support::Environment;
use serde_json::json;
use testkit::aws_wire::Wire;
use testkit::azure_double::{ApplicationSetup, AzureDouble, SubscriptionSetup, TenantSetup};

use super::*;

mod aws_account;

use aws_account::Aws;

const TENANT: &str = "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613";
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";
const CLIENT: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const OWN: &str = "111122223333";
const MEMBER: &str = "444455556666";
const RUN: &str = "8d1e0b1f-6471-4dda-aec3-0242ac120003";

struct FrontDoor {
    aws: Arc<Aws>,
    azure: AzureDouble,
    app: RegisterAccount,
}

impl FrontDoor {
    async fn open() -> Self {
        let azure = AzureDouble::start().await.unwrap();
        let application = ApplicationSetup::with_secret(CLIENT, "s3cr3t");
        azure.add_tenant(TenantSetup::new(TENANT, application));
        azure.add_subscription(SubscriptionSetup::new(
            SUBSCRIPTION,
            TENANT,
            "rg-mdc",
            CLIENT,
        ));
        let aws = Arc::new(Aws::default());
        let behind = Arc::clone(&aws);
        let wire = Wire::new(move |_, asked| behind.answer(asked));
        let boot = Boot::of(environment(azure.base_url()));
        let app = RegisterAccount {
            responder: responder(&boot),
            cloud: Cloud::new(&boot, &wire.sdk()),
        };
        let door = Self { aws, azure, app };
        let run = format!("runs/{RUN}/wanted-state.json");
        door.aws.bucket.put(&run, state().to_string());
        door
    }

    fn with_roles(self) -> Self {
        self.aws.make_role("CspmMonitorAws");
        self
    }

    async fn take(&self, event: &Value) -> Result<Value, Diagnostic> {
        let mut context = lambda_runtime::Context::default();
        let ends = std::time::SystemTime::now() + Duration::from_mins(5);
        let ends = ends.duration_since(std::time::UNIX_EPOCH).unwrap();
        context.deadline = u64::try_from(ends.as_millis()).unwrap();
        let event = LambdaEvent::new(event.clone(), context);
        Box::pin(self.app.handle(event)).await
    }

    /// How often Azure was asked for anything but a token.
    fn azure_calls(&self) -> usize {
        self.azure.requests_of(SUBSCRIPTION).len()
    }
}

fn environment(azure: &str) -> Environment {
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mdc-x";
    let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/6c2f";
    let role = "arn:aws:iam::111122223333:role/DefenderConnectorAzureSignIn";
    let variables = [
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", CLIENT),
        ("AZURE_SUBSCRIPTION_ID", SUBSCRIPTION),
        ("AZURE_RESOURCE_GROUP", "rg-mdc"),
        ("AZURE_LOCATION", "eastus"),
        ("AZURE_AUTHENTICATION", "ClientSecret"),
        ("AZURE_CLIENT_SECRET_ARN", secret),
        ("AZURE_SIGN_IN_ROLE_ARN", role),
        ("AZURE_AUTHORITY_HOST", azure),
        ("AZURE_RESOURCE_MANAGER_URL", azure),
        ("DEPLOYMENT_ID", "mdc"),
        ("STACK_ID", stack),
        ("RUN_BUCKET", "defender-runs"),
        ("AWS_REGION", "eu-west-1"),
    ];
    variables.into_iter().collect()
}

fn state() -> Value {
    json!({
        "Scope": "Organization",
        "Organization": {"ManagementAccountId": OWN},
        "Connector": {
            "SubscriptionId": SUBSCRIPTION, "ResourceGroup": "rg-mdc", "Location": "eastus",
            "ScanIntervalHours": "4", "Plans": {"Cspm": {"Tier": "Foundational"}},
        },
    })
}

fn id() -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/aws-{MEMBER}"
    )
}

fn asked(operation: &str, connectors: &[String], as_wanted: bool) -> Value {
    json!({
        "Operation": operation, "AccountId": MEMBER, "RunId": RUN,
        "Connectors": connectors, "AsWanted": as_wanted,
    })
}

#[tokio::test]
async fn a_member_is_registered_left_alone_and_taken_out() {
    let door = FrontDoor::open().await.with_roles();
    let outcome = door.take(&asked("Onboard", &[], false)).await.unwrap();
    assert_eq!(outcome["Outcome"], "Connected");
    assert_eq!(outcome["Connector"], id());
    assert!(outcome["PutMilliseconds"].is_u64(), "{outcome}");
    assert_eq!(door.azure.counters(SUBSCRIPTION).connectors_written, 1);
    let lists = door.azure.requests_of(SUBSCRIPTION);
    let lists = lists.iter().filter(|one| {
        let path = one.path.split('?').next().unwrap_or_default();
        path.ends_with("/securityConnectors")
    });
    assert_eq!(lists.count(), 0, "never all connectors");

    let before = door.azure_calls();
    let outcome = door.take(&asked("Onboard", &[id()], true)).await.unwrap();
    assert_eq!(
        outcome,
        json!({"Connector": id(), "Outcome": "AlreadyConnected"})
    );
    assert_eq!(door.azure_calls(), before, "Azure is not asked");

    let forged = door.take(&asked("Offboard", &[id()], false)).await;
    let forged = forged.unwrap_err();
    assert_eq!(forged.error_type, "Conflict", "{}", forged.error_message);
    door.aws.bucket.put(&format!("leaving/{MEMBER}"), "{}");
    let refused = door.take(&asked("Onboard", &[id()], true)).await;
    assert_eq!(refused.unwrap_err().error_type, "Conflict");
    door.aws.bucket.remove(&format!("leaving/{MEMBER}"));
    door.aws.bucket.put("leaving/all", "{}");
    let outcome = door.take(&asked("Offboard", &[], true)).await.unwrap();
    assert_eq!(outcome["Outcome"], "NothingToRemove");
    assert_eq!(door.azure.counters(SUBSCRIPTION).connectors_deleted, 1);
    assert!(door.aws.has_no_provider());
}

#[tokio::test]
async fn an_account_that_left_loses_its_connector() {
    let door = FrontDoor::open().await.with_roles();
    door.take(&asked("Onboard", &[], false)).await.unwrap();
    let event = asked("RemoveConnector", &[id()], false);
    let forged = door.take(&event).await.unwrap_err();
    assert_eq!(forged.error_type, "Conflict");
    door.aws.bucket.put(&format!("leaving/{MEMBER}"), "{}");
    let outcome = door.take(&event).await.unwrap();
    assert_eq!(outcome, json!({"Connector": null, "Outcome": "Removed"}));
    assert!(!door.aws.has_no_provider());
}

#[tokio::test]
async fn missing_roles_have_a_name_of_their_own() {
    let door = FrontDoor::open().await;
    let error = door.take(&asked("Onboard", &[], false)).await.unwrap_err();
    assert_eq!(error.error_type, "NotReady");
    let role = format!("arn:aws:iam::{MEMBER}:role/CspmMonitorAws");
    assert!(
        error.error_message.contains(&role),
        "{}",
        error.error_message
    );
    assert!(!door.aws.has_no_provider());
    assert_eq!(door.azure_calls(), 0);
}

/// A session that is kept says nothing about a role that was deleted since.
#[tokio::test]
async fn an_access_role_that_is_gone_is_seen_by_a_warm_function() {
    let door = FrontDoor::open().await.with_roles();
    door.take(&asked("Onboard", &[], false)).await.unwrap();
    door.aws.delete_access_role();
    let error = door.take(&asked("Onboard", &[id()], true)).await;
    let error = error.unwrap_err();
    assert_eq!(error.error_type, "NotReady", "{}", error.error_message);

    door.aws.bucket.put("leaving/all", "{}");
    let outcome = door.take(&asked("Offboard", &[id()], false)).await.unwrap();
    assert_eq!(outcome["Outcome"], "Removed");
    let reason = outcome["Reason"].as_str().unwrap();
    assert!(reason.contains("DefenderConnectorAccess"), "{reason}");
    assert_eq!(door.azure.counters(SUBSCRIPTION).connectors_deleted, 1);
}

#[tokio::test]
async fn what_the_environment_or_the_run_does_not_allow_is_refused_before_any_call() {
    let door = FrontDoor::open().await.with_roles();
    let elsewhere = id().replace(SUBSCRIPTION, TENANT);
    let mut unknown = asked("Onboard", &[], false);
    unknown["RunId"] = json!("another");
    let mut own = asked("Offboard", &[id()], false);
    own["AccountId"] = json!(OWN);
    door.aws.bucket.put("leaving/all", "{}");
    let mut limited = state();
    limited["Connector"]["ResourceGroup"] = json!("another");
    let run = "runs/limited/wanted-state.json";
    door.aws.bucket.put(run, limited.to_string());
    let mut of_limited = asked("Onboard", &[], false);
    of_limited["RunId"] = json!("limited");
    for (event, part) in [
        (
            asked("RemoveConnector", &[elsewhere], false),
            "subscription",
        ),
        (
            asked("RemoveConnector", &["x".to_owned()], false),
            "subscription",
        ),
        (unknown, "there is no run another"),
        (own, "is the stack's own"),
        (
            of_limited,
            "Connector.ResourceGroup: this function is limited",
        ),
        (asked("Reset", &[], false), "asks for nothing that is known"),
    ] {
        let error = door.take(&event).await.unwrap_err();
        assert_eq!(error.error_type, "Invalid", "{}", error.error_message);
        assert!(
            error.error_message.contains(part),
            "{}",
            error.error_message
        );
    }
    assert_eq!(door.azure_calls(), 0);
}

/// Whatever is wrong with what is wanted, an account must be able to go.
#[tokio::test]
async fn an_account_goes_although_its_wanted_state_is_broken() {
    let door = FrontDoor::open().await.with_roles();
    door.take(&asked("Onboard", &[], false)).await.unwrap();
    let run = format!("runs/{RUN}/wanted-state.json");
    let broken = json!({"Connector": {"Location": 7}});
    door.aws.bucket.put(&run, broken.to_string());
    door.aws.bucket.put("leaving/all", "{}");
    let outcome = door.take(&asked("Offboard", &[id()], false)).await.unwrap();
    assert_eq!(outcome["Outcome"], "Released");
}

#[tokio::test]
async fn a_function_that_could_not_start_says_why() {
    let boot = Boot::of([("AWS_REGION", "eu-west-1")].into_iter().collect());
    let door = FrontDoor {
        app: RegisterAccount::new(&boot),
        ..FrontDoor::open().await
    };
    let error = door.take(&asked("Onboard", &[], false)).await.unwrap_err();
    assert_eq!(error.error_type, "Invalid");
    assert!(error.error_message.contains("could not start"));
}
