//! Sign-in with a client secret from Secrets Manager.

use anyhow::{Context, Result};
use integration_tests::{Account, on_local_cloud};
use serde_json::json;

const RIGHT: &str = "S3cr3t~of-the-application";
const WRONG: &str = "S3cr3t~of-yesterday";

/// Stores a secret; its ARN.
async fn stored(account: &Account, secret: &str) -> Result<String> {
    account.keep_secret(secret);
    account
        .azure
        .set_application(&json!({"clientSecrets": [RIGHT]}))
        .await?;
    let create = account
        .secrets
        .create_secret()
        .name("defender/azure-client-secret");
    let made = create.secret_string(secret).send().await?;
    Ok(made.arn().context("a secret has an ARN")?.to_owned())
}

#[test]
fn the_right_secret_signs_in() -> Result<()> {
    on_local_cloud(async |account| {
        let arn = stored(account, RIGHT).await?;
        let stack = account
            .stack()
            .with("AzureAuthentication", "ClientSecret")
            .with("AzureClientSecretArn", &arn);
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        assert!(account.azure.raw(&account.connector_id()).await?.is_some());
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert!(account.azure.raw(&account.connector_id()).await?.is_none());
        Ok(())
    })
}

#[test]
fn a_wrong_secret_is_refused_and_the_reason_names_where_it_lies() -> Result<()> {
    on_local_cloud(async |account| {
        let arn = stored(account, WRONG).await?;
        let stack = account
            .stack()
            .with("AzureAuthentication", "ClientSecret")
            .with("AzureClientSecretArn", &arn);
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains("AADSTS7000215"), "{reason}");
        assert!(reason.contains("AzureClientSecretArn"), "{reason}");
        assert!(!reason.contains(WRONG));
        Ok(())
    })
}

#[test]
fn a_client_secret_without_its_arn_is_refused_by_the_template() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack().with("AzureAuthentication", "ClientSecret");
        let refused = stack
            .create()
            .await
            .err()
            .context("the template took it")?
            .to_string();
        assert!(refused.contains("AzureClientSecretArn"), "{refused}");
        Ok(())
    })
}
