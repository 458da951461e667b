//! Which roles Defender takes: every one that a plan names is looked at, trust and permissions.

use serde_json::json;
use testkit::azure_double::{AwsAccount, AwsRole};

use crate::plans::all_plans;
use crate::ready::Ready;
use crate::support::{ACCOUNT, TENANT, foundational};

type Change = fn(&mut AwsRole);

fn every_role() -> Vec<String> {
    let account = AwsAccount::onboarded_for_all_plans(ACCOUNT, TENANT);
    account.roles.into_keys().collect()
}

#[tokio::test]
async fn an_account_with_all_roles_is_accepted_with_all_plans() {
    let ready = Ready::start().await;
    assert_eq!(ready.reason(&all_plans(ACCOUNT), |_| ()).await, None);
    assert_eq!(every_role().len(), 15);
}

#[tokio::test]
async fn every_role_must_be_there_trusted_and_allowed() {
    let ready = Ready::start().await;
    for name in every_role() {
        let expectations: [(Change, &str); 4] = [
            (|role| role.arn.push('x'), "is not the role's ARN"),
            (
                |role| role.trust["Statement"] = json!([]),
                "keeps its user out",
            ),
            (|role| role.policies.clear(), "may not do"),
            (
                |role| {
                    let deny = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
                    role.policies.push(json!({ "Statement": deny }));
                },
                "may not do",
            ),
        ];
        for (change, expected) in expectations {
            let reason = ready
                .reason_for_role(&name, change)
                .await
                .unwrap_or_default();
            assert!(reason.contains(expected), "{name}: {reason}");
            assert!(reason.contains(&name), "{name}: {reason}");
        }
        let missing = |account: &mut AwsAccount| drop(account.roles.remove(&name));
        let reason = ready
            .reason(&all_plans(ACCOUNT), missing)
            .await
            .unwrap_or_default();
        assert!(reason.contains("there is no"), "{name}: {reason}");
    }
}

#[tokio::test]
async fn each_permission_counts() {
    let ready = Ready::start().await;
    for name in every_role() {
        let account = AwsAccount::onboarded_for_all_plans(ACCOUNT, TENANT);
        let granted = account.roles[&name].policies[0]["Statement"]
            .as_array()
            .unwrap()
            .len();
        for index in 0..granted {
            let take = |role: &mut AwsRole| {
                let statements = role.policies[0]["Statement"].as_array_mut().unwrap();
                statements.remove(index);
            };
            let reason = ready.reason_for_role(&name, take).await;
            assert!(
                reason.is_some_and(|one| one.contains("may not do")),
                "{name} {index}"
            );
        }
    }
}

#[tokio::test]
async fn roles_of_plans_that_are_off_are_not_looked_at() {
    let ready = Ready::start().await;
    let only_posture = |account: &mut AwsAccount| {
        account.roles.retain(|name, _| name == "CspmMonitorAws");
    };
    let body = foundational(ACCOUNT);
    assert_eq!(ready.reason(&body, only_posture).await, None);
}

#[tokio::test]
async fn attached_policies_of_aws_count_too() {
    let ready = Ready::start().await;
    for (name, attached) in [
        ("CspmMonitorAws", &["ReadOnlyAccess"][..]),
        ("CspmMonitorAws", &["SecurityAudit"]),
        ("DefenderForCloud-Ciem", &["SecurityAudit"]),
        (
            "MDCContainersImageAssessmentRole",
            &[
                "AmazonEC2ContainerRegistryPowerUser",
                "AmazonElasticContainerRegistryPublicPowerUser",
            ],
        ),
        (
            "MDCContainersImageAssessmentRole",
            &[
                "AmazonEC2ContainerRegistryReadOnly",
                "AmazonElasticContainerRegistryPublicReadOnly",
            ],
        ),
    ] {
        let arns: Vec<String> = attached
            .iter()
            .map(|policy| format!("arn:aws:iam::aws:policy/{policy}"))
            .collect();
        let attach = |role: &mut AwsRole| {
            role.policies.clear();
            role.attached.clone_from(&arns);
        };
        assert_eq!(ready.reason_for_role(name, attach).await, None, "{name}");
        let none_of_awss = |role: &mut AwsRole| {
            role.policies.clear();
            role.attached = vec!["arn:aws:iam::aws:policy/Invented".to_owned()];
        };
        assert!(ready.reason_for_role(name, none_of_awss).await.is_some());
    }
}

#[tokio::test]
async fn sensitive_data_discovery_has_aws_policy_and_decryption() {
    let ready = Ready::start().await;
    let as_microsoft_does = |role: &mut AwsRole| {
        role.attached = vec!["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".to_owned()];
        let decrypt = json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*" });
        role.policies = vec![json!({ "Statement": decrypt })];
    };
    let name = "SensitiveDataDiscovery";
    assert_eq!(ready.reason_for_role(name, as_microsoft_does).await, None);
}
