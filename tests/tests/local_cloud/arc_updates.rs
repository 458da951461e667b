//! Updates of what the tags are to be.

use anyhow::Result;
use integration_tests::{
    Fleet, NewInstance, REGIONS, TagWrite, Tags, instance_of, on_local_cloud, region_of,
};
use serde_json::json;

const KEY: &str = "MDFCSecurityConnector";

fn with_value(mut tags: Tags, value: &str) -> Tags {
    tags.insert(KEY.to_owned(), value.to_owned());
    tags
}

#[test]
fn another_tag_value_retags_and_holds_for_new_instances_and_the_delete() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let there = [
            fleet.make(near, NewInstance::default()).await?,
            fleet.make(far, NewInstance::default()).await?,
        ];
        let mut stack = fleet.stack();
        fleet.deploy(&stack).await?;
        let longest = "v".repeat(256);
        stack.set("ConnectorTagValue", &longest);
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let report = account.report_of_last_request(&stack).await?;
        for instance in &there {
            let expected = with_value(fleet.four_tags(instance), &longest);
            assert_eq!(fleet.tags(instance).await?, expected);
            let told = instance_of(&report, &instance.id);
            assert_eq!(told["Replaced"], json!({KEY: "true"}), "{told:#}");
        }
        assert_eq!(account.tag_writes().await?.len(), 4, "two writes for each");

        let launched = fleet.launch(far, &[]).await?;
        account.tagged_by_event(&launched).await?;
        let expected = with_value(fleet.four_tags(&launched), &longest);
        assert_eq!(fleet.tags(&launched).await?, expected);
        let report = account.successful_sweep(&stack).await?;
        assert_eq!(report["InstancesAlreadyRight"], 3, "{report:#}");

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        for instance in there.iter().chain([&launched]) {
            assert_eq!(fleet.tags(instance).await?, Tags::new());
        }
        Ok(())
    })
}

#[test]
fn a_region_that_is_taken_out_loses_its_tags_before_its_runbooks() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let stays = fleet.make(near, NewInstance::default()).await?;
        let leaves = fleet.make(far, NewInstance::default()).await?;
        let mut stack = fleet.stack();
        fleet.deploy(&stack).await?;
        assert_eq!(fleet.tags(&leaves).await?, fleet.four_tags(&leaves));

        // What is there has the old value, whatever is wanted from now on.
        stack.set("Regions", near);
        stack.set("ConnectorTagValue", "later");
        let updated = stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(updated.output("ArcRegions"), near);
        assert_eq!(fleet.tags(&leaves).await?, Tags::new());
        let expected = with_value(fleet.four_tags(&stays), "later");
        assert_eq!(fleet.tags(&stays).await?, expected);
        let mut writes = account.tag_writes().await?;
        writes.retain(|write| write.resources.contains(&leaves.id));
        let actions: Vec<&str> = writes.iter().map(|write| write.action.as_str()).collect();
        assert_eq!(actions, ["CreateTags", "DeleteTags"]);
        let by_runbook = |write: &TagWrite| write.automation_execution_id.is_some();
        assert!(writes.iter().all(by_runbook), "{writes:#?}");

        let report = account.successful_sweep(&stack).await?;
        assert!(region_of(&report, far).is_null(), "{report:#}");
        assert_eq!(fleet.tags(&leaves).await?, Tags::new());

        // Back in, it is tagged as the others are.
        stack.set("Regions", &REGIONS.join(","));
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let expected = with_value(fleet.four_tags(&leaves), "later");
        assert_eq!(fleet.tags(&leaves).await?, expected);
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        for instance in [&stays, &leaves] {
            assert_eq!(fleet.tags(instance).await?, Tags::new());
        }
        Ok(())
    })
}
