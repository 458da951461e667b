//! Arc auto-provisioning of a fleet in two regions: deployed, looked at again, switched off, deleted.

use anyhow::Result;
use integration_tests::{
    Account, Fleet, Inventory, REGIONS, Tags, instance_of, on_local_cloud, region_of,
};
use serde_json::{Value, json};

use crate::existing_fleet::{EXCLUSION, Existing, stack};

fn named(mut tags: Tags, name: &str) -> Tags {
    tags.insert("Name".to_owned(), name.to_owned());
    tags
}

#[test]
fn a_fleet_in_two_regions_gets_exactly_the_right_tags_and_loses_them_with_the_stack() -> Result<()>
{
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let there = Existing::make(&fleet).await?;
        let before = Inventory::of(account).await?;
        let stack = stack(&fleet);
        let made = fleet.deploy(&stack).await?;
        assert_eq!(made.output("InstancesSeen"), "6");
        assert_eq!(made.output("InstancesNotManaged"), "2");
        assert_tags(&fleet, &there).await?;
        assert_written_once(account, &there).await?;
        assert_counts(account, &[6, 4, 1, 0, 2]).await?;
        assert_report(&account.report_of_last_request(&stack).await?, &there);
        assert_in_every_region(&Inventory::of(account).await?);

        // Somebody takes one of our keys for a purpose of their own.
        fleet.tag(&there.bare, "Cloud", "mine").await?;
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        let kept = [("Cloud", "mine"), ("Name", "db")];
        assert_eq!(fleet.tags(&there.bare).await?, tags(&kept));
        assert_eq!(fleet.tags(&there.wrong).await?, tags(&[("Name", "web")]));
        assert_eq!(fleet.tags(&there.excluded).await?, tags(&[EXCLUSION]));
        for instance in [&there.right, &there.unmanaged, &there.stopped] {
            assert_eq!(fleet.tags(instance).await?, Tags::new(), "{instance:?}");
        }
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

fn tags(some: &[(&str, &str)]) -> Tags {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    some.iter().map(owned).collect()
}

async fn assert_tags(fleet: &Fleet<'_>, there: &Existing) -> Result<()> {
    for (instance, name) in [(&there.bare, "db"), (&there.wrong, "web")] {
        let expected = named(fleet.four_tags(instance), name);
        assert_eq!(fleet.tags(instance).await?, expected);
    }
    for instance in [&there.right, &there.unmanaged, &there.stopped] {
        assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
    }
    assert_eq!(fleet.tags(&there.excluded).await?, tags(&[EXCLUSION]));
    assert_eq!(fleet.tags(&there.terminated).await?, Tags::new());
    Ok(())
}

/// One call for each instance that was wrong, by the runbook in its own role, and no other.
async fn assert_written_once(account: &Account, there: &Existing) -> Result<()> {
    let writes = account.tag_writes().await?;
    let automations = account.automations().await?;
    let mut written: Vec<&str> = Vec::new();
    for write in &writes {
        assert_eq!(
            (write.action.as_str(), write.outcome.as_str()),
            ("CreateTags", "ok")
        );
        written.extend(write.resources.iter().map(String::as_str));
        let is_known = |id: &String| automations.iter().any(|one| one.execution_id == *id);
        let execution = write.automation_execution_id.as_ref();
        assert!(execution.is_some_and(is_known), "{write:#?}");
        let role = format!(
            "arn:aws:sts::{}:assumed-role/DefenderConnectorRunbook/",
            account.id
        );
        let principal = write.principal.as_deref().unwrap_or_default();
        assert!(principal.starts_with(&role), "{write:#?}");
    }
    let mut expected = there.to_be_tagged().map(|one| one.id.as_str());
    expected.sort_unstable();
    written.sort_unstable();
    assert_eq!(written, expected);
    Ok(())
}

/// Seen, tagged, already right, failed, not managed.
async fn assert_counts(account: &Account, expected: &[usize; 5]) -> Result<()> {
    let answered = account.attributes("ArcTags").await?;
    let names = [
        "InstancesSeen",
        "InstancesTagged",
        "InstancesAlreadyRight",
        "InstancesFailed",
        "InstancesNotManaged",
    ];
    let seen = names.map(|name| answered[name].to_string().trim_matches('"').to_owned());
    assert_eq!(seen, expected.map(|count| count.to_string()), "{answered}");
    Ok(())
}

fn assert_report(report: &Value, there: &Existing) {
    for (instance, outcome) in [
        (&there.bare, "Tagged"),
        (&there.wrong, "Tagged"),
        (&there.right, "AlreadyRight"),
        (&there.excluded, "Excluded"),
    ] {
        let told = instance_of(report, &instance.id);
        assert_eq!(told["Tags"], outcome, "{told:#}");
    }
    let replaced = json!({"Cloud": "GCP", "MDFCSecurityConnector": "false"});
    assert_eq!(instance_of(report, &there.wrong.id)["Replaced"], replaced);
    assert!(
        instance_of(report, &there.terminated.id).is_null(),
        "{report:#}"
    );

    let ready = instance_of(report, &there.bare.id);
    assert_eq!(
        (&ready["Managed"], &ready["NotReady"]),
        (&json!(true), &json!([]))
    );
    for (instance, reason) in [
        (&there.unmanaged, "no instance profile"),
        (&there.stopped, "stopped"),
    ] {
        let told = instance_of(report, &instance.id);
        assert_eq!(told["Managed"], false, "{told:#}");
        let lacks = told["NotReady"]
            .as_array()
            .map_or(&[] as &[Value], Vec::as_slice);
        let of_it = |one: &&Value| {
            one["Reason"]
                .as_str()
                .is_some_and(|told| told.contains(reason))
        };
        let found = lacks.iter().find(of_it).unwrap_or(&Value::Null);
        assert!(
            found["Fix"].as_str().is_some_and(|fix| !fix.is_empty()),
            "{told:#}"
        );
    }
    for region in REGIONS {
        assert_eq!(region_of(report, region)["Outcome"], "Done", "{report:#}");
    }
}

/// The look at what is left would see it.
fn assert_in_every_region(inventory: &Inventory) {
    for region in REGIONS {
        for thing in [
            "document {}/DefenderConnector-ApplyArcTags",
            "document {}/DefenderConnector-RemoveArcTags",
            "rule {}/DefenderConnector-InstanceRunning",
            "rule {}/DefenderConnector-ExecutionFailed",
            "queue {}/DefenderConnector-ArcTagFailures",
            "alarm {}/DefenderConnector-ArcTagStartFailed",
            "alarm {}/DefenderConnector-ArcTagExecutionFailed",
        ] {
            let thing = thing.replace("{}", region);
            assert!(inventory.contains(&thing), "no {thing} in {inventory:#?}");
        }
    }
    for thing in [
        "stack set DefenderConnector-Region",
        "state machine DefenderConnector-OnboardOrganization",
        "schedule DefenderConnector-DailySweep",
        "role DefenderConnectorRunbook",
    ] {
        assert!(inventory.contains(thing), "no {thing} in {inventory:#?}");
    }
}

/// Both ways of looking again cost reads only.
#[test]
fn a_second_update_and_a_sweep_of_an_unchanged_fleet_write_nothing() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let there = Existing::make(&fleet).await?;
        let mut stack = stack(&fleet);
        fleet.deploy(&stack).await?;
        let writes = account.tag_writes().await?.len();
        let automations = account.automations().await?.len();
        assert_eq!(writes, there.to_be_tagged().len());

        stack.set("MaxConcurrentAutomations", "10");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_counts(account, &[6, 0, 5, 0, 2]).await?;
        let report = account.successful_sweep(&stack).await?;
        assert_eq!(report["InstancesAlreadyRight"], 5, "{report:#}");
        assert_eq!(account.tag_writes().await?.len(), writes);
        assert_eq!(account.automations().await?.len(), automations);
        Ok(())
    })
}

/// The update's clean-up takes everything in its order: tags while there are runbooks and roles.
#[test]
fn switching_it_off_takes_the_tags_and_all_that_wrote_them() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let there = Existing::make(&fleet).await?;
        let mut stack = stack(&fleet).with("ArcAutoProvisioning", "false");
        stack.set("ArcExclusionTags", "");
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let without = Inventory::of(account).await?;
        assert_eq!(fleet.tags(&there.unmanaged).await?, Tags::new());

        stack.set("ArcAutoProvisioning", "true");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        for instance in [&there.unmanaged, &there.stopped] {
            assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
        }
        stack.set("ArcAutoProvisioning", "false");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        for instance in [&there.unmanaged, &there.stopped] {
            assert_eq!(fleet.tags(instance).await?, Tags::new(), "{instance:?}");
        }
        assert_eq!(Inventory::of(account).await?, without);
        Ok(())
    })
}
