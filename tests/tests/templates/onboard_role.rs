//! What the function of the organization may do: what it calls, in the management account alone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::defender::AZURE;
use crate::document::{rust_sources, template};
use crate::evaluation::{ACCOUNT_ID, Stack, text};
use crate::statements::{allowed, texts};

/// Services that no other function of the project calls.
const SERVICES: [&str; 3] = ["account:", "cloudformation:", "organizations:"];

/// What the role may do, by the name of the statement, as IAM gets it.
fn statements() -> Vec<Value> {
    let main = template("template.yaml");
    let chosen = [&AZURE[..], &[("Scope", "Organization")]].concat();
    let stack = Stack::new(&main, &chosen);
    let of_role = allowed(&main)
        .into_iter()
        .filter(|(id, _)| id == "OnboardRole");
    of_role
        .map(|(_, statement)| stack.whole(&statement))
        .collect()
}

fn granted() -> BTreeSet<String> {
    let statements = statements();
    let actions = statements
        .iter()
        .flat_map(|statement| texts(&statement["Action"]));
    actions.map(str::to_owned).collect()
}

#[test]
fn it_may_call_what_it_calls_and_nothing_else() {
    let sources = rust_sources("crates/aws/src");
    let named = |service| {
        sources
            .split('"')
            .filter(move |text| text.starts_with(service))
    };
    let is_action = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b':')
    };
    let called: BTreeSet<String> = SERVICES
        .into_iter()
        .flat_map(named)
        .filter(is_action)
        .map(str::to_owned)
        .collect();
    let mut granted = granted();
    granted.retain(|action| SERVICES.iter().any(|service| action.starts_with(service)));
    assert_eq!(granted, called);
}

#[test]
fn it_has_no_right_in_a_member() {
    // Nor over anything of IAM: the other functions act in accounts, and StackSets in its own role.
    for statement in statements() {
        for action in texts(&statement["Action"]) {
            assert!(
                !action.starts_with("iam:") && !action.starts_with("ec2:"),
                "{action}"
            );
            if action == "sts:AssumeRole" {
                let sign_in =
                    format!("arn:aws:iam::{ACCOUNT_ID}:role/DefenderConnectorAzureSignIn");
                assert_eq!(statement["Resource"], sign_in);
            }
        }
    }
}

#[test]
fn it_makes_stacks_of_its_own_stack_sets_only() {
    let statements = statements();
    for (sid, kinds) in [
        ("SeeStacksOfMembers", &["stackset"][..]),
        (
            "MakeAndRemoveStacksOfMembers",
            &["stackset", "stackset-target"],
        ),
    ] {
        let statement = statements
            .iter()
            .find(|statement| statement["Sid"] == sid)
            .unwrap();
        for resource in texts(&statement["Resource"]) {
            // Every type of resource that a template may hold.
            if resource == "arn:aws:cloudformation:*:*:type/resource/*" {
                continue;
            }
            // AWS's sample policy names targets without a Region.
            let own = |kind: &&str| {
                let regions: &[&str] = match *kind {
                    "stackset-target" => &["eu-west-1", ""],
                    _ => &["eu-west-1"],
                };
                let of = |region: &&str| {
                    format!(
                        "arn:aws:cloudformation:{region}:{ACCOUNT_ID}:{kind}/DefenderConnector-Members-*"
                    )
                };
                regions.iter().map(of).collect::<Vec<_>>()
            };
            let own: Vec<String> = kinds.iter().flat_map(own).collect();
            assert!(
                own.iter().any(|own| resource.trim_end_matches(":*") == own),
                "{sid} {resource}"
            );
        }
    }
}

#[test]
fn what_acts_in_members_does_so_in_this_organization() {
    let main = template("template.yaml");
    let policy = &main["Resources"]["ActInMembersPolicy"]["Properties"];
    let stack = Stack::new(&main, &[]);
    assert_eq!(
        policy["Roles"],
        json!([{"Ref": "RegisterAccountRole"}, {"Ref": "ProvisionArcRole"}])
    );
    assert_eq!(
        stack.whole(&policy["PolicyDocument"]["Statement"]),
        json!([{
            "Sid": "ActInMembers",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::*:role/DefenderConnectorAccess",
            "Condition": {"StringEquals": {"aws:ResourceOrgID": "DeploymentScope.OrganizationId"}},
        }])
    );
    // The other half: members trust these functions of this account, in this organization.
    let access = template("templates/access.yaml");
    let trust = &access["Resources"]["AccessRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        [0];
    let of_organization = |id| {
        Stack::new(
            &access,
            &[("OrganizationId", id), ("StackAccountId", ACCOUNT_ID)],
        )
        .whole(&trust["Condition"])
    };
    assert_eq!(
        text(&of_organization("o-a1b2c3d4e5")["StringEquals"]["aws:PrincipalOrgID"]),
        "o-a1b2c3d4e5"
    );
    assert!(of_organization("")["StringEquals"].is_null());
}
