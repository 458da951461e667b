//! The delete of an organization's stack, where something is in its way.

use anyhow::{Context, Result};
use integration_tests::{Account, Inventory, Organization, on_organization};
use serde_json::json;

const ACCESS_ROLE: &str = "DefenderConnectorAccess";

#[test]
fn a_delete_that_azure_refuses_fails_and_the_next_one_ends_it() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let management = organization.management;
        let before = Inventory::of(management).await?;
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        let id = format!("aws-{}", members[0].id);
        let refused = json!({
            "method": "DELETE",
            "pathContains": id,
            "times": 1000,
            "status": 409,
            "body": {"error": {"code": "ScopeLocked", "message": "Not today."}},
        });
        management.azure.fault(refused).await?;
        let ended = stack.delete().await?.must_be("DELETE_FAILED")?;
        let reason = ended.reason("OrganizationOnboarding");
        assert!(reason.contains("1 account"), "{reason}");
        assert!(reason.contains("report.json"), "{reason}");
        // What a second try needs is still there.
        assert!(members[0].role(ACCESS_ROLE).await?.is_some());

        management.azure.clear_faults().await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert!(organization.connected().await?.is_empty());
        assert_eq!(Inventory::of(management).await?, before);
        Ok(())
    })
}

/// Neither an account that cannot be worked in nor one that is suspended keeps the stack for ever.
#[test]
fn accounts_that_cannot_be_worked_in_keep_no_stack() -> Result<()> {
    on_organization(&[("", 3)], async |organization, members| {
        let stack = organization.stack();
        organization.deploy(&stack).await?;
        take_role_away(&members[0], ACCESS_ROLE).await?;
        organization.suspend(&members[1]).await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert!(organization.connected().await?.is_empty());
        assert_clean(organization, &members[2]).await
    })
}

async fn assert_clean(organization: &Organization<'_>, member: &Account) -> Result<()> {
    assert_eq!(organization.stack_instances().await?, []);
    assert_eq!(member.provider().await?, None);
    assert_eq!(member.role(ACCESS_ROLE).await?, None);
    Ok(())
}

async fn take_role_away(account: &Account, name: &str) -> Result<()> {
    let role = account.role(name).await?.context("the role is there")?;
    for policy in role.inline {
        let delete = account.iam.delete_role_policy().role_name(name);
        delete.policy_name(policy).send().await?;
    }
    for policy in role.attached {
        let detach = account.iam.detach_role_policy().role_name(name);
        detach.policy_arn(policy).send().await?;
    }
    account.iam.delete_role().role_name(name).send().await?;
    Ok(())
}
