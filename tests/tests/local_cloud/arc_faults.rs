//! What is denied, closed, or gone meanwhile: an outcome of its own, and the rest goes on.

use anyhow::Result;
use integration_tests::{
    Account, Automation, Fleet, Instance, Inventory, NewInstance, REGIONS, Tags, instance_of,
    on_local_cloud, region_of,
};
use serde_json::{Value, json};

/// A policy that denies actions in one region, as an organization's would.
async fn deny(account: &Account, role: &str, actions: &[&str], region: &str) -> Result<()> {
    let statement = json!({
        "Effect": "Deny",
        "Action": actions,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
    });
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    let put = account.iam.put_role_policy().role_name(role);
    let put = put
        .policy_name("Closed")
        .policy_document(policy.to_string());
    put.send().await?;
    Ok(())
}

async fn allow_again(account: &Account, role: &str) -> Result<()> {
    let delete = account.iam.delete_role_policy().role_name(role);
    delete.policy_name("Closed").send().await?;
    Ok(())
}

/// The reason and the fix that a report names.
fn told(failure: &Value) -> (&str, &str) {
    let text = |name: &str| failure[name].as_str().unwrap_or_default();
    (text("Reason"), text("Fix"))
}

#[test]
fn a_runbook_role_that_is_denied_fails_its_instances_and_no_others() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let mut stack = fleet.stack();
        fleet.deploy(&stack).await?;
        let denied = fleet.make(far, NewInstance::default()).await?;
        let allowed = fleet.make(near, NewInstance::default()).await?;
        deny(
            account,
            "DefenderConnectorRunbook",
            &["ec2:CreateTags"],
            far,
        )
        .await?;
        stack.set("MaxConcurrentAutomations", "10");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let report = account.report_of_last_request(&stack).await?;
        assert_eq!(
            (&report["InstancesTagged"], &report["InstancesFailed"]),
            (&json!(1), &json!(1))
        );
        let failed = instance_of(&report, &denied.id);
        assert_eq!(failed["Tags"], "Failed", "{failed:#}");
        let (reason, fix) = told(&failed["Failure"]);
        assert!(reason.contains("not authorized"), "{failed:#}");
        assert!(fix.contains("DefenderConnectorRunbook"), "{failed:#}");
        assert_eq!(fleet.tags(&allowed).await?, fleet.four_tags(&allowed));
        assert_eq!(fleet.tags(&denied).await?, Tags::new());

        allow_again(account, "DefenderConnectorRunbook").await?;
        account.successful_sweep(&stack).await?;
        assert_eq!(fleet.tags(&denied).await?, fleet.four_tags(&denied));
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}

#[test]
fn a_region_that_a_policy_closes_has_an_outcome_and_the_others_go_on() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let stack = fleet.stack();
        fleet.deploy(&stack).await?;
        let closed = fleet.make(far, NewInstance::default()).await?;
        let open = fleet.make(near, NewInstance::default()).await?;
        deny(account, "DefenderConnectorAccess", &["ec2:*", "ssm:*"], far).await?;
        let report = account.successful_sweep(&stack).await?;
        let region = region_of(&report, far);
        assert_eq!(region["Outcome"], "Failed", "{report:#}");
        let reason = region["Reason"].as_str().unwrap_or_default();
        assert!(reason.contains("ec2:DescribeInstances"), "{reason}");
        assert_eq!(region_of(&report, near)["Outcome"], "Done", "{report:#}");
        assert_eq!(fleet.tags(&open).await?, fleet.four_tags(&open));
        assert_eq!(fleet.tags(&closed).await?, Tags::new());
        allow_again(account, "DefenderConnectorAccess").await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}

#[test]
fn a_region_that_is_not_enabled_is_skipped_with_the_reason() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let before = Inventory::of(account).await?;
        let instance = fleet.make(near, NewInstance::default()).await?;
        fleet.enable_only(&[near]).await?;
        let mut stack = fleet.stack();
        let made = fleet.deploy(&stack).await?;
        assert_eq!(made.output("ArcRegions"), near);
        let skipped = made.output("ArcSkippedRegions");
        assert!(skipped.starts_with(far), "{skipped}");
        let report = account.report_of_last_request(&stack).await?;
        assert_eq!(region_of(&report, far)["Outcome"], "Skipped", "{report:#}");
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));

        // Empty stands for those that are enabled, whenever it is looked.
        stack.set("Regions", "");
        let updated = stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(updated.output("ArcRegions"), near);
        let report = account.report_of_last_request(&stack).await?;
        assert!(region_of(&report, far).is_null(), "{report:#}");
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(fleet.tags(&instance).await?, Tags::new());
        fleet.enable_only(&REGIONS).await?;
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

/// An instance whose turn has not come yet.
fn not_begun<'i>(automations: &[Automation], instances: &'i [Instance]) -> Option<&'i Instance> {
    let begun = |instance: &&Instance| {
        let of_it = |one: &Automation| one.is_for(instance) && one.has_begun();
        automations.iter().any(of_it)
    };
    instances.iter().find(|one| !begun(one))
}

#[test]
fn an_instance_that_vanishes_between_read_and_write_is_gone_and_the_rest_is_tagged() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let mut instances = fleet
            .make_many(REGIONS[0], 4, NewInstance::default())
            .await?;
        let stack = fleet.stack().with("MaxConcurrentAutomations", "1");
        let (turn, gone) = account
            .with_slow_runbooks(1.0, async || {
                let turn = stack.begin_create().await?;
                account.first_automation().await?;
                let gone = not_begun(&account.automations().await?, &instances).cloned();
                let gone = gone.ok_or_else(|| anyhow::anyhow!("all have begun"))?;
                fleet.vanish(&gone).await?;
                Ok((turn, gone))
            })
            .await?;
        stack.end_of(turn).await?.must_be("CREATE_COMPLETE")?;
        instances.retain(|one| *one != gone);
        for instance in &instances {
            assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
        }
        let report = account.report_of_last_request(&stack).await?;
        assert_eq!(report["InstancesTagged"], 3, "{report:#}");
        assert_eq!(report["InstancesFailed"], 0, "{report:#}");
        let told = instance_of(&report, &gone.id);
        assert!(told.is_null() || told["Tags"] == "Gone", "{told:#}");
        let missed = account
            .automations()
            .await?
            .into_iter()
            .find(|one| one.is_for(&gone));
        let missed = missed.ok_or_else(|| anyhow::anyhow!("it was not started for"))?;
        assert!(
            missed
                .failure
                .is_some_and(|why| why.contains("does not exist"))
        );
        Ok(())
    })
}
