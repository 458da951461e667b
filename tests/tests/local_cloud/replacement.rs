//! What replaces the connector and what does not.

use anyhow::Result;
use integration_tests::on_local_cloud;

#[test]
fn another_connector_name_is_a_replacement_that_ends_with_one_connector() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let old = stack.physical_id("SecurityConnector").await?;
        stack.set("ConnectorName", "production");
        let updated = stack.update().await?.must_be("UPDATE_COMPLETE")?;

        let new = account.azure.tenancy.connector_id("production");
        assert_eq!(updated.output("ConnectorId"), new);
        assert_eq!(stack.physical_id("SecurityConnector").await?, new);
        let there = account.azure.connectors().await?;
        assert_eq!(there.len(), 1, "{there:?}");
        assert!(
            account.azure.raw(&old).await?.is_none(),
            "{old} is still there"
        );
        let replies = account.emulator.replies().await?;
        let cleanup = replies.last().filter(|reply| reply.physical_id() == old);
        let cleanup = cleanup.ok_or_else(|| anyhow::anyhow!("the old connector got no Delete"))?;
        assert_eq!(cleanup.request_type.as_deref(), Some("Delete"));
        assert_eq!(cleanup.body["Status"], "SUCCESS");

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert!(account.azure.connectors().await?.is_empty());
        Ok(())
    })
}

#[test]
fn a_resource_group_in_another_case_is_the_same_group() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let before = stack.physical_id("SecurityConnector").await?;
        stack.set(
            "AzureResourceGroup",
            &account.azure.tenancy.resource_group.to_uppercase(),
        );
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(stack.physical_id("SecurityConnector").await?, before);
        assert_eq!(account.azure.writes().await?, 1);
        assert!(account.azure.raw(&before).await?.is_some());
        Ok(())
    })
}

#[test]
fn a_location_cannot_change_and_the_reason_says_so() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        stack.set("AzureLocation", "westeurope");
        let refused = stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = refused.reason("SecurityConnector");
        assert!(reason.contains("cannot move to 'westeurope'"), "{reason}");
        assert!(reason.contains("AzureLocation"), "{reason}");
        assert_eq!(account.azure.writes().await?, 1);
        Ok(())
    })
}
