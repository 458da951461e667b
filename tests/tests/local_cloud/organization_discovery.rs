//! Discovery: one connector for the organization, from which Defender makes those of the members.

use std::collections::BTreeSet;

use anyhow::Result;
use integration_tests::{Account, Organization, on_organization};
use serde_json::Value;

fn ids(accounts: &[Account]) -> BTreeSet<String> {
    accounts.iter().map(|one| one.id.clone()).collect()
}

async fn own_connector(organization: &Organization<'_>) -> Result<Value> {
    let management = organization.management;
    management.azure.connector(&management.connector_id()).await
}

#[test]
fn defender_makes_the_members_connectors_and_they_go_with_the_organizations() -> Result<()> {
    on_organization(&[("", 3)], async |organization, members| {
        let stack = organization
            .stack()
            .with("MemberRegistration", "Discovery")
            .with("ExcludedAccountIds", &members[2].id);
        organization.deploy(&stack).await?;
        let own = own_connector(organization).await?;
        let data = &own["properties"]["environmentData"]["organizationalData"];
        assert_eq!(
            data["organizationMembershipType"], "Organization",
            "{own:#}"
        );
        assert_eq!(data["stacksetName"], "DefenderConnector-Members-Account");
        for member in &members[..2] {
            assert!(member.provider().await?.is_some());
            assert!(member.role("CspmMonitorAws").await?.is_some());
        }

        organization.discover().await?;
        let mut expected = ids(&members[..2]);
        expected.insert(organization.management.id.clone());
        assert_eq!(organization.connected().await?, expected);
        let writes = organization.management.azure.writes().await?;
        let run = organization.management.sweep().await?;
        assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        assert_eq!(organization.management.azure.writes().await?, writes);

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert!(organization.connected().await?.is_empty());
        for member in members {
            assert_eq!(member.provider().await?, None);
        }
        Ok(())
    })
}

/// An account is registered by one or the other, and there is a time when it is by neither.
#[test]
fn direct_becomes_discovery_only_where_that_is_asked_for() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let mut stack = organization.stack();
        organization.deploy(&stack).await?;
        let before = organization.connected().await?;
        stack.set("MemberRegistration", "Discovery");
        let ended = stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains("MigrateMemberRegistration"), "{reason}");
        assert_eq!(organization.connected().await?, before);

        stack.set("MigrateMemberRegistration", "true");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        organization.discover().await?;
        assert_eq!(organization.connected().await?, before);
        let own = own_connector(organization).await?;
        let data = &own["properties"]["environmentData"]["organizationalData"];
        assert_eq!(
            data["organizationMembershipType"], "Organization",
            "{own:#}"
        );
        for member in members {
            let azure = &organization.management.azure;
            let ours = azure.tenancy.connector_id(&format!("aws-{}", member.id));
            assert_eq!(
                azure.raw(&ours).await?,
                None,
                "ours gives way to Defender's"
            );
        }
        Ok(())
    })
}
