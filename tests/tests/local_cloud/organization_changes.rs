//! Accounts that join, move and leave are followed without any command.

use anyhow::Result;
use integration_tests::{Fleet, NewInstance, REGIONS, entry_of, on_organization};
use serde_json::Value;

#[test]
fn an_account_that_joins_is_connected_and_its_instances_are_tagged() -> Result<()> {
    on_organization(&[("Workloads", 1)], async |organization, _| {
        let stack = organization.stack().with("ServersPlan", "P2");
        organization.deploy(&stack).await?;
        let known = organization.management.runs().await?;
        let joined = organization.join("Workloads").await?;
        let fleet = Fleet::open(&joined).await?;
        let instance = fleet.make(REGIONS[1], NewInstance::default()).await?;
        organization.until_connected(&joined, true).await?;
        organization.run_about(&joined, &known).await?;
        organization.until_quiet().await?;
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
        Ok(())
    })
}

/// Its roles are gone, or about to go, when the run comes to it.
#[test]
fn an_account_that_leaves_loses_its_connector_and_what_stays_is_reported() -> Result<()> {
    on_organization(&[("Workloads", 2)], async |organization, members| {
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        let [stays, leaves] = members else {
            unreachable!("two accounts were asked for")
        };
        let known = organization.management.runs().await?;
        organization.remove(leaves).await?;
        organization.until_connected(leaves, false).await?;
        let run = organization.run_about(leaves, &known).await?;
        organization.until_quiet().await?;
        let report = organization.report(&stack, &run).await?;
        let entry = entry_of(&report, leaves);
        assert_eq!(entry["Outcome"], "Removed", "{report:#}");
        let commands = commands_for(&report, &leaves.id);
        assert!(
            commands.contains("delete-open-id-connect-provider"),
            "{report:#}"
        );
        assert!(
            commands.contains("StackSet-DefenderConnector-Members-"),
            "{report:#}"
        );
        assert!(organization.connected().await?.contains(&stays.id));
        Ok(())
    })
}

#[test]
fn an_account_that_moves_out_of_scope_loses_its_connector_and_gets_it_back_with_its_unit()
-> Result<()> {
    let units = [("Sandbox", 1), ("Workloads", 2)];
    on_organization(&units, async |organization, members| {
        let unit = organization.unit("Workloads")?;
        let stack = organization.stack().with("OrganizationalUnitIds", unit);
        organization.deploy(&stack).await?;
        let (outside, moves) = (&members[0], &members[1]);
        assert!(!organization.connected().await?.contains(&outside.id));
        assert_eq!(organization.stack_instances_in(outside).await?, []);

        organization.move_to(moves, "Sandbox").await?;
        organization.until_connected(moves, false).await?;
        organization.until_quiet().await?;
        assert_eq!(organization.stack_instances_in(moves).await?, []);
        assert_eq!(moves.role("CspmMonitorAws").await?, None);

        organization.move_to(moves, "Workloads").await?;
        organization.until_connected(moves, true).await?;
        organization.until_quiet().await?;
        assert!(organization.connected().await?.contains(&members[2].id));
        Ok(())
    })
}

/// AWS suspends an account without an event; it may come back.
#[test]
fn an_account_that_is_suspended_keeps_its_connector() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        let before = organization.connected().await?;
        organization.suspend(&members[0]).await?;
        let run = organization.management.sweep().await?;
        assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
        assert_eq!(organization.connected().await?, before);
        let report = organization.report(&stack, &run).await?;
        let skipped = integration_tests::skipped_of(&report, &members[0]);
        assert_eq!(skipped["Reason"], "Suspended", "{report:#}");
        Ok(())
    })
}

/// What a report says that a person can run in an account.
fn commands_for(report: &Value, account: &str) -> String {
    let left = report["LeftBehind"].as_array().into_iter().flatten();
    let mut left = left.filter(|one| one["AccountId"] == account);
    let commands = left.next().map(|one| one["Commands"].to_string());
    commands.unwrap_or_default()
}
