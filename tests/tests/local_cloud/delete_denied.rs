//! Azure denies the delete: `DELETE_FAILED`, and a second delete once the right is there again.

use anyhow::Result;
use integration_tests::{Inventory, on_local_cloud};

const DELETE: &str = "Microsoft.Security/securityConnectors/delete";

#[test]
fn a_denied_delete_names_the_permission_and_how_to_skip_and_can_be_repeated() -> Result<()> {
    on_local_cloud(async |account| {
        let before = Inventory::of(account).await?;
        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        account.azure.revoke(DELETE).await?;
        let ended = stack.delete().await?.must_be("DELETE_FAILED")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains(DELETE), "{reason}");
        assert!(
            reason.contains("retain"),
            "the reason says how to skip: {reason}"
        );
        assert!(account.azure.raw(&account.connector_id()).await?.is_some());
        assert!(
            account.role("CspmMonitorAws").await?.is_some(),
            "the role is still needed"
        );

        account.azure.grant_all().await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}
