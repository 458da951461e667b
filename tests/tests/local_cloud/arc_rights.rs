//! Who may write tags: the runbooks' role alone, and no function.

use anyhow::Result;
use integration_tests::{Account, Fleet, on_local_cloud};
use serde_json::Value;

const RUNBOOK_ROLE: &str = "DefenderConnectorRunbook";

/// The statements of all inline policies of a role that allow something.
async fn allowed(account: &Account, role: &str) -> Result<Vec<Value>> {
    let mut statements = Vec::new();
    for policy in account.existing_role(role).await?.inline {
        let document: Value = serde_json::from_str(&account.role_policy(role, &policy).await?)?;
        let all = document["Statement"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        statements.extend(all.into_iter().filter(|one| one["Effect"] == "Allow"));
    }
    Ok(statements)
}

fn actions(statement: &Value) -> Vec<String> {
    let listed = match &statement["Action"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    listed
        .iter()
        .filter_map(|one| one.as_str().map(str::to_lowercase))
        .collect()
}

/// Whether a pattern of IAM admits the action.
fn admits(pattern: &str, action: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == action,
        Some((start, _)) => action.starts_with(start),
    }
}

#[test]
fn no_role_of_a_function_may_write_tags_and_the_runbooks_role_only_the_four() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        fleet.deploy(&fleet.stack()).await?;
        let roles = account.iam.list_roles().into_paginator().items().send();
        let roles = roles.collect::<Result<Vec<_>, _>>().await?;
        let names = roles.iter().map(|role| role.role_name.as_str());
        let ours: Vec<&str> = names
            .filter(|name| name.starts_with("DefenderConnector"))
            .collect();
        for function in [
            "DefenderConnectorProvisionArc",
            "DefenderConnectorRegisterAccount",
        ] {
            assert!(ours.contains(&function), "{ours:?}");
        }
        let mut writers = Vec::new();
        for role in ours {
            assert!(
                account.existing_role(role).await?.attached.is_empty(),
                "{role}"
            );
            for statement in allowed(account, role).await? {
                let actions = actions(&statement);
                let may = |action: &str| actions.iter().any(|one| admits(one, action));
                if may("ec2:createtags") || may("ec2:deletetags") {
                    writers.push(role);
                    let keys = &statement["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"];
                    assert_eq!(keys.as_array().map(Vec::len), Some(4), "{statement:#}");
                }
            }
        }
        assert_eq!(writers, [RUNBOOK_ROLE]);
        Ok(())
    })
}
