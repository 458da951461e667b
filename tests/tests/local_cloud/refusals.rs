//! What is there already and is not ours is named before anything is written.

use anyhow::Result;
use integration_tests::{Inventory, on_local_cloud};
use serde_json::json;

#[test]
fn a_role_of_somebody_else_is_named_before_anything_is_written() -> Result<()> {
    on_local_cloud(async |account| {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }]});
        let create = account
            .iam
            .create_role()
            .role_name("Ours")
            .path("/security/");
        create
            .assume_role_policy_document(trust.to_string())
            .send()
            .await?;
        let before = Inventory::of(account).await?;
        let stack = account.stack().with("CspmMonitorRoleName", "Ours");
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("IdentityProvider");
        assert!(reason.contains("IAM role Ours"), "{reason}");
        assert!(reason.contains("Set CspmMonitorRoleName"), "{reason}");
        assert_eq!(account.azure.requests().await?, []);
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

#[test]
fn a_role_of_somebody_else_under_a_new_name_is_named_too() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let trust = account
            .existing_role("CspmMonitorAws")
            .await?
            .trust
            .to_string();
        let create = account.iam.create_role().role_name("Theirs");
        create.assume_role_policy_document(trust).send().await?;
        stack.set("CspmMonitorRoleName", "Theirs");
        let ended = stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("IdentityProvider");
        assert!(reason.contains("IAM role Theirs"), "{reason}");
        assert_eq!(account.azure.writes().await?, 1);
        assert!(account.existing_role("Theirs").await?.tags.is_empty());
        Ok(())
    })
}

#[test]
fn a_classic_connector_is_refused_by_name() -> Result<()> {
    on_local_cloud(async |account| {
        let tenancy = &account.azure.tenancy;
        let id = format!(
            "/subscriptions/{}/providers/Microsoft.Security/connectors/aws-since-2020",
            tenancy.subscription
        );
        let role = format!("arn:aws:iam::{}:role/AscClassic", account.id);
        let classic = json!({
            "id": id, "name": "aws-since-2020", "type": "Microsoft.Security/connectors",
            "properties": {"authenticationDetails": {
                "authenticationType": "awsAssumeRole", "awsAssumeRoleArn": role,
            }},
        });
        account.azure.seed(&id, &classic.to_string()).await?;
        let ended = account
            .stack()
            .create()
            .await?
            .must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains("aws-since-2020"), "{reason}");
        assert_eq!(account.azure.writes().await?, 0);
        Ok(())
    })
}

/// Another deployment of this product has the account: the reason names it.
#[test]
fn a_connector_of_another_deployment_is_refused_and_its_owner_named() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack().with("DeploymentId", "first");
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let connector = account
            .azure
            .raw(&account.connector_id())
            .await?
            .unwrap_or_default();
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        account
            .azure
            .seed(&account.connector_id(), &connector)
            .await?;

        let stack = account.stack().with("DeploymentId", "second");
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains("'first'"), "{reason}");
        assert!(reason.contains("DeploymentId"), "{reason}");
        assert_eq!(
            account.azure.raw(&account.connector_id()).await?,
            Some(connector)
        );
        stack.delete().await?.must_be("DELETE_COMPLETE")?;

        // The stack made anew under the old name finds its own.
        let stack = account.stack().with("DeploymentId", "first");
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        Ok(())
    })
}
