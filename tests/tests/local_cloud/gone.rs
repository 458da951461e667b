//! Delete of what somebody has taken away before: a success, with nothing left.

use anyhow::Result;
use integration_tests::{Account, Inventory, on_local_cloud};
use serde_json::json;

fn deletes_after(take_away: impl AsyncFnOnce(&Account) -> Result<()>) -> Result<()> {
    on_local_cloud(async |account| {
        let before = Inventory::of(account).await?;
        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        take_away(account).await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

#[test]
fn a_connector_that_is_gone_is_deleted() -> Result<()> {
    deletes_after(async |account| account.azure.remove(&account.connector_id()).await)
}

#[test]
fn a_provider_that_is_gone_is_deleted() -> Result<()> {
    deletes_after(async |account| {
        let delete = account.iam.delete_open_id_connect_provider();
        delete
            .open_id_connect_provider_arn(account.provider_arn())
            .send()
            .await?;
        Ok(())
    })
}

#[test]
fn a_connector_whose_resource_group_is_gone_is_deleted() -> Result<()> {
    deletes_after(async |account| {
        account.azure.remove(&account.connector_id()).await?;
        account
            .azure
            .change_subscription(|setup| setup["resourceGroups"] = json!([]))
            .await
    })
}

/// Somebody took the ownership tags off: what is not ours any more is not ours to delete.
#[test]
fn a_connector_that_was_taken_from_us_stays() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let id = account.connector_id();
        let mut connector = account.azure.connector(&id).await?;
        connector["tags"] = json!({"Owner": "somebody else"});
        let theirs = connector.to_string();
        account.azure.seed(&id, &theirs).await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(account.azure.raw(&id).await?, Some(theirs));
        Ok(())
    })
}
