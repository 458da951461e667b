//! `Scope` is changed by an update, in both directions.

use anyhow::Result;
use integration_tests::{Inventory, on_organization};

#[test]
fn an_account_becomes_its_organization_and_is_an_account_again() -> Result<()> {
    on_organization(
        &[("", 1), ("Workloads", 1)],
        async |organization, members| {
            let management = organization.management;
            let mut stack = organization.stack().with("Scope", "Account");
            stack.create().await?.must_be("CREATE_COMPLETE")?;
            let alone = Inventory::of(management).await?;
            let connector = management.azure.raw(&management.connector_id()).await?;
            let mut before = Vec::new();
            for member in members {
                before.push(Inventory::of(member).await?);
            }

            stack.set("Scope", "Organization");
            let ended = stack.update().await?.must_be("UPDATE_COMPLETE")?;
            assert_eq!(ended.output("AccountsConnected"), members.len().to_string());
            assert_eq!(organization.connected().await?.len(), members.len() + 1);
            management.first_sweep().await?;

            stack.set("Scope", "Account");
            stack.update().await?.must_be("UPDATE_COMPLETE")?;
            let connected = organization.connected().await?;
            assert!(connected.iter().eq([&management.id]), "{connected:?}");
            assert_eq!(
                management.azure.raw(&management.connector_id()).await?,
                connector
            );
            assert_eq!(Inventory::of(management).await?, alone);
            for (member, before) in members.iter().zip(before) {
                assert_eq!(Inventory::of(member).await?, before);
            }
            stack.delete().await?.must_be("DELETE_COMPLETE")?;
            Ok(())
        },
    )
}
