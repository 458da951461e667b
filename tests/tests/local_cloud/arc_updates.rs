//! Updates of what the tags are to be.

use anyhow::Result;
use integration_tests::{Fleet, NewInstance, REGIONS, Tags, instance_of, on_local_cloud};
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
