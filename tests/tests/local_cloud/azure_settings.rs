//! A wrong setting or a missing permission in Azure: FAILED, naming what to change, with nothing
//! written.

use anyhow::Result;
use integration_tests::{Account, on_local_cloud};
use serde_json::{Value, json};

const NOBODY: &str = "00000000-1111-4222-8333-444444444444";

/// Deploys with this parameter, after this change of Azure; the reason must name all of `expected`.
fn is_refused(
    parameter: Option<(&str, &str)>,
    prepare: impl AsyncFnOnce(&Account) -> Result<()>,
    expected: &[&str],
) -> Result<()> {
    on_local_cloud(async |account| {
        prepare(account).await?;
        let mut stack = account.stack();
        if let Some((name, value)) = parameter {
            stack.set(name, value);
        }
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        for name in expected {
            assert!(reason.contains(name), "{name} is missing in {reason}");
        }
        assert!(account.azure.raw(&account.connector_id()).await?.is_none());
        assert!(account.provider().await?.is_none());
        Ok(())
    })
}

async fn as_it_is(_account: &Account) -> Result<()> {
    Ok(())
}

fn in_subscription(change: impl FnOnce(&mut Value)) -> impl AsyncFnOnce(&Account) -> Result<()> {
    async |account: &Account| account.azure.change_subscription(change).await
}

#[test]
fn wrong_tenant() -> Result<()> {
    is_refused(
        Some(("AzureTenantId", NOBODY)),
        as_it_is,
        &["AADSTS90002", "Set AzureTenantId", NOBODY],
    )
}

#[test]
fn wrong_client() -> Result<()> {
    is_refused(
        Some(("AzureClientId", NOBODY)),
        as_it_is,
        &["AADSTS700016", "Set AzureClientId", NOBODY],
    )
}

#[test]
fn a_federated_credential_with_another_subject() -> Result<()> {
    let other_subject = async |account: &Account| {
        let subject = account.sign_in_role_arn().replace("AzureSignIn", "Other");
        let credential = json!({"issuer": account.issuer(), "subject": subject});
        account
            .azure
            .set_application(&json!({"federatedCredentials": [credential]}))
            .await
    };
    let expected = [
        "federated credential",
        "role/DefenderConnectorAzureSignIn",
        "api://AzureADTokenExchange",
    ];
    is_refused(None, other_subject, &expected)
}

#[test]
fn a_federated_credential_that_is_still_replicating() -> Result<()> {
    on_local_cloud(async |account| {
        let credential = json!({"issuer": account.issuer(), "subject": account.sign_in_role_arn()});
        let application = json!({"federatedCredentials": [credential], "replicationFailures": 2});
        account.azure.set_application(&application).await?;
        account.stack().create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(account.azure.sign_ins().await?.len(), 3);
        Ok(())
    })
}

#[test]
fn no_permission_to_write() -> Result<()> {
    let action = "Microsoft.Security/securityConnectors/write";
    let revoke = async |account: &Account| account.azure.revoke(action).await;
    is_refused(
        None,
        revoke,
        &["403 AuthorizationFailed", action, "AzureClientId"],
    )
}

#[test]
fn no_permission_to_read() -> Result<()> {
    let action = "Microsoft.Security/securityConnectors/read";
    let revoke = async |account: &Account| account.azure.revoke(action).await;
    is_refused(
        None,
        revoke,
        &["403 AuthorizationFailed", action, "AzureClientId"],
    )
}

#[test]
fn subscription_not_found() -> Result<()> {
    let expected = ["SubscriptionNotFound", "Set AzureSubscriptionId"];
    is_refused(Some(("AzureSubscriptionId", NOBODY)), as_it_is, &expected)
}

#[test]
fn resource_group_not_found() -> Result<()> {
    let expected = ["ResourceGroupNotFound", "AzureResourceGroup"];
    is_refused(
        Some(("AzureResourceGroup", "no-such-group")),
        as_it_is,
        &expected,
    )
}

#[test]
fn provider_not_registered() -> Result<()> {
    let unregister = in_subscription(|setup| setup["registrationState"] = json!("NotRegistered"));
    is_refused(
        None,
        unregister,
        &["az provider register --namespace Microsoft.Security"],
    )
}

#[test]
fn a_location_that_is_not_offered() -> Result<()> {
    let expected = [
        "AzureLocation",
        "'marscentral'",
        "East US, West Europe, North Europe",
    ];
    is_refused(
        Some(("AzureLocation", "marscentral")),
        nothing_may_be_written,
        &expected,
    )
}

/// A PUT would be answered with something that the reason does not expect.
async fn nothing_may_be_written(account: &Account) -> Result<()> {
    account
        .azure
        .fault(json!({"method": "PUT", "times": 1, "status": 418}))
        .await
}
