//! `HostManagement`: instances that Systems Manager does not manage get its permissions.

use anyhow::Result;
use integration_tests::{Account, Fleet, NewInstance, REGIONS, on_local_cloud, region_of};

const OFF: &str = "$None";
const OURS: &str = "DefenderConnectorHostManagement";

#[test]
fn default_host_management_is_set_where_it_is_off_and_given_back() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let theirs = "ManagedInstance";
        account.set_host_setting(far, theirs).await?;
        let new = NewInstance {
            managed: false,
            ..NewInstance::default()
        };
        let instance = fleet.make(near, new).await?;
        assert!(fleet.online(near).await?.is_empty());
        let stack = fleet
            .stack()
            .with("HostManagement", "DefaultHostManagement");
        fleet.deploy(&stack).await?;
        assert_eq!(account.host_setting(near).await?, OURS);
        assert_eq!(account.host_setting(far).await?, theirs);
        assert_eq!(fleet.online(near).await?, [instance.id]);
        let report = account.successful_sweep(&stack).await?;
        assert_eq!(report["InstancesNotManaged"], 0, "{report:#}");
        for region in REGIONS {
            let told = &region_of(&report, region)["HostManagement"];
            assert!(told.is_string(), "{report:#}");
        }

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(account.host_setting(near).await?, OFF);
        assert_eq!(account.host_setting(far).await?, theirs);
        Ok(())
    })
}

#[test]
fn switching_default_host_management_off_gives_it_back_unless_somebody_has_taken_it_over()
-> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let mut stack = fleet
            .stack()
            .with("HostManagement", "DefaultHostManagement");
        fleet.deploy(&stack).await?;
        assert_eq!(account.host_setting(far).await?, OURS);
        account.set_host_setting(far, "ManagedInstance").await?;
        stack.set("HostManagement", "None");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(account.host_setting(near).await?, OFF);
        assert_eq!(account.host_setting(far).await?, "ManagedInstance");
        Ok(())
    })
}

/// How often AWS's own runbook was started for one instance.
async fn attachments(account: &Account) -> Result<usize> {
    let automations = account.automations().await?;
    let attach = automations
        .iter()
        .filter(|one| one.document == "AWS-AttachIAMToInstance");
    Ok(attach.filter(|one| one.is_for_one()).count())
}

#[test]
fn instances_without_a_profile_get_one_and_the_others_keep_theirs() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let [near, far] = REGIONS;
        let new = NewInstance {
            managed: false,
            ..NewInstance::default()
        };
        let bare = [fleet.make(near, new).await?, fleet.make(far, new).await?];
        let own = fleet.make(near, NewInstance::default()).await?;
        let excluded = NewInstance {
            tags: &[("Arc", "No")],
            ..new
        };
        let excluded = fleet.make(far, excluded).await?;
        let profile = fleet.profile(&own).await?;
        let stack = fleet.stack().with("HostManagement", "InstanceProfile");
        let stack = stack.with("ArcExclusionTags", "Arc=No");
        fleet.deploy(&stack).await?;
        for instance in &bare {
            let attached = fleet.profile(instance).await?.unwrap_or_default();
            assert!(
                attached.ends_with("instance-profile/DefenderConnectorInstance"),
                "{attached}"
            );
            assert!(fleet.online(instance.region).await?.contains(&instance.id));
        }
        assert_eq!(fleet.profile(&own).await?, profile);
        assert_eq!(fleet.profile(&excluded).await?, None);
        assert_eq!(attachments(account).await?, bare.len());
        let report = account.successful_sweep(&stack).await?;
        assert_eq!(report["InstancesNotManaged"], 0, "{report:#}");
        assert_eq!(attachments(account).await?, bare.len());
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}
