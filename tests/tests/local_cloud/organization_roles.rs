//! Roles and providers in members: names that are taken, and IAM's two ways with a provider that is
//! not there yet.

use anyhow::Result;
use integration_tests::{Account, entry_of, on_organization};
use serde_json::json;

/// Has an account use the name of one of our roles for another purpose.
pub async fn take_role_name(account: &Account, name: &str) -> Result<()> {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }]});
    let role = account.iam.create_role().role_name(name);
    let role = role.assume_role_policy_document(trust.to_string());
    role.send().await?;
    Ok(())
}

/// Takes it away again.
pub async fn free_role_name(account: &Account, name: &str) -> Result<()> {
    let delete = account.iam.delete_role().role_name(name);
    delete.send().await?;
    Ok(())
}

/// The other tests play that IAM refuses such a role: then the stack fails at first, and is made
/// again by the run that makes the provider.
#[test]
fn members_are_connected_where_roles_need_no_provider_to_be_made() -> Result<()> {
    on_organization(&[("", 2)], async |organization, members| {
        let emulator = &organization.management.emulator;
        let stack = organization.stack();
        let switched = [("trustNeedsProvider", json!(false))];
        let made = emulator
            .with_switches(switched, async || stack.create().await)
            .await?
            .must_be("CREATE_COMPLETE")?;
        assert_eq!(made.output("AccountsConnected"), "2");
        let report = made.output("OrganizationReport");
        let report = organization.report_of_deploy(&stack, report).await?;
        for member in members {
            assert_eq!(entry_of(&report, member)["Outcome"], "Connected");
            assert!(member.provider().await?.is_some());
        }
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}

#[test]
fn a_members_stack_that_failed_for_lack_of_the_provider_is_made_again_by_the_run() -> Result<()> {
    on_organization(&[("Workloads", 2)], async |organization, members| {
        let stack = organization.stack();
        let made = stack.create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(made.output("AccountsFailed"), "0");
        for member in members {
            let instances = organization.stack_instances_in(member).await?;
            let mut sets: Vec<&str> = instances.iter().map(|one| one.stack_set).collect();
            sets.sort_unstable();
            assert_eq!(sets, ["Access", "Account"]);
            assert!(
                instances.iter().all(|one| one.status == "SUCCEEDED"),
                "{instances:#?}"
            );
            assert!(member.role("CspmMonitorAws").await?.is_some());
        }
        Ok(())
    })
}
