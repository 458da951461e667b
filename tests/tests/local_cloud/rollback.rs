//! Azure refuses a write: what was begun is taken back.

use anyhow::Result;
use integration_tests::{Inventory, on_local_cloud};
use serde_json::{Value, json};

/// A PUT that is refused for good, by Resource Manager.
fn refused(status: u16, code: &str) -> Value {
    json!({
        "method": "PUT",
        "times": 1000,
        "status": status,
        "body": {"error": {"code": code, "message": "Not today."}},
    })
}

fn a_failed_create_leaves_nothing(fault: &Value, expected: &str) -> Result<()> {
    on_local_cloud(async |account| {
        let before = Inventory::of(account).await?;
        account.azure.fault(fault.clone()).await?;
        let stack = account.stack();
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains(expected), "{reason}");
        assert!(reason.contains("could not"), "{reason}");
        assert_eq!(Inventory::of(account).await?, before);
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}

#[test]
fn a_create_that_is_refused_with_400_leaves_nothing() -> Result<()> {
    a_failed_create_leaves_nothing(&refused(400, "BadRequest"), "400 BadRequest")
}

#[test]
fn a_create_that_policy_forbids_leaves_nothing_and_the_reason_names_policy() -> Result<()> {
    a_failed_create_leaves_nothing(&refused(403, "RequestDisallowedByPolicy"), "Azure Policy")
}

#[test]
fn a_create_that_always_meets_500_leaves_nothing() -> Result<()> {
    a_failed_create_leaves_nothing(
        &refused(500, "InternalServerError"),
        "500 InternalServerError",
    )
}

/// The service answered with an error although it had written.
#[test]
fn a_create_that_took_effect_before_it_was_refused_leaves_nothing() -> Result<()> {
    let mut fault = refused(400, "BadRequest");
    fault["afterApplying"] = json!(true);
    a_failed_create_leaves_nothing(&fault, "400 BadRequest")
}

#[test]
fn a_failed_update_goes_back_to_the_old_plan() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let before = account.azure.raw(&account.connector_id()).await?;
        let mut fault = refused(400, "BadRequest");
        fault["times"] = json!(1);
        account.azure.fault(fault).await?;
        stack.set("ScanIntervalHours", "24");
        let ended = stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains("400 BadRequest"), "{reason}");
        assert_eq!(account.azure.raw(&account.connector_id()).await?, before);
        Ok(())
    })
}

/// The new plan was written, and only the answer was lost: the way back has to write.
#[test]
fn an_update_that_took_effect_before_it_failed_is_written_back() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let mut fault = refused(400, "BadRequest");
        fault["times"] = json!(1);
        fault["afterApplying"] = json!(true);
        account.azure.fault(fault).await?;
        stack.set("ScanIntervalHours", "24");
        stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let connector = account.azure.connector(&account.connector_id()).await?;
        assert_eq!(
            connector["properties"]["environmentData"]["scanInterval"],
            4
        );
        Ok(())
    })
}

#[test]
fn a_role_that_defender_cannot_assume_is_named_with_what_is_wrong() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack();
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let role = account.existing_role("CspmMonitorAws").await?;
        let tenant = &account.azure.tenancy.tenant;
        let spoiled = role.trust.to_string().replace(tenant, "another-tenant");
        let spoil = account
            .iam
            .update_assume_role_policy()
            .role_name("CspmMonitorAws");
        spoil.policy_document(spoiled).send().await?;

        stack.set("ScanIntervalHours", "24");
        let ended = stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        assert!(reason.contains("role/CspmMonitorAws"), "{reason}");
        assert!(reason.contains("sts:RoleSessionName"), "{reason}");
        assert!(reason.contains(tenant), "{reason}");
        let connector = account.azure.connector(&account.connector_id()).await?;
        assert_eq!(
            connector["properties"]["environmentData"]["scanInterval"],
            4
        );
        Ok(())
    })
}
