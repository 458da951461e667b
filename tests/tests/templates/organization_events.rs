//! What tells of changes in the organization: two rules, a queue, and the way from where Organizations' events arise.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::defender::AZURE;
use crate::document::{resources, strings, template};
use crate::evaluation::{ACCOUNT_ID, Stack, text};

const MAIN: &str = "template.yaml";
const FORWARDING: &str = "templates/organization-events.yaml";

/// The properties of a resource of the main template, as CloudFormation gets them.
fn properties(id: &str) -> Value {
    let main = template(MAIN);
    let chosen = [&AZURE[..], &[("Scope", "Organization")]].concat();
    Stack::new(&main, &chosen).whole(&main["Resources"][id]["Properties"])
}

/// The same of the template that forwards events.
fn forwarding(id: &str) -> Value {
    let template = template(FORWARDING);
    let given = [
        ("HomeRegion", "eu-west-1"),
        ("DeploymentId", "deployment"),
        ("StackId", "arn:aws:cloudformation:x"),
    ];
    let stack = Stack::new(&template, &given).in_region("us-east-1");
    stack.whole(&template["Resources"][id]["Properties"])
}

#[test]
fn only_stacks_of_members_that_succeeded_are_told_of() {
    // Of the stack sets of this account nothing is to be followed, and a failure would lead to itself.
    let prefix = format!(
        "arn:aws:cloudformation:eu-west-1:{ACCOUNT_ID}:stackset/DefenderConnector-Members-"
    );
    assert_eq!(
        properties("StackSetInstanceRule")["EventPattern"],
        json!({
            "source": ["aws.cloudformation"],
            "detail-type": ["CloudFormation StackSet StackInstance Status Change"],
            "detail": {
                "stack-set-arn": [{"prefix": prefix}],
                "status-details": {"detailed-status": ["SUCCEEDED"]},
            },
        })
    );
}

#[test]
fn every_way_in_and_out_of_the_organization_is_told_of() {
    let pattern = &properties("OrganizationChangesRule")["EventPattern"];
    let names: BTreeSet<&str> = strings(&pattern["detail"]["eventName"])
        .into_iter()
        .collect();
    let wanted = [
        // Made here or invited, seen by the organization and by the caller.
        "AccountJoinedOrganization",
        "CreateAccountResult",
        // Left or removed.
        "AccountDepartedOrganization",
        "RemoveAccountFromOrganization",
        "MoveAccount",
        "CloseAccount",
        "CloseAccountResult",
    ];
    assert_eq!(names, wanted.into());
    assert_eq!(pattern["source"], json!(["aws.organizations"]));
    let kinds = [
        "AWS API Call via CloudTrail",
        "AWS Service Event via CloudTrail",
    ];
    assert_eq!(pattern["detail-type"], json!(kinds));
    assert_eq!(
        forwarding("OrganizationEventsRule")["EventPattern"],
        *pattern
    );
}

#[test]
fn events_are_forwarded_to_the_bus_that_the_rule_is_on() {
    let rule = forwarding("OrganizationEventsRule");
    let bus = format!("arn:aws:events:eu-west-1:{ACCOUNT_ID}:event-bus/default");
    let forwarder = properties("ForwardEventsRole");
    assert_eq!(rule["Targets"][0]["Arn"], bus);
    assert_eq!(
        rule["Targets"][0]["RoleArn"],
        format!(
            "arn:aws:iam::{ACCOUNT_ID}:role/{}",
            text(&forwarder["RoleName"])
        )
    );
    assert!(properties("OrganizationChangesRule")["EventBusName"].is_null());
    assert_eq!(
        forwarder["Policies"][0]["PolicyDocument"]["Statement"],
        json!([{"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}])
    );
    let source = format!(
        "arn:aws:events:us-east-1:{ACCOUNT_ID}:rule/{}",
        text(&rule["Name"])
    );
    assert_eq!(
        forwarder["AssumeRolePolicyDocument"]["Statement"][0]["Condition"],
        json!({"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": source}})
    );
}

#[test]
fn one_stack_forwards_them() {
    let set = properties("OrganizationEventsStackSet");
    assert_eq!(set["PermissionModel"], "SELF_MANAGED");
    assert_eq!(set["TemplateURL"], FORWARDING);
    assert_eq!(
        set["StackInstancesGroup"],
        json!([{"DeploymentTargets": {"Accounts": [ACCOUNT_ID]}, "Regions": ["us-east-1"]}])
    );
    assert_eq!(set["ManagedExecution"], json!({"Active": true}));
}

#[test]
fn its_roles_are_its_own_and_may_manage_what_it_holds() {
    let (set, administration, execution) = (
        properties("OrganizationEventsStackSet"),
        properties("OrganizationEventsAdministrationRole"),
        properties("OrganizationEventsExecutionRole"),
    );
    let arn = |properties: &Value| {
        format!(
            "arn:aws:iam::{ACCOUNT_ID}:role/{}",
            text(&properties["RoleName"])
        )
    };
    assert_eq!(set["AdministrationRoleARN"], arn(&administration));
    let name = text(&set["StackSetName"]);
    let own = format!("arn:aws:cloudformation:*:{ACCOUNT_ID}:stackset/{name}:*");
    let trust = |properties: &Value| {
        properties["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].clone()
    };
    assert_eq!(trust(&administration)["ArnLike"]["aws:SourceArn"], own);
    assert_eq!(
        trust(&execution)["ArnEquals"]["aws:PrincipalArn"],
        arn(&administration)
    );
    let may = |properties: &Value| properties["Policies"][0]["PolicyDocument"]["Statement"].clone();
    assert_eq!(may(&administration)[0]["Resource"], arn(&execution));

    let managed = may(&execution);
    let managed: Vec<(&str, &str)> = managed
        .as_array()
        .into_iter()
        .flatten()
        .filter(|statement| {
            statement["Sid"]
                .as_str()
                .is_some_and(|sid| sid.starts_with("Manage"))
        })
        .map(|statement| (text(&statement["Sid"]), text(&statement["Resource"])))
        .collect();
    let stacks = format!("arn:aws:cloudformation:*:{ACCOUNT_ID}:stack/StackSet-{name}-*/*");
    let rule = format!(
        "arn:aws:events:*:{ACCOUNT_ID}:rule/{}",
        text(&forwarding("OrganizationEventsRule")["Name"])
    );
    let alarm = format!(
        "arn:aws:cloudwatch:*:{ACCOUNT_ID}:alarm:{}",
        text(&forwarding("NotForwardedAlarm")["AlarmName"])
    );
    let wanted = [
        ("ManageStacks", &*stacks),
        ("ManageRules", &rule),
        ("ManageAlarms", &alarm),
    ];
    assert_eq!(managed, wanted);
    assert_eq!(resources(&template(FORWARDING)).count(), 2);
}

#[test]
fn the_queue_takes_from_both_rules_and_from_nobody_else() {
    let rules = ["StackSetInstanceRule", "OrganizationChangesRule"].map(properties);
    let sources = rules.map(|rule| {
        assert_eq!(
            rule["Targets"],
            json!([{"Id": "OrganizationEventQueue", "Arn": "OrganizationEventQueue.Arn"}])
        );
        format!(
            "arn:aws:events:eu-west-1:{ACCOUNT_ID}:rule/{}",
            text(&rule["Name"])
        )
    });
    let policy = properties("OrganizationEventQueuePolicy");
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([{
            "Sid": "TakeFromBothRules",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "OrganizationEventQueue.Arn",
            "Condition": {"ArnEquals": {"aws:SourceArn": sources}},
        }])
    );
}

#[test]
fn events_come_in_batches_and_one_that_fails_comes_again() {
    let mapping = properties("OrganizationEventMapping");
    assert_eq!(
        mapping["FunctionResponseTypes"],
        json!(["ReportBatchItemFailures"])
    );
    // A standard queue's largest batch, of which Lambda asks for a window.
    assert_eq!(mapping["BatchSize"], 10_000);
    let window = mapping["MaximumBatchingWindowInSeconds"].as_u64().unwrap();
    assert!((1..=300).contains(&window));
    // The fewest that Lambda takes.
    assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], 2);
    let queue = properties("OrganizationEventQueue");
    let running = properties("OnboardOrganizationFunction")["Timeout"]
        .as_u64()
        .unwrap();
    assert!(queue["VisibilityTimeout"].as_u64().unwrap() >= 6 * running + window);
    let redrive = &queue["RedrivePolicy"];
    assert_eq!(
        redrive["deadLetterTargetArn"],
        "OrganizationEventFailureQueue.Arn"
    );
    assert!(redrive["maxReceiveCount"].as_u64() >= Some(5));
}
