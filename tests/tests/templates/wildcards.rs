//! What is granted on everything, or as a whole service: each case by name, with its reason.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{TEMPLATES, template};
use crate::statements::{allowed, texts};

/// Roles, the beginning of their actions, and why those are granted on every resource.
const ON_EVERY_RESOURCE: [(&str, &str, &str); 18] = [
    (
        "AzureSignInRole",
        "sts:GetWebIdentityToken",
        "the action knows no resource",
    ),
    ("AccessRole", "ec2:Describe", "the actions know no resource"),
    ("AccessRole", "ssm:Describe", "the actions know no resource"),
    (
        "RunbookRole",
        "ec2:DescribeTags",
        "the action knows no resource",
    ),
    (
        "AttachProfileRole",
        "ec2:DescribeIamInstanceProfileAssociations",
        "the action knows no resource",
    ),
    (
        "OnboardOrganizationRole",
        "logs:",
        "the actions know no resource",
    ),
    (
        "OnboardRole",
        "organizations:",
        "the actions know no resource",
    ),
    (
        "OnboardRole",
        "cloudformation:Describe",
        "the action knows no resource",
    ),
    (
        "CspmMonitorRole",
        "",
        "it reads the configuration of whatever there is",
    ),
    (
        "AgentlessScannerRole",
        "ec2:Describe",
        "the actions know no resource",
    ),
    (
        "AgentlessScannerRole",
        "kms:CreateKey",
        "the action knows no resource",
    ),
    (
        "AgentlessScannerRole",
        "kms:ListKeys",
        "the action knows no resource",
    ),
    (
        "SensitiveDataDiscoveryRole",
        "kms:Decrypt",
        "a bucket may use any key",
    ),
    (
        "DataSecurityPostureDbRole",
        "kms:ListAliases",
        "the action knows no resource",
    ),
    (
        "DataSecurityPostureDbRole",
        "kms:",
        "a condition says which keys",
    ),
    (
        "DefenderForServersRole",
        "ec2:",
        "any instance and security group may be asked for",
    ),
    (
        "ArcAutoProvisioningRole",
        "ssm:",
        "the actions know no resource",
    ),
    (
        "DataThreatProtectionDbRole",
        "rds:",
        "Microsoft publishes actions and no resources",
    ),
];

/// What Microsoft grants as a whole service, on the resources that Defender makes for audit logs.
const WHOLE_SERVICES: [(&str, &str); 4] = [
    ("ContainersK8sRole", "firehose:*"),
    ("ContainersK8sRole", "sqs:*"),
    ("ContainersK8sRole", "s3:*"),
    ("ContainersCloudWatchToKinesisRole", "firehose:*"),
];

fn all_allowed() -> Vec<(String, Value)> {
    TEMPLATES
        .iter()
        .flat_map(|path| allowed(&template(path)))
        .collect()
}

#[test]
fn no_role_is_given_a_whole_service() {
    let mut used = BTreeSet::new();
    for (id, statement) in all_allowed() {
        assert!(statement["NotAction"].is_null(), "{id}");
        let actions = texts(&statement["Action"]);
        assert!(!actions.is_empty(), "{id}");
        for action in actions.into_iter().filter(|action| action.contains('*')) {
            let known = WHOLE_SERVICES
                .into_iter()
                .find(|known| *known == (id.as_str(), action));
            used.insert(known.unwrap_or_else(|| panic!("{id} {action}")));
            let resources = texts(&statement["Resource"]);
            assert_eq!(resources.len(), 2, "{id} {action}");
            for (resource, name) in resources
                .into_iter()
                .zip(["azuredefender-*", "ms-defender-*"])
            {
                let rest = resource.strip_suffix(name).unwrap_or("*");
                let account = rest.ends_with(":${AWS::AccountId}:deliverystream/")
                    || rest.ends_with(":${AWS::AccountId}:");
                assert!(
                    account || rest.ends_with(":s3:::"),
                    "{id} {action} {resource}"
                );
            }
        }
    }
    assert_eq!(used, WHOLE_SERVICES.into());
}

#[test]
fn every_resource_is_named_where_it_can_be() {
    let mut used = BTreeSet::new();
    for (id, statement) in all_allowed() {
        assert!(statement["NotResource"].is_null(), "{id}");
        let resources = texts(&statement["Resource"]);
        assert!(!resources.is_empty(), "{id}");
        if !resources.contains(&"*") {
            continue;
        }
        for action in texts(&statement["Action"]) {
            let known = ON_EVERY_RESOURCE
                .into_iter()
                .find(|(role, start, _)| *role == id && action.starts_with(start));
            let (_, _, reason) = known.unwrap_or_else(|| panic!("{id} may {action} everything"));
            if reason.contains("condition") {
                assert!(statement["Condition"].is_object(), "{id} {action}");
            }
            used.extend(known);
        }
    }
    assert_eq!(
        used,
        ON_EVERY_RESOURCE.into(),
        "an exception that nothing needs"
    );
}

/// Who may pass roles on, the end of those roles' names or references, and to which services.
const PASSED_ON: [(&str, &[&str], &str); 6] = [
    (
        "AccessRole",
        &["RunbookRole", "AttachProfileRole"],
        "ssm.amazonaws.com",
    ),
    ("AccessRole", &["HostManagementRole"], "ssm.amazonaws.com"),
    ("EventsRole", &["RunbookRole"], "ssm.amazonaws.com"),
    ("AttachProfileRole", &["InstanceRole"], "ec2.amazonaws.com"),
    (
        "StackSetExecutionRole",
        &["DefenderConnectorEvents"],
        "events.amazonaws.com",
    ),
    (
        "OrganizationEventsExecutionRole",
        &["DefenderConnectorForwardEvents"],
        "events.amazonaws.com",
    ),
];

#[test]
fn our_roles_are_passed_on_by_name_to_one_service() {
    let mut seen = 0;
    for (id, statement) in all_allowed() {
        let actions = texts(&statement["Action"]);
        if id == "ContainersK8sRole" || !actions.contains(&"iam:PassRole") {
            continue;
        }
        seen += 1;
        assert_eq!(actions, ["iam:PassRole"], "{id}");
        let named: Vec<&str> = texts(&statement["Resource"])
            .into_iter()
            .filter(|text| !["Arn", "AWS::NoValue"].contains(text))
            .map(|text| text.rsplit('/').next().unwrap_or_default())
            .collect();
        let service = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
        let known = PASSED_ON
            .iter()
            .any(|(role, roles, to)| *role == id && named == *roles && service == to);
        assert!(known, "{id} may pass {named:?} to {service}");
    }
    assert_eq!(seen, PASSED_ON.len());
}

#[test]
fn defender_passes_roles_on_by_name() {
    let mut seen = 0;
    for (id, statement) in all_allowed() {
        let actions = texts(&statement["Action"]);
        let passes = actions.iter().any(|action| action.starts_with("iam:Pass"));
        if id != "ContainersK8sRole" || !passes {
            continue;
        }
        seen += 1;
        for resource in texts(&statement["Resource"]) {
            let role = resource.rsplit('/').next().unwrap_or_default();
            assert!(!role.is_empty() && !role.starts_with('*'), "{resource}");
        }
    }
    assert_eq!(seen, 2);
}
