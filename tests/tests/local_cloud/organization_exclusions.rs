//! Accounts that are excluded and come into a target unit later: automatic deployments look at
//! units, and not at account filters.

use std::time::Duration;

use anyhow::Result;
use integration_tests::{
    Account, Inventory, Organization, Run, Stack, on_organization, skipped_of, until,
};
use serde_json::Value;

const ACCESS_ROLE: &str = "DefenderConnectorAccess";
const WITHIN: Duration = Duration::from_mins(4);
const UNITS: [(&str, usize); 2] = [("Sandbox", 1), ("Workloads", 1)];

/// The application over one unit; the account is outside of it, and excluded all the same.
fn stack<'a>(organization: &Organization<'a>, excluded: &Account) -> Result<Stack<'a>> {
    let unit = organization.unit("Workloads")?;
    let stack = organization.stack().with("OrganizationalUnitIds", unit);
    Ok(stack.with("ExcludedAccountIds", &excluded.id))
}

#[test]
fn an_excluded_account_that_moves_in_loses_its_roles_with_the_run_that_follows() -> Result<()> {
    on_organization(&UNITS, async |organization, members| {
        let (excluded, member) = (&members[0], &members[1]);
        let before = Inventory::of(excluded).await?;
        let stack = stack(organization, excluded)?;
        organization.deploy(&stack).await?;
        let of_member = organization.stack_instances_in(member).await?;
        assert!(!of_member.is_empty());

        let known = organization.management.runs().await?;
        organization.move_to(excluded, "Workloads").await?;
        let report = report_of_removal(organization, &stack, excluded, &known).await?;
        let skipped = skipped_of(&report, excluded);
        assert_eq!(skipped["Reason"], "Excluded", "{report:#}");
        until_free(organization, excluded).await?;
        organization.until_quiet().await?;
        assert_eq!(organization.stack_instances_in(excluded).await?, []);
        assert_eq!(excluded.role(ACCESS_ROLE).await?, None);
        assert_eq!(excluded.provider().await?, None);
        assert!(!organization.connected().await?.contains(&excluded.id));
        // Nobody else's are touched.
        let kept = organization.stack_instances_in(member).await?;
        assert_eq!(kept, of_member);
        assert!(organization.connected().await?.contains(&member.id));

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(organization.stack_instances().await?, []);
        assert_eq!(Inventory::of(excluded).await?, before);
        Ok(())
    })
}

/// Where no run before it could remove them, the delete does, or says why it cannot.
#[test]
fn a_delete_removes_the_roles_of_excluded_accounts_before_the_stack_sets_go() -> Result<()> {
    on_organization(&UNITS, async |organization, members| {
        let excluded = &members[0];
        let before = Inventory::of(excluded).await?;
        let stack = stack(organization, excluded)?;
        organization.deploy(&stack).await?;
        let refused = organization.with_refused_removals(async || {
            let known = organization.management.runs().await?;
            organization.move_to(excluded, "Workloads").await?;
            let run = organization.run_about(excluded, &known).await?;
            assert_eq!(run.status, "SUCCEEDED", "{:#}", run.record);
            until("the roles of the account", WITHIN, async || {
                excluded.role(ACCESS_ROLE).await
            })
            .await?;
            organization.until_quiet().await?;
            stack.delete().await
        });
        let ended = refused.await?.must_be("DELETE_FAILED")?;
        let reason = ended.reason("OrganizationOnboarding");
        assert!(
            reason.contains("cloudformation:DeleteStackInstances"),
            "{reason}"
        );
        // The stack sets are still asked nothing: the next delete begins where this one ended.
        assert!(excluded.role(ACCESS_ROLE).await?.is_some());

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(organization.stack_instances().await?, []);
        assert_eq!(Inventory::of(excluded).await?, before);
        assert!(organization.connected().await?.is_empty());
        Ok(())
    })
}

/// The report of a run that found the account's stacks and had them removed.
async fn report_of_removal(
    organization: &Organization<'_>,
    stack: &Stack<'_>,
    account: &Account,
    known: &[Run],
) -> Result<Value> {
    until("a run that removes the stacks", WITHIN, async || {
        for run in organization.management.runs().await? {
            if run.status != "SUCCEEDED" || known.iter().any(|one| one.name == run.name) {
                continue;
            }
            let report = organization.report(stack, &run).await?;
            let strays = report["StrayStacks"].as_array().into_iter().flatten();
            let mut of_account = strays.filter(|one| one["AccountId"] == account.id.as_str());
            if of_account.any(|one| one["Operation"].is_string()) {
                return Ok(Some(report));
            }
        }
        Ok(None)
    })
    .await
}

async fn until_free(organization: &Organization<'_>, account: &Account) -> Result<()> {
    until("the end of the account's stacks", WITHIN, async || {
        let left = organization.stack_instances_in(account).await?;
        Ok(left.is_empty().then_some(()))
    })
    .await
}
