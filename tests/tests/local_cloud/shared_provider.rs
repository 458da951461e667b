//! Microsoft Sentinel uses the same identity provider: what it adds later stays when we go.

use anyhow::Result;
use integration_tests::on_local_cloud;

const SENTINEL: &str = "api://sentinel.example";

#[test]
fn an_audience_of_others_survives_our_delete() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let add = account.iam.add_client_id_to_open_id_connect_provider();
        add.open_id_connect_provider_arn(account.provider_arn())
            .client_id(SENTINEL)
            .send()
            .await?;

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        let provider = account.provider().await?;
        let provider = provider.ok_or_else(|| anyhow::anyhow!("the provider is gone"))?;
        assert_eq!(provider.audiences, [SENTINEL.to_owned()].into());
        assert!(provider.tags.is_empty(), "{provider:?}");
        Ok(())
    })
}

/// The stack made anew finds the provider and leaves it to Sentinel again.
#[test]
fn a_stack_made_anew_shares_the_provider_again() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let add = account.iam.add_client_id_to_open_id_connect_provider();
        add.open_id_connect_provider_arn(account.provider_arn())
            .client_id(SENTINEL)
            .send()
            .await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        let left = account.provider().await?;

        let stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let shared = account.provider().await?;
        assert_eq!(shared.map(|provider| provider.audiences.len()), Some(8));
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(account.provider().await?, left);
        Ok(())
    })
}
