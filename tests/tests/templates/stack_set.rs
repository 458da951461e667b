//! The stack set that brings the runbooks to every region, and the two roles it acts in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::document::{resources, strings, template};
use crate::evaluation::{ACCOUNT_ID, Stack, text};
use crate::region::REGION;

/// The properties of a resource of the main template, as CloudFormation gets them.
fn properties(id: &str) -> Value {
    let main = template("template.yaml");
    Stack::new(&main, &[]).whole(&main["Resources"][id]["Properties"])
}

#[test]
fn it_goes_to_the_regions_that_were_looked_up_and_to_this_account() {
    let stack_set = properties("RegionStackSet");
    assert_eq!(stack_set["PermissionModel"], "SELF_MANAGED");
    assert_eq!(stack_set["TemplateURL"], REGION);
    // The template has no role, so no capability has to be acknowledged.
    assert!(stack_set["Capabilities"].is_null());
    assert_eq!(
        stack_set["StackInstancesGroup"],
        json!([{"DeploymentTargets": {"Accounts": [ACCOUNT_ID]}, "Regions": ["ArcRegions.Regions"]}])
    );
    assert_eq!(stack_set["ManagedExecution"], json!({"Active": true}));
    assert_eq!(
        stack_set["OperationPreferences"],
        json!({"RegionConcurrencyType": "PARALLEL", "MaxConcurrentCount": 1, "FailureToleranceCount": 1})
    );
}

#[test]
fn both_roles_are_our_own_and_trust_nobody_else() {
    let main = template("template.yaml");
    let stack_set = &main["Resources"]["RegionStackSet"]["Properties"];
    let arn = |id: &str| json!({"Fn::GetAtt": [id, "Arn"]});
    assert_eq!(
        stack_set["AdministrationRoleARN"],
        arn("StackSetAdministrationRole")
    );
    assert_eq!(
        stack_set["ExecutionRoleName"],
        json!({"Ref": "StackSetExecutionRole"})
    );

    let administration = properties("StackSetAdministrationRole");
    let trust = &administration["AssumeRolePolicyDocument"]["Statement"];
    let own_sets =
        format!("arn:aws:cloudformation:*:{ACCOUNT_ID}:stackset/DefenderConnector-Region:*");
    assert_eq!(
        trust,
        &json!([{
            "Effect": "Allow",
            "Principal": {"Service": ["ArcRegions.StackSetPrincipals"]},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
                "ArnLike": {"aws:SourceArn": own_sets},
            },
        }])
    );
    let execution = properties("StackSetExecutionRole");
    let execution_arn = format!(
        "arn:aws:iam::{ACCOUNT_ID}:role/{}",
        text(&execution["RoleName"])
    );
    assert_eq!(
        administration["Policies"][0]["PolicyDocument"]["Statement"],
        json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": execution_arn}])
    );
    let administration_arn = format!(
        "arn:aws:iam::{ACCOUNT_ID}:role/{}",
        text(&administration["RoleName"])
    );
    assert_eq!(
        execution["AssumeRolePolicyDocument"]["Statement"],
        json!([{
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT_ID}:root")},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": administration_arn}},
        }])
    );
}

/// What the execution role may do, by the name of the statement.
fn execution_statements() -> BTreeMap<String, Value> {
    let role = properties("StackSetExecutionRole");
    assert_eq!(role["Policies"].as_array().map(Vec::len), Some(1));
    let statements = &role["Policies"][0]["PolicyDocument"]["Statement"];
    statements
        .as_array()
        .into_iter()
        .flatten()
        .map(|statement| (text(&statement["Sid"]).to_owned(), statement.clone()))
        .collect()
}

/// Statement, kind of resource, property that names it, service and start of the ARN's last part.
const MANAGED: [(&str, &str, &str, &str, &str); 4] = [
    (
        "ManageRunbooks",
        "AWS::SSM::Document",
        "Name",
        "ssm",
        "document/",
    ),
    (
        "ManageRules",
        "AWS::Events::Rule",
        "Name",
        "events",
        "rule/",
    ),
    ("ManageQueue", "AWS::SQS::Queue", "QueueName", "sqs", ""),
    (
        "ManageAlarms",
        "AWS::CloudWatch::Alarm",
        "AlarmName",
        "cloudwatch",
        "alarm:",
    ),
];

#[test]
fn the_execution_role_manages_what_the_template_holds_and_nothing_else() {
    let region = template(REGION);
    let mut statements = execution_statements();
    for (sid, kind, name, service, start) in MANAGED {
        let held: BTreeSet<String> = resources(&region)
            .filter(|(_, other, _)| *other == kind)
            .map(|(_, _, resource)| text(&resource["Properties"][name]))
            .map(|name| format!("arn:aws:{service}:*:{ACCOUNT_ID}:{start}{name}"))
            .collect();
        let statement = statements.remove(sid).unwrap();
        let managed = strings(&statement["Resource"]);
        assert_eq!(
            managed
                .into_iter()
                .map(str::to_owned)
                .collect::<BTreeSet<_>>(),
            held,
            "{sid}"
        );
        let prefix = format!("{service}:");
        for action in strings(&statement["Action"]) {
            assert!(action.starts_with(&prefix), "{sid} {action}");
        }
    }
    let rest: Vec<&str> = statements.keys().map(String::as_str).collect();
    assert_eq!(
        rest,
        [
            "FetchTemplate",
            "HandRoleToRule",
            "ManageStacks",
            "ReportStatus"
        ]
    );
    let stacks = format!(
        "arn:aws:cloudformation:*:{ACCOUNT_ID}:stack/StackSet-{}-*/*",
        text(&properties("RegionStackSet")["StackSetName"])
    );
    assert_eq!(statements["ManageStacks"]["Resource"], stacks);
}

#[test]
fn nothing_of_this_account_is_read_or_published_to() {
    let statements = execution_statements();
    for (sid, action) in [
        ("FetchTemplate", "s3:GetObject"),
        ("ReportStatus", "sns:Publish"),
    ] {
        assert_eq!(statements[sid]["Action"], action);
        assert_eq!(
            statements[sid]["Condition"],
            json!({"StringNotEquals": {"aws:ResourceAccount": ACCOUNT_ID}})
        );
    }
}
