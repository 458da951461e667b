//! What Defender finds in the account: provider, roles, trust, permissions.

use std::collections::BTreeSet;

use onboarding::provider::{PROVIDER_URL, provider_host_path};
use onboarding::roles::ROLES;
use onboarding::trust::session_name;
use serde_json::{Value, json};

use crate::document::{descend, read, resources, strings, template, transformed};

const ACCOUNT: &str = "templates/account.yaml";
const TENANT: &str = "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613";

/// The role that a `…RoleName` parameter names.
fn role_named_by<'a>(account: &'a Value, parameter: &str) -> &'a Value {
    resources(account)
        .find(|(_, _, role)| role["Properties"]["RoleName"] == json!({"Ref": parameter}))
        .unwrap_or_else(|| panic!("no role is named by {parameter}"))
        .2
}

#[test]
fn every_role_of_the_table_is_made_as_the_functions_expect_it() {
    let account = template(ACCOUNT);
    let tenant = TENANT.parse().unwrap();
    for facts in ROLES {
        assert_eq!(
            account["Parameters"][facts.parameter]["Default"],
            facts.default_name
        );
        let role = &role_named_by(&account, facts.parameter)["Properties"];
        let trust = role["AssumeRolePolicyDocument"]["Statement"]
            .as_array()
            .unwrap();
        assert_eq!(trust.len(), 1);
        assert_eq!(
            trust[0]["Principal"],
            json!({"Federated": {"Ref": "IdentityProviderArn"}})
        );
        assert_eq!(trust[0]["Action"], "sts:AssumeRoleWithWebIdentity");
        let conditions = trust[0]["Condition"].as_object().unwrap();
        assert_eq!(conditions.keys().collect::<Vec<_>>(), ["StringEquals"]);
        let wanted = session_name(&tenant).replace(TENANT, "${AzureTenantId}");
        assert_eq!(
            conditions["StringEquals"],
            json!({
                format!("{}:aud", provider_host_path()): facts.audience,
                "sts:RoleSessionName": {"Fn::Sub": wanted},
            })
        );
    }
}

#[test]
fn every_role_says_whose_it_is() {
    // The functions tell by StackId which roles this very stack made.
    for path in [ACCOUNT, "templates/access.yaml"] {
        let template = template(path);
        for (id, _, resource) in resources(&template) {
            assert_eq!(
                resource["Properties"]["Tags"],
                json!([
                    {"Key": "ManagedBy", "Value": "defender-connector-aws"},
                    {"Key": "DeploymentId", "Value": {"Ref": "DeploymentId"}},
                    {"Key": "StackId", "Value": {"Ref": "StackId"}},
                ]),
                "{path} {id}"
            );
        }
    }
    for stack in ["AccessStack", "AccountStack"] {
        let parameters = &transformed()["Resources"][stack]["Properties"]["Parameters"];
        assert_eq!(
            parameters["StackId"],
            json!({"Ref": "AWS::StackId"}),
            "{stack}"
        );
    }
}

#[test]
fn default_access_is_reading_without_bills() {
    let account = template(ACCOUNT);
    let role = &role_named_by(&account, "CspmMonitorRoleName")["Properties"];
    let managed = &role["ManagedPolicyArns"]["Fn::If"];
    assert_eq!(managed[0], "GrantsDefaultAccess");
    assert_eq!(
        managed[1],
        json!([{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess"}])
    );
    assert_eq!(managed[2], json!({"Ref": "AWS::NoValue"}));

    let inline = &role["Policies"][0]["Fn::If"];
    assert_eq!(inline[0], "GrantsDefaultAccess");
    let denied = &inline[1]["PolicyDocument"]["Statement"][0];
    assert_eq!(denied["Effect"], "Deny");
    assert_eq!(strings(&denied["Action"]).len(), 7);
}

#[test]
fn least_privilege_fits_the_room_that_a_role_has() {
    let account = template(ACCOUNT);
    let role = &role_named_by(&account, "CspmMonitorRoleName")["Properties"];
    let policy = &role["Policies"][0]["Fn::If"][2]["PolicyDocument"];
    let actions = strings(&policy["Statement"][0]["Action"]);
    assert_eq!(actions.iter().collect::<BTreeSet<_>>().len(), actions.len());
    assert_eq!(actions.len(), 197);
    assert!(
        policy.to_string().len() <= 10_240,
        "{} characters",
        policy.to_string().len()
    );
}

#[test]
fn the_slash_at_the_end_belongs_to_the_provider() {
    let host_path = PROVIDER_URL.trim_start_matches("https://");
    assert!(host_path.ends_with('/'));
    for path in ["templates/access.yaml", ACCOUNT] {
        let mut named = 0;
        descend(&template(path), &mut |value| {
            let text = value.as_str().unwrap_or_default().replace("[.]", ".");
            if let Some(at) = text.find("oidc-provider/") {
                named += 1;
                let rest = text[at..].trim_start_matches("oidc-provider/");
                assert_eq!(rest.trim_end_matches('$'), host_path, "{path}");
            }
        });
        assert!(named > 0, "{path}");
    }
}

#[test]
fn what_a_stack_set_deploys_is_plain_and_small() {
    for path in ["templates/access.yaml", ACCOUNT] {
        let template = template(path);
        assert!(template["Transform"].is_null(), "{path}");
        assert!(
            resources(&template).all(|(_, kind, _)| kind != "AWS::CloudFormation::Stack"),
            "{path}"
        );
        assert!(read(path).len() <= 460_800, "{path}");
    }
    assert!(transformed().to_string().len() <= 460_800);
}
