//! What Defender may do in the account, by access mode and by what is switched on.

use std::collections::BTreeSet;

use onboarding::RoleKey;
use onboarding::roles::ROLES;
use serde_json::{Value, json};

use crate::defender::{ACCOUNT, TENANT, everything_on};
use crate::document::{resources, strings, template};
use crate::evaluation::{ACCOUNT_ID, Stack};
use crate::roles_made::role_named_by;

const MODES: [&str; 2] = ["Default", "LeastPrivilege"];

/// A role's properties as IAM gets them.
fn role(key: RoleKey, chosen: &[(&str, &str)]) -> Value {
    let account = template(ACCOUNT);
    let stack = Stack::new(&account, &[&everything_on(), chosen].concat());
    let (_, role) = role_named_by(&account, key.facts().parameter);
    stack.whole(&role["Properties"])
}

fn statements<'a>(role: &'a Value) -> Vec<&'a Value> {
    let items = |list: &'a Value| list.as_array().into_iter().flatten();
    items(&role["Policies"])
        .flat_map(|policy| items(&policy["PolicyDocument"]["Statement"]))
        .collect()
}

fn actions(role: &Value) -> BTreeSet<&str> {
    statements(role)
        .into_iter()
        .flat_map(|statement| strings(&statement["Action"]))
        .collect()
}

fn managed(role: &Value) -> Vec<&str> {
    let arns = strings(&role["ManagedPolicyArns"]);
    arns.into_iter()
        .map(|arn| arn.trim_start_matches("arn:aws:iam::aws:policy/"))
        .collect()
}

#[test]
fn default_access_is_reading_without_bills() {
    let role = role(RoleKey::CspmMonitor, &[("AccessMode", "Default")]);
    assert_eq!(managed(&role), ["ReadOnlyAccess"]);
    let statements = statements(&role);
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Effect"], "Deny");
    assert_eq!(strings(&statements[0]["Action"]).len(), 7);
}

#[test]
fn least_privilege_is_a_list_of_actions() {
    let role = role(RoleKey::CspmMonitor, &[("AccessMode", "LeastPrivilege")]);
    assert_eq!(managed(&role), Vec::<&str>::new());
    let statements = statements(&role);
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Effect"], "Allow");
    assert_eq!(strings(&statements[0]["Action"]).len(), 197);
    assert_eq!(actions(&role).len(), 197, "an action is listed twice");
}

#[test]
fn the_access_mode_decides_three_roles_and_no_other() {
    let differing = ROLES
        .iter()
        .map(|facts| facts.key)
        .filter(|key| {
            let [default, least] = MODES.map(|mode| role(*key, &[("AccessMode", mode)]));
            default != least
        })
        .collect::<Vec<_>>();
    let images = RoleKey::ContainersImageAssessment;
    let discovery = RoleKey::ContainersAgentlessDiscovery;
    assert_eq!(differing, [RoleKey::CspmMonitor, discovery, images]);

    let [default, least] = MODES.map(|mode| role(images, &[("AccessMode", mode)]));
    let of_access = |end: &str| {
        [
            "AmazonEC2ContainerRegistry",
            "AmazonElasticContainerRegistryPublic",
        ]
        .map(|start| format!("{start}{end}"))
    };
    assert_eq!(managed(&default), of_access("PowerUser"));
    assert_eq!(managed(&least), of_access("ReadOnly"));

    let [default, least] = MODES.map(|mode| role(discovery, &[("AccessMode", mode)]));
    assert_eq!(actions(&default).len(), 6);
    assert_eq!(
        actions(&least),
        ["eks:DescribeCluster", "eks:UpdateClusterConfig"].into()
    );
}

#[test]
fn inline_policies_fit_the_room_that_a_role_has() {
    for facts in ROLES {
        for mode in MODES {
            let chosen = [
                ("AccessMode", mode),
                ("ContainersPassRole", "MicrosoftPatterns"),
                ("CiemCloudTrailBucketName", "*"),
            ];
            let role = role(facts.key, &chosen);
            let policies = role["Policies"].as_array().into_iter().flatten();
            let size: usize = policies
                .map(|policy| policy["PolicyDocument"].to_string().len())
                .sum();
            // A quarter is kept for longer partitions and names than these.
            assert!(
                size <= 10_240 * 3 / 4,
                "{:?} {mode}: {size} characters",
                facts.key
            );
        }
    }
}

#[test]
fn every_policy_has_something_to_say() {
    // IAM refuses an empty statement list, and a policy name that comes twice.
    for facts in ROLES {
        for chosen in [
            &[][..],
            &[("ContainersAuditLogs", "false"), ("CspmCiem", "true")],
        ] {
            let role = role(facts.key, chosen);
            let mut names = BTreeSet::new();
            for policy in role["Policies"].as_array().into_iter().flatten() {
                assert!(
                    names.insert(policy["PolicyName"].as_str().unwrap()),
                    "{policy}"
                );
                let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
                assert!(!statements.is_empty(), "{policy}");
            }
        }
    }
}

#[test]
fn without_audit_logs_the_kubernetes_role_sees_clusters_only() {
    let off = role(RoleKey::ContainersK8s, &[("ContainersAuditLogs", "false")]);
    assert!(
        actions(&off)
            .iter()
            .all(|action| action.starts_with("eks:"))
    );
    assert_eq!(actions(&off).len(), 6);
    let on = role(RoleKey::ContainersK8s, &[("ContainersAuditLogs", "true")]);
    let more: BTreeSet<&str> = actions(&on).difference(&actions(&off)).copied().collect();
    let services: BTreeSet<&str> = more
        .iter()
        .filter_map(|action| action.split(':').next())
        .collect();
    assert_eq!(services, ["firehose", "iam", "logs", "s3", "sqs"].into());
}

#[test]
fn the_two_delivery_roles_can_be_passed_on() {
    let passed = |choice: &str| {
        let role = role(RoleKey::ContainersK8s, &[("ContainersPassRole", choice)]);
        let passing = statements(&role)
            .into_iter()
            .filter(|one| one["Action"] == "iam:PassRole");
        let resources = passing.flat_map(|statement| strings(&statement["Resource"]));
        resources.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let arns = |names: &[&str]| -> BTreeSet<String> {
        names
            .iter()
            .map(|name| format!("arn:aws:iam::{ACCOUNT_ID}:role/{name}"))
            .collect()
    };
    let delivery = [
        RoleKey::ContainersCloudWatchToKinesis,
        RoleKey::ContainersKinesisToS3,
    ]
    .map(|key| key.facts().default_name);
    assert_eq!(passed("DeliveryRoles"), arns(&delivery));
    let patterns = arns(&["azuredefender-*", "msdefender-*", "DefenderForCloud-*"]);
    assert_eq!(passed("MicrosoftPatterns"), &arns(&delivery) | &patterns);
}

#[test]
fn ciem_reads_the_bucket_that_is_named() {
    let buckets = |name: &str| {
        let role = role(RoleKey::Ciem, &[("CiemCloudTrailBucketName", name)]);
        assert_eq!(managed(&role), ["SecurityAudit"]);
        statements(&role)
            .into_iter()
            .map(|one| one["Resource"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(buckets(""), Vec::<Value>::new());
    assert_eq!(
        buckets("trail"),
        [json!(["arn:aws:s3:::trail", "arn:aws:s3:::trail/*"])]
    );
    assert_eq!(
        buckets("*"),
        [json!(["arn:aws:s3:::*", "arn:aws:s3:::*/*"])]
    );
}

#[test]
fn ciem_signs_in_to_assume_its_other_role_in_any_account() {
    let role = role(RoleKey::CiemOidc, &[("CiemRoleName", "Other")]);
    let statements = statements(&role);
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Resource"], "arn:aws:iam::*:role/Other");
    assert_eq!(actions(&role).len(), 7);
    assert_eq!(
        role["Policies"][0]["PolicyName"],
        format!("mdc-mciem-oidc-{TENANT}-assume")
    );
}

#[test]
fn managed_policies_are_amazons() {
    let account = template(ACCOUNT);
    let mut seen = 0;
    for (id, kind, _) in resources(&account) {
        assert_eq!(kind, "AWS::IAM::Role", "{id}");
    }
    for facts in ROLES {
        for arn in strings(&role(facts.key, &[])["ManagedPolicyArns"]) {
            assert!(arn.starts_with("arn:aws:iam::aws:policy/"), "{arn}");
            seen += 1;
        }
    }
    assert_eq!(seen, 5);
}
