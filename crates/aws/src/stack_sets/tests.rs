//! `StackSets` over the wire of the real client.

use std::collections::BTreeSet;

use onboarding::RegionName;
use onboarding::organization::{StackSetKind, StackSetNamePrefix};

use super::*;
use crate::rig::{Answer, Wire, answered, in_five_minutes, refused};

const ACCOUNT: &str = "444455556666";

fn instances(wire: &Wire) -> StackSetInstances {
    StackSets::new(&wire.sdk()).instances(in_five_minutes())
}

fn stack_set() -> StackSetName {
    StackSetNamePrefix::default_prefix().stack_set(StackSetKind::Account)
}

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn operation() -> OperationId {
    "op-1".parse().unwrap()
}

fn summary(account: &str, region: &str, status: &str, detailed: &str) -> String {
    format!(
        "<member><Account>{account}</Account><Region>{region}</Region><Status>{status}</Status>\
         <StatusReason>because\u{a0}of &lt;b&gt;</StatusReason><StackInstanceStatus>\
         <DetailedStatus>{detailed}</DetailedStatus></StackInstanceStatus>\
         <OrganizationalUnitId>ou-a1b2-11112222</OrganizationalUnitId>\
         <LastOperationId>op-0</LastOperationId></member>"
    )
}

async fn make(wire: &Wire) -> Result<(), PortError> {
    ask(wire, true).await
}

async fn remove(wire: &Wire) -> Result<(), PortError> {
    ask(wire, false).await
}

async fn ask(wire: &Wire, makes: bool) -> Result<(), PortError> {
    let within = BTreeSet::from(["ou-a1b2-11112222".parse().unwrap()]);
    let regions: BTreeSet<RegionName> = ["eu-west-1", "us-east-1"]
        .map(|name| name.parse().unwrap())
        .into();
    let choice = StackChoice {
        stack_set: &stack_set(),
        account: &account(),
        within: &within,
        regions: &regions,
    };
    let (instances, id) = (instances(wire), operation());
    if makes {
        instances.make(&choice, &id).await
    } else {
        instances.remove(&choice, &id).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_stacks_of_an_account_are_listed_page_by_page() {
    let wire = Wire::new(|_, asked| {
        let (summaries, next) = match asked.field("NextToken") {
            None => (
                summary(ACCOUNT, "eu-west-1", "CURRENT", "SUCCEEDED"),
                "<NextToken>2</NextToken>",
            ),
            Some(_) => (
                summary(ACCOUNT, "us-east-1", "OUTDATED", "FAILED")
                    + &summary("999999999999", "us-east-1", "CURRENT", "SUCCEEDED")
                    + &summary(ACCOUNT, "nowhere", "CURRENT", "SUCCEEDED"),
                "",
            ),
        };
        answered(
            "ListStackInstances",
            &format!("<Summaries>{summaries}</Summaries>{next}"),
        )
    });
    let found = instances(&wire)
        .instances(&stack_set(), &account())
        .await
        .unwrap();
    let asked = &wire.asked()[0];
    assert_eq!(
        asked.field("StackSetName").unwrap(),
        "DefenderConnector-Members-Account"
    );
    assert_eq!(asked.field("StackInstanceAccount").unwrap(), ACCOUNT);
    assert_eq!(asked.field("MaxResults").unwrap(), "100");
    assert_eq!(wire.asked().len(), 2);
    let shown: Vec<_> = found
        .iter()
        .map(|one| (one.region.as_str(), one.status))
        .collect();
    assert_eq!(
        shown,
        [
            ("eu-west-1", InstanceStatus::Current),
            ("us-east-1", InstanceStatus::Outdated)
        ]
    );
    assert_eq!(found[0].reason.as_str(), "because\u{a0}of \\u{3c}b\\u{3e}");
    assert_eq!(found[0].target, Some("ou-a1b2-11112222".parse().unwrap()));
    assert_eq!(found[0].last_operation, Some("op-0".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn stacks_are_made_in_one_account_below_a_target() {
    let wire =
        Wire::new(|_, _| answered("CreateStackInstances", "<OperationId>op-1</OperationId>"));
    make(&wire).await.unwrap();
    let asked = &wire.asked()[0];
    assert_eq!(asked.action(), "CreateStackInstances");
    for (name, value) in [
        ("StackSetName", "DefenderConnector-Members-Account"),
        (
            "DeploymentTargets.OrganizationalUnitIds.member.1",
            "ou-a1b2-11112222",
        ),
        ("DeploymentTargets.Accounts.member.1", ACCOUNT),
        ("DeploymentTargets.AccountFilterType", "INTERSECTION"),
        ("Regions.member.1", "eu-west-1"),
        ("Regions.member.2", "us-east-1"),
        ("OperationPreferences.RegionConcurrencyType", "PARALLEL"),
        ("OperationPreferences.FailureTolerancePercentage", "100"),
        (
            "OperationPreferences.ConcurrencyMode",
            "SOFT_FAILURE_TOLERANCE",
        ),
        ("OperationId", "op-1"),
    ] {
        assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
    }
    // Self-managed stack sets take these, and none of the above.
    assert_eq!(asked.field("Accounts.member.1"), None);
}

#[tokio::test(start_paused = true)]
async fn stacks_are_removed_from_one_account_alone() {
    let wire =
        Wire::new(|_, _| answered("DeleteStackInstances", "<OperationId>op-1</OperationId>"));
    remove(&wire).await.unwrap();
    let asked = &wire.asked()[0];
    assert_eq!(asked.action(), "DeleteStackInstances");
    for (name, value) in [
        ("StackSetName", "DefenderConnector-Members-Account"),
        (
            "DeploymentTargets.OrganizationalUnitIds.member.1",
            "ou-a1b2-11112222",
        ),
        ("DeploymentTargets.Accounts.member.1", ACCOUNT),
        // Without it the whole unit would lose its stacks.
        ("DeploymentTargets.AccountFilterType", "INTERSECTION"),
        ("Regions.member.1", "eu-west-1"),
        ("Regions.member.2", "us-east-1"),
        ("RetainStacks", "false"),
        ("OperationId", "op-1"),
    ] {
        assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(asked.field("DeploymentTargets.Accounts.member.2"), None);
}

#[tokio::test(start_paused = true)]
async fn the_same_operation_again_is_a_success() {
    let wire = Wire::new(|_, _| {
        refused(
            409,
            "OperationIdAlreadyExistsException",
            "The operation id exists",
        )
    });
    make(&wire).await.unwrap();
    remove(&wire).await.unwrap();
    assert_eq!(wire.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_operation_in_the_way_passes() {
    for code in ["OperationInProgressException", "StaleRequestException"] {
        let wire = Wire::new(move |_, _| {
            refused(409, code, "Another Operation on StackSet is in progress")
        });
        let error = make(&wire).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Transient, "{}", error.reason);
        assert!(
            error
                .reason
                .contains("for stack set DefenderConnector-Members-Account, account 444455556666")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_say_what_to_do() {
    let failed = |status, code: &'static str, message: &'static str| async move {
        let wire = Wire::new(move |_, _| refused(status, code, message));
        make(&wire).await.unwrap_err()
    };
    let error = failed(
        404,
        "StackSetNotFoundException",
        "StackSet DefenderConnector-Members-Account not found",
    )
    .await;
    assert_eq!(error.kind, FailureKind::NotFound);
    insta::assert_snapshot!(error.reason, @"cloudformation:CreateStackInstances for stack set DefenderConnector-Members-Account, account 444455556666: 404 StackSetNotFoundException: StackSet DefenderConnector-Members-Account not found. The stack set is one of the stack's own resources: see that the stack's last update went through (request id request-1)");
    let error = failed(
        400,
        "ValidationError",
        "You must enable organizations access to operate a service managed stack set",
    )
    .await;
    assert_eq!(error.kind, FailureKind::Invalid);
    insta::assert_snapshot!(error.reason, @"cloudformation:CreateStackInstances for stack set DefenderConnector-Members-Account, account 444455556666: 400 ValidationError: You must enable organizations access to operate a service managed stack set. Run 'aws cloudformation activate-organizations-access' in the account that manages the organization (request id request-1)");
    let error = failed(
        403,
        "AccessDenied",
        "User: x is not authorized to perform: cloudformation:CreateStackInstances",
    )
    .await;
    assert_eq!(error.kind, FailureKind::Denied);
    insta::assert_snapshot!(error.reason, @"cloudformation:CreateStackInstances for stack set DefenderConnector-Members-Account, account 444455556666: 403 AccessDenied: User: x is not authorized to perform: cloudformation:CreateStackInstances. The function's role must be allowed cloudformation:CreateStackInstances on the stack's own stack sets (request id request-1)");
    let error = failed(400, "Throttling", "Rate exceeded").await;
    assert_eq!(error.kind, FailureKind::Throttled { retry_after: None });
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_followed_by_its_id() {
    for (status, state) in [
        ("RUNNING", OperationState::UnderWay),
        ("QUEUED", OperationState::UnderWay),
        ("SUCCEEDED", OperationState::Succeeded),
        ("FAILED", OperationState::Failed),
        ("STOPPED", OperationState::Failed),
    ] {
        let wire = Wire::new(move |_, asked| {
            assert_eq!(asked.field("OperationId").unwrap(), "op-1");
            let operation =
                format!("<StackSetOperation><Status>{status}</Status></StackSetOperation>");
            answered("DescribeStackSetOperation", &operation)
        });
        let found = instances(&wire)
            .operation(&stack_set(), &operation())
            .await
            .unwrap();
        assert_eq!(found, state);
    }
    let wire = Wire::new(|_, _| answered("DescribeStackSetOperation", ""));
    let error = instances(&wire)
        .operation(&stack_set(), &operation())
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::Transient);
    let wire = Wire::new(|_, _| refused(404, "OperationNotFoundException", "no such operation"));
    let error = instances(&wire)
        .operation(&stack_set(), &operation())
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn trusted_access_is_on_or_off() {
    for (status, is_trusted) in [
        ("ENABLED", true),
        ("DISABLED", false),
        ("DISABLED_PERMANENTLY", false),
    ] {
        let wire = Wire::new(move |_, _| {
            answered(
                "DescribeOrganizationsAccess",
                &format!("<Status>{status}</Status>"),
            )
        });
        assert_eq!(instances(&wire).is_trusted().await.unwrap(), is_trusted);
    }
    let wire = Wire::new(|_, _| answered("DescribeOrganizationsAccess", ""));
    assert!(!instances(&wire).is_trusted().await.unwrap());
    let wire = Wire::new(|_, _| Answer::Body(200, "no xml".to_owned()));
    let error = instances(&wire).is_trusted().await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Transient);
}
