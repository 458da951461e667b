//! What the account's templates have in common, and what Defender's roles carry.

use onboarding::provider::{PROVIDER_URL, provider_host_path};
use serde_json::{Value, json};

use crate::document::{TEMPLATES, descend, read, resources, template, transformed};

/// The template of Defender's roles.
pub const ACCOUNT: &str = "templates/account.yaml";
/// A customer's tenant.
pub const TENANT: &str = "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613";
/// A service principal of that tenant.
pub const CIEM_SUBJECT: &str = "9d41c0be-6f2a-4c7d-8a35-e1b0f5c2d764";

/// The parameters of the main template that have no default.
pub const AZURE: [(&str, &str); 5] = [
    ("AzureTenantId", TENANT),
    (
        "AzureSubscriptionId",
        "2f9c7b1e-83d4-4a65-b0ef-d417a6c25938",
    ),
    ("AzureResourceGroup", "defender"),
    ("AzureLocation", "eastus"),
    ("AzureClientId", "b3f0d6a4-92c7-4e1d-8b5f-16a7c4e83d20"),
];

/// Parameters of the account's template under which it makes every role.
pub fn everything_on() -> Vec<(&'static str, &'static str)> {
    vec![
        ("AzureTenantId", TENANT),
        ("CspmPlan", "Defender"),
        ("CspmCiem", "true"),
        ("CiemSubject", CIEM_SUBJECT),
        ("DeploymentId", "connector"),
        (
            "StackId",
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/main/id",
        ),
    ]
}

#[test]
fn every_role_says_whose_it_is() {
    // The functions tell by StackId which roles this very stack made.
    for path in [ACCOUNT, "templates/access.yaml"] {
        let template = template(path);
        for (id, kind, resource) in resources(&template) {
            if kind == "AWS::IAM::InstanceProfile" {
                // CloudFormation cannot tag it.
                continue;
            }
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
fn the_slash_at_the_end_belongs_to_the_provider() {
    let host_path = PROVIDER_URL.trim_start_matches("https://");
    assert_eq!(host_path, provider_host_path());
    // Of the roles, all trust Microsoft's but CIEM's two and the two that deliver audit logs.
    for (path, count) in [("templates/access.yaml", (1, 1)), (ACCOUNT, (11, 1))] {
        let (mut defenders, mut tenants) = (0, 0);
        descend(&template(path), &mut |value| {
            let text = value.as_str().unwrap_or_default().replace("[.]", ".");
            if let Some((_, rest)) = text.split_once(":oidc-provider/") {
                // One trust policy is a text.
                let rest = rest.split('"').next().unwrap_or_default();
                assert!(rest.trim_end_matches('$').ends_with('/'), "{path} {rest}");
                if rest.trim_end_matches('$') == host_path {
                    defenders += 1;
                } else {
                    assert!(rest.starts_with("sts.windows.net/"), "{path} {rest}");
                    tenants += 1;
                }
            }
        });
        assert_eq!((defenders, tenants), count, "{path}");
    }
}

#[test]
fn the_partition_is_never_written_out() {
    for path in TEMPLATES {
        let mut template = template(path);
        // Microsoft's user lives in one partition, and patterns admit every one.
        for (_, parameter) in template["Parameters"].as_object_mut().unwrap() {
            parameter["AllowedPattern"] = Value::Null;
            if parameter["Default"] == "arn:aws:iam::197857026523:user/azuredefender-eks" {
                parameter["Default"] = Value::Null;
            }
        }
        let text = template.to_string();
        assert!(text.contains("arn:${AWS::Partition}:"), "{path}");
        let rest = text.replace("arn:${AWS::Partition}:", "");
        let at = rest.find("arn:").unwrap_or(rest.len());
        assert_eq!(&rest[at..rest.len().min(at + 40)], "", "{path}");
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
