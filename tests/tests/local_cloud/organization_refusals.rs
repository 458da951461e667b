//! What is forged is refused: events, invocations, requests of other stacks.

use anyhow::Result;
use integration_tests::{Account, Organization, Stack, on_local_cloud, on_organization};
use serde_json::{Value, json};

use crate::small_stack::{function_arn, template};

const ONBOARD: &str = "OnboardOrganizationFunction";

/// How much there is that a refusal must not change: connected accounts, writes, marks.
async fn state(
    organization: &Organization<'_>,
    stack: &Stack<'_>,
) -> Result<(Vec<String>, usize, Vec<String>)> {
    let connected = organization.connected().await?.into_iter().collect();
    let writes = organization.management.azure.writes().await?;
    Ok((connected, writes, organization.leaving(stack).await?))
}

/// The environment's own account may call the functions; that alone takes no account out.
#[test]
fn an_offboard_of_an_account_in_scope_is_refused_whoever_asks() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        let before = state(organization, &stack).await?;
        let run = organization.last_request().await?;
        let emulator = &organization.management.emulator;
        let register = stack.physical_id("RegisterAccountFunction").await?;
        let tenancy = &organization.management.azure.tenancy;
        let connector = tenancy.connector_id(&format!("aws-{}", members[0].id));
        for operation in ["Offboard", "RemoveConnector"] {
            let forged = json!({
                "Operation": operation,
                "AccountId": members[0].id,
                "RunId": run.id(),
                "Connectors": [connector],
                "AsWanted": false,
            });
            let said = emulator.invoke(&register, &forged).await?;
            assert_eq!(said["errorType"], "Conflict", "{operation}: {said:#}");
        }
        for intent in ["Offboard", "Narrow"] {
            let input = json!({"Operation": intent, "Scope": "Organization"});
            let run = organization.start(&input).await?;
            assert_eq!(run.status, "FAILED", "{:#}", run.record);
            let list = json!({
                "Operation": "ListAccounts",
                "Intent": intent,
                "RunId": "made-up",
                "RequestId": "made-up",
            });
            let onboard = stack.physical_id(ONBOARD).await?;
            let said = emulator.invoke(&onboard, &list).await?;
            assert_eq!(said["errorType"], "Invalid", "{intent}: {said:#}");
        }
        assert_eq!(state(organization, &stack).await?, before);
        Ok(())
    })
}

fn stack_set_event(account: &str, region: &str, owner: &str, set: &str) -> Value {
    json!({
        "source": "aws.cloudformation",
        "detail-type": "CloudFormation StackSet StackInstance Status Change",
        "account": owner,
        "region": region,
        "detail": {
            "stack-set-arn": format!("arn:aws:cloudformation:{region}:{owner}:stackset/{set}:1"),
            "stack-id": format!("arn:aws:cloudformation:{region}:{account}:stack/StackSet-x/1"),
            "status-details": {"status": "CURRENT", "detailed-status": "SUCCEEDED"},
        },
    })
}

fn departure(account: &str, management: &str) -> Value {
    json!({
        "source": "aws.organizations",
        "detail-type": "AWS API Call via CloudTrail",
        "account": management,
        "region": "us-east-1",
        "detail": {
            "eventName": "RemoveAccountFromOrganization",
            "recipientAccountId": management,
            "requestParameters": {"accountId": account},
        },
    })
}

/// An event only says where to look.
#[test]
fn forged_events_take_no_account_out_and_those_of_others_begin_no_run() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        organization.until_quiet().await?;
        let before = state(organization, &stack).await?;
        let (own, other) = (&organization.management.id, "999999999999");
        let (member, home) = (&members[0].id, "eu-west-1");
        let known = organization.management.runs().await?.len();
        organization
            .forge_events(&[
                json!("no event"),
                stack_set_event(member, home, other, "DefenderConnector-Members-Account"),
                stack_set_event(member, home, own, "Somebody-Elses"),
                departure(member, other),
                json!({"source": "aws.organizations", "detail-type": "x", "account": own, "detail": {}}),
            ])
            .await?;
        assert_eq!(organization.management.runs().await?.len(), known);

        let runs = organization.management.runs().await?;
        organization.forge_events(&[departure(member, own)]).await?;
        let run = organization.run_about(&members[0], &runs).await?;
        assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        assert_eq!(state(organization, &stack).await?, before);
        Ok(())
    })
}

fn wanted_state(organization: &Organization<'_>, subscription: &str) -> String {
    let management = &organization.management.id;
    let tenancy = &organization.management.azure.tenancy;
    json!({
        "Scope": "Organization",
        "Organization": {
            "OrganizationalUnitIds": "", "ExcludedAccountIds": "", "Regions": "",
            "MemberRegistration": "Direct", "StackSetNamePrefix": "DefenderConnector-Members",
            "ManagementAccountId": management,
        },
        "Connector": {"SubscriptionId": subscription, "ResourceGroup": tenancy.resource_group},
    })
    .to_string()
}

fn machine_arn(account: &Account) -> String {
    format!(
        "arn:aws:states:eu-west-1:{}:stateMachine:DefenderConnector-OnboardOrganization",
        account.id
    )
}

/// The delete of such a stack is none of the application's.
#[test]
fn a_second_stack_that_names_the_function_changes_nothing() -> Result<()> {
    on_organization(&[("", 1)], async |organization, _| {
        let management = organization.management;
        let application = organization.stack();
        organization.deploy(&application).await?;
        let before = state(organization, &application).await?;
        let runs = management.runs().await?.len();
        let token = function_arn(management, &application, ONBOARD).await?;
        let subscription = management.azure.tenancy.subscription.clone();
        let elsewhere = "00000000-0000-4000-8000-000000000000";
        for (kind, subscription) in [
            ("Custom::OrganizationOnboarding", subscription.as_str()),
            ("Custom::OrganizationOnboarding", elsewhere),
            ("Custom::OrganizationNarrowing", elsewhere),
        ] {
            let properties = json!({
                "WantedState": wanted_state(organization, subscription),
                "StateMachineArn": machine_arn(management),
            });
            let second = template(&token, kind, &properties, &[]);
            let name = format!("second-{}-{}", &kind[20..], &subscription[..8]);
            let second = Stack::of_template(management, &name, second);
            let ended = second.create().await?.must_be("ROLLBACK_COMPLETE")?;
            let reason = ended.reason("Custom");
            assert!(!reason.is_empty(), "{ended:#?}");
            second.delete().await?.must_be("DELETE_COMPLETE")?;
        }
        assert_eq!(management.runs().await?.len(), runs);
        assert_eq!(state(organization, &application).await?, before);
        Ok(())
    })
}

/// Deployed where it cannot work, it says with which command it could, before it touches a member.
fn is_refused(
    change: impl AsyncFnOnce(&Organization<'_>) -> Result<()>,
    parameters: &[(&str, &str)],
    says: &str,
) -> Result<()> {
    on_organization(&[("", 1)], async |organization, members| {
        change(organization).await?;
        let mut stack = organization.stack();
        for (name, value) in parameters {
            stack.set(name, value);
        }
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("DeploymentScope");
        assert!(reason.contains(says), "{reason}");
        assert!(organization.connected().await?.is_empty());
        assert_eq!(members[0].provider().await?, None);
        Ok(())
    })
}

#[test]
fn an_organization_that_stack_sets_may_not_act_in_is_refused() -> Result<()> {
    let command = "aws cloudformation activate-organizations-access";
    is_refused(
        async |organization| organization.forbid_stack_sets().await,
        &[],
        command,
    )
}

#[test]
fn a_unit_that_is_not_there_is_refused_and_takes_nobody_out() -> Result<()> {
    let unknown = [("OrganizationalUnitIds", "ou-zzzz-99999999")];
    is_refused(async |_| Ok(()), &unknown, "ou-zzzz-99999999")
}

#[test]
fn an_account_that_is_in_no_organization_is_refused() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack().with("Scope", "Organization");
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("DeploymentScope");
        assert!(reason.contains("organization"), "{reason}");
        assert_eq!(account.azure.connectors().await?, Vec::<Value>::new());
        Ok(())
    })
}
