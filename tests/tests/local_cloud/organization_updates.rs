//! Updates of an organization: a plan switched off, a unit taken out, accounts excluded.

use anyhow::Result;
use integration_tests::{
    Account, Fleet, NewInstance, Organization, REGIONS, Tags, on_organization,
};
use serde_json::Value;

const SERVERS_ROLE: &str = "DefenderForCloud-DefenderForServers";

async fn offerings(organization: &Organization<'_>, account: &Account) -> Result<Vec<String>> {
    let azure = &organization.management.azure;
    let id = azure.tenancy.connector_id(&format!("aws-{}", account.id));
    let connector = azure.connector(&id).await?;
    let all = connector["properties"]["offerings"]
        .as_array()
        .into_iter()
        .flatten();
    let kinds = all.filter_map(|one| one["offeringType"].as_str().map(str::to_owned));
    Ok(kinds.collect())
}

/// Defender would look in vain for the roles of what it is still offered: the offering goes first.
#[test]
fn a_plan_that_is_switched_off_leaves_members_before_its_roles() -> Result<()> {
    on_organization(
        &[("", 1), ("Workloads", 1)],
        async |organization, members| {
            let fleet = Fleet::open(&members[0]).await?;
            let instance = fleet.make(REGIONS[0], NewInstance::default()).await?;
            let mut stack = organization.stack().with("ServersPlan", "P2");
            organization.deploy(&stack).await?;
            assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
            let azure = &organization.management.azure;
            let before = azure.writes().await?;

            stack.set("ServersPlan", "Off");
            stack.update().await?.must_be("UPDATE_COMPLETE")?;
            for member in members {
                assert_eq!(offerings(organization, member).await?, ["CspmMonitorAws"]);
                assert_eq!(member.role(SERVERS_ROLE).await?, None);
            }
            assert_eq!(fleet.tags(&instance).await?, Tags::new());
            // One for each account, the stack's own among them.
            assert_eq!(azure.writes().await?, before + members.len() + 1);
            let instances = organization.stack_instances().await?;
            assert!(
                instances.iter().all(|one| one.stack_set != "Region"),
                "{instances:#?}"
            );

            stack.set("ServersPlan", "P1");
            stack.update().await?.must_be("UPDATE_COMPLETE")?;
            for member in members {
                let plans = ["CspmMonitorAws", "DefenderForServersAws"];
                assert_eq!(offerings(organization, member).await?, plans);
            }
            Ok(())
        },
    )
}

/// The provider can only be given up by who may still act in the account.
#[test]
fn a_unit_that_is_taken_out_of_scope_is_offboarded_while_its_roles_exist() -> Result<()> {
    let units = [("Sandbox", 1), ("Workloads", 1)];
    on_organization(&units, async |organization, members| {
        let [leaves, stays] = members else {
            unreachable!("two accounts were asked for")
        };
        let fleet = Fleet::open(leaves).await?;
        let instance = fleet.make(REGIONS[1], NewInstance::default()).await?;
        let mut stack = organization.stack().with("ServersPlan", "P2");
        organization.deploy(&stack).await?;

        let workloads = organization.unit("Workloads")?;
        stack.set("OrganizationalUnitIds", workloads);
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_gone(organization, leaves).await?;
        assert_eq!(fleet.tags(&instance).await?, Tags::new());
        assert!(organization.connected().await?.contains(&stays.id));
        assert!(stays.provider().await?.is_some());

        stack.set("OrganizationalUnitIds", "");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert!(organization.connected().await?.contains(&leaves.id));
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
        Ok(())
    })
}

#[test]
fn an_account_that_is_excluded_by_an_update_is_offboarded() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let mut stack = organization.stack();
        organization.deploy(&stack).await?;
        stack.set("ExcludedAccountIds", &members[0].id);
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_gone(organization, &members[0]).await?;
        assert!(organization.connected().await?.contains(&members[1].id));
        Ok(())
    })
}

async fn assert_gone(organization: &Organization<'_>, account: &Account) -> Result<()> {
    assert!(!organization.connected().await?.contains(&account.id));
    assert_eq!(account.provider().await?, None);
    assert_eq!(organization.stack_instances_in(account).await?, []);
    let role = account.role("DefenderConnectorAccess").await?;
    assert_eq!(role, None);
    Ok(())
}

/// The numbers of a deploy are those of its report.
#[test]
fn an_update_that_changes_nothing_for_members_writes_nothing() -> Result<()> {
    on_organization(&[("", 2)], async |organization, _| {
        let mut stack = organization.stack();
        organization.deploy(&stack).await?;
        let writes = organization.management.azure.writes().await?;
        stack.set("MaxConcurrentAccounts", "7");
        let ended = stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(organization.management.azure.writes().await?, writes);
        let uri = ended.output("OrganizationReport");
        let report = organization.report_of_deploy(&stack, uri).await?;
        let outcomes = report["Accounts"].as_array().into_iter().flatten();
        let outcomes: Vec<&Value> = outcomes.map(|one| &one["Outcome"]).collect();
        assert_eq!(outcomes, ["AlreadyConnected"; 2]);
        Ok(())
    })
}
