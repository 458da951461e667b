//! What our functions may do in an onboarded account: what they call, on what they look at.

use std::collections::BTreeSet;

use onboarding::provider::Provider;
use onboarding::roles::ROLES;
use serde_json::Value;

use crate::document::{rust_sources, strings, template};
use crate::evaluation::{ACCOUNT_ID, Stack};
use crate::statements::{allowed, texts};

const TENANT: &str = "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613";

/// The resources of the access role's statement that allows an action, as IAM gets them.
fn resources_of(action: &str) -> BTreeSet<String> {
    let access = template("templates/access.yaml");
    let stack = Stack::new(&access, &[("AzureTenantId", TENANT)]);
    let of_action = |(id, statement): &(String, Value)| {
        id == "AccessRole" && texts(&statement["Action"]).contains(&action)
    };
    let statements: Vec<_> = allowed(&access).into_iter().filter(of_action).collect();
    assert_eq!(statements.len(), 1, "{action}");
    let resources = stack.whole(&statements[0].1["Resource"]);
    strings(&resources).into_iter().map(str::to_owned).collect()
}

#[test]
fn both_providers_can_be_managed_and_no_other() {
    let account = ACCOUNT_ID.parse().unwrap();
    let providers = [Provider::Defender, Provider::Ciem(TENANT.parse().unwrap())];
    let arns = providers.map(|provider| provider.arn(&"aws".parse().unwrap(), &account));
    assert_eq!(resources_of("iam:CreateOpenIDConnectProvider"), arns.into());
}

#[test]
fn every_role_can_be_looked_at_wherever_it_lies() {
    let wanted = ROLES.iter().flat_map(|facts| {
        let name = facts.default_name;
        [name.to_owned(), format!("*/{name}")]
            .map(|path| format!("arn:aws:iam::{ACCOUNT_ID}:role/{path}"))
    });
    assert_eq!(resources_of("iam:GetRole"), wanted.collect());
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

/// The actions of a service that the access role may use and that are calls, as the SDK names them.
fn granted(service: &str) -> BTreeSet<String> {
    let access = template("templates/access.yaml");
    let prefix = format!("{service}:");
    allowed(&access)
        .iter()
        .filter(|(id, _)| id == "AccessRole")
        .flat_map(|(_, statement)| texts(&statement["Action"]))
        .filter_map(|action| action.strip_prefix(&prefix))
        .filter(|action| *action != "PassRole")
        .map(sdk_method)
        .collect()
}

/// The methods among these that Rust code calls.
fn called(folder: &str, is_call: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let sources = rust_sources(folder);
    let calls = sources.split('.').skip(1);
    calls
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        .filter(|name| is_call(name))
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_access_role_grants_the_iam_calls_that_are_made_and_no_other() {
    let called = called("crates/aws/src", |name| {
        // The setter of a request's own field is no call.
        (name.contains("open_id_connect_provider") && !name.ends_with("_arn"))
            || name.starts_with("get_role")
            || name.starts_with("list_attached_role")
            || name.starts_with("get_instance_profile")
    });
    assert_eq!(granted("iam"), called);
}

#[test]
fn the_access_role_grants_the_ec2_calls_that_are_made_and_no_other() {
    let called = called("crates/aws-compute/src", |name| {
        ["describe_", "associate_", "disassociate_", "modify_"]
            .iter()
            .any(|start| name.starts_with(start))
    });
    assert_eq!(granted("ec2"), called);
}

#[test]
fn the_access_role_grants_the_systems_manager_calls_that_are_made_and_no_other() {
    let verbs = ["describe_", "get_", "reset_", "start_", "stop_", "update_"];
    let objects = [
        "_automation_execution",
        "_automation_executions",
        "_automation_step_executions",
        "_instance_information",
        "_service_setting",
    ];
    let mut called = called("crates/aws/src", |name| {
        let of_object = objects.iter().any(|object| name.ends_with(object));
        name == "get_parameter" || of_object && verbs.iter().any(|verb| name.starts_with(verb))
    });
    // The stack's own parameter is read with the function's own role.
    assert!(called.remove("get_parameter"));
    assert_eq!(granted("ssm"), called);
}
