//! What the roles of our functions may do, and who may assume them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::{TEMPLATES, descend, resources, strings, template, transformed};
use crate::statements::{allowed, statements, texts};

/// The functions that sign in to Azure. The first two act in accounts as well.
const CALLERS: [&str; 3] = ["RegisterAccountRole", "ProvisionArcRole", "OnboardRole"];

#[test]
fn no_role_can_bring_a_log_group_back() {
    for path in TEMPLATES {
        for (id, statement) in allowed(&template(path)) {
            assert!(
                !texts(&statement["Action"]).contains(&"logs:CreateLogGroup"),
                "{path} {id}"
            );
        }
    }
    for (id, kind, role) in resources(transformed()) {
        if kind == "AWS::IAM::Role" {
            // AWS's ready-made execution policies grant it.
            assert!(role["Properties"]["ManagedPolicyArns"].is_null(), "{id}");
        }
    }
}

#[test]
fn a_function_may_hand_over_to_its_guard() {
    let grants = allowed(transformed());
    for (id, kind, resource) in resources(transformed()) {
        if kind != "AWS::Lambda::EventInvokeConfig" {
            continue;
        }
        let function = resource["Properties"]["FunctionName"]["Ref"]
            .as_str()
            .unwrap();
        let guard = &resource["Properties"]["DestinationConfig"]["OnFailure"]["Destination"];
        let role = &transformed()["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"][0];
        let granted = grants.iter().any(|(holder, statement)| {
            role == holder.as_str()
                && strings(&statement["Action"]).contains(&"lambda:InvokeFunction")
                && &statement["Resource"] == guard
        });
        assert!(granted, "{id}");
    }
}

#[test]
fn the_guard_claims_answers_and_cannot_read_the_requests() {
    let guard = allowed(transformed()).into_iter();
    let guard = guard.filter(|(id, _)| id == "ReplyGuardRole");
    let grants: Vec<(Value, Value)> = guard
        .map(|(_, statement)| (statement["Action"].clone(), statement["Resource"].clone()))
        .collect();
    let in_bucket = |folder: &str| json!({"Fn::Sub": format!("${{RunBucket.Arn}}/{folder}/*")});
    let own_logs = json!({"Fn::GetAtt": ["ReplyGuardLogGroup", "Arn"]});
    assert_eq!(
        grants,
        [
            (
                json!(["logs:CreateLogStream", "logs:PutLogEvents"]),
                own_logs
            ),
            (
                json!(["s3:GetObject", "s3:PutObject"]),
                in_bucket("answered")
            ),
            (json!("s3:DeleteObject"), in_bucket("pending")),
        ]
    );
}

#[test]
fn roles_trust_the_account_and_look_at_the_callers_arn() {
    // A role as principal is stored by its unique id and breaks when that role is made anew.
    let access = template("templates/access.yaml");
    let roles = [
        (&access["Resources"]["AccessRole"], &CALLERS[..2]),
        (&transformed()["Resources"]["AzureSignInRole"], &CALLERS),
    ];
    for (role, expected) in roles {
        let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
        let principal = trust["Principal"]["AWS"]["Fn::Sub"].as_str().unwrap();
        assert!(principal.ends_with(":root"), "{principal}");
        let mut callers = Vec::new();
        descend(
            &trust["Condition"]["ArnEquals"]["aws:PrincipalArn"],
            &mut |value| {
                callers.extend(value.as_str());
            },
        );
        assert_eq!(callers.len(), expected.len());
        for (caller, id) in callers.into_iter().zip(expected) {
            let role = &transformed()["Resources"][id]["Properties"];
            let name = role["RoleName"].as_str().unwrap();
            assert!(caller.ends_with(&format!(":role/{name}")), "{caller}");
        }
    }
}

#[test]
fn the_sign_in_role_mints_one_kind_of_token() {
    let sign_in: Vec<Value> = statements(transformed())
        .into_iter()
        .filter(|(id, _)| id == "AzureSignInRole")
        .map(|(_, statement)| statement)
        .collect();
    assert_eq!(
        sign_in,
        [json!({
            "Effect": "Allow",
            "Action": "sts:GetWebIdentityToken",
            "Resource": "*",
            "Condition": {
                "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": "api://AzureADTokenExchange"},
                "Null": {"sts:IdentityTokenAudience": "false"},
                "StringEquals": {"sts:SigningAlgorithm": "RS256"},
                "NumericLessThanEquals": {"sts:DurationSeconds": "300"},
            },
        })]
    );
}

#[test]
fn the_run_bucket_is_closed_and_forgets_pending_requests() {
    let bucket = &transformed()["Resources"]["RunBucket"]["Properties"];
    let block = bucket["PublicAccessBlockConfiguration"]
        .as_object()
        .unwrap();
    assert_eq!(block.len(), 4);
    assert!(block.values().all(|switch| switch == true));
    let rules = bucket["LifecycleConfiguration"]["Rules"]
        .as_array()
        .unwrap();
    let days: BTreeMap<&str, u64> = rules
        .iter()
        .filter_map(|rule| Some((rule["Prefix"].as_str(), rule["ExpirationInDays"].as_u64()?)))
        // A rule without a prefix that expires objects would lose the bodies of adopted connectors.
        .map(|(prefix, days)| (prefix.unwrap_or_default(), days))
        .collect();
    assert_eq!(
        days,
        [("answered/", 7), ("pending/", 1), ("runs/", 90)].into()
    );

    let policy = &transformed()["Resources"]["RunBucketPolicy"]["Properties"]["PolicyDocument"];
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(
        statement["Condition"],
        json!({"Bool": {"aws:SecureTransport": "false"}})
    );
}
