//! What our roles may do: what they call, and nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{
    TEMPLATES, descend, resources, rust_sources, strings, template, transformed,
};

/// Every statement of every identity policy, with the role or policy that holds it.
fn statements(template: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (id, kind, resource) in resources(template) {
        if !kind.starts_with("AWS::IAM::") {
            continue;
        }
        let properties = &resource["Properties"];
        for policies in [&properties["Policies"], &properties["PolicyDocument"]] {
            descend(policies, &mut |value| {
                if value["Effect"].is_string() {
                    found.push((id.to_owned(), value.clone()));
                }
            });
        }
    }
    assert!(!found.is_empty());
    found
}

fn allowed(template: &Value) -> Vec<(String, Value)> {
    let mut found = statements(template);
    found.retain(|(_, statement)| statement["Effect"] == "Allow");
    found
}

#[test]
fn no_role_is_given_a_whole_service() {
    for path in TEMPLATES {
        for (id, statement) in allowed(&template(path)) {
            assert!(statement["NotAction"].is_null(), "{path} {id}");
            for action in strings(&statement["Action"]) {
                assert!(!action.contains('*'), "{path} {id} {action}");
            }
        }
    }
}

#[test]
fn every_resource_is_named_where_the_service_knows_resources() {
    // The token's action knows none; Defender's list reads whatever there is.
    let exceptions = ["AzureSignInRole", "CspmMonitorRole"];
    for path in TEMPLATES {
        for (id, statement) in allowed(&template(path)) {
            let everything = strings(&statement["Resource"]).contains(&"*");
            assert_eq!(everything, exceptions.contains(&id.as_str()), "{path} {id}");
        }
    }
}

#[test]
fn no_role_can_bring_a_log_group_back() {
    for path in TEMPLATES {
        for (id, statement) in allowed(&template(path)) {
            assert!(
                !strings(&statement["Action"]).contains(&"logs:CreateLogGroup"),
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
fn roles_trust_the_account_and_look_at_the_callers_arn() {
    // A role as principal is stored by its unique id and breaks when that role is made anew.
    let access = template("templates/access.yaml");
    let roles = [
        &access["Resources"]["AccessRole"],
        &transformed()["Resources"]["AzureSignInRole"],
    ];
    for role in roles {
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
        assert_eq!(callers.len(), 1);
        let register = &transformed()["Resources"]["RegisterAccountRole"]["Properties"];
        let name = register["RoleName"].as_str().unwrap();
        assert!(
            callers[0].ends_with(&format!(":role/{name}")),
            "{}",
            callers[0]
        );
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
    assert!(
        rules
            .iter()
            .any(|rule| rule["Prefix"] == "pending/" && rule["ExpirationInDays"] == 1)
    );
    // A rule without a prefix that expires objects would lose the bodies of adopted connectors.
    assert!(
        rules
            .iter()
            .all(|rule| rule["ExpirationInDays"].is_null() || rule["Prefix"] == "pending/")
    );

    let policy = &transformed()["Resources"]["RunBucketPolicy"]["Properties"]["PolicyDocument"];
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(
        statement["Condition"],
        json!({"Bool": {"aws:SecureTransport": "false"}})
    );
}

/// The SDK's name of an action: `AddClientIDToOpenIDConnectProvider` is
/// `add_client_id_to_open_id_connect_provider`.
fn sdk_method(action: &str) -> String {
    let mut method = String::new();
    for letter in action.replace("ID", "Id").chars() {
        if letter.is_ascii_uppercase() && !method.is_empty() {
            method.push('_');
        }
        method.push(letter.to_ascii_lowercase());
    }
    method
}

#[test]
fn the_access_role_grants_the_iam_calls_that_are_made_and_no_other() {
    let access = template("templates/access.yaml");
    let granted: BTreeSet<String> = allowed(&access)
        .iter()
        .flat_map(|(_, statement)| strings(&statement["Action"]))
        .filter_map(|action| action.strip_prefix("iam:").map(sdk_method))
        .collect();
    let sources = rust_sources("crates/aws/src");
    let called: BTreeSet<String> = sources
        .split('.')
        .skip(1)
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        .filter(|name| {
            // The setter of a request's own field is no call.
            (name.contains("open_id_connect_provider") && !name.ends_with("_arn"))
                || ["get_role", "list_role"]
                    .iter()
                    .any(|start| name.starts_with(start))
        })
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(granted, called);
}
