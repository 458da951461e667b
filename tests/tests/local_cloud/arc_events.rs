//! Instances that start after the deploy: the rule starts the runbook, with no sweep in between.

use anyhow::Result;
use integration_tests::{Account, Fleet, NewInstance, REGIONS, Tags, on_local_cloud};

#[test]
fn an_instance_launched_afterwards_is_tagged_with_no_sweep() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let stack = fleet.stack().with("ArcExclusionTags", "Stage=Test,Arc=No");
        fleet.deploy(&stack).await?;
        let runs = account.runs().await?.len();
        for region in REGIONS {
            let launched = fleet.launch(region, &[]).await?;
            let execution = account.tagged_by_event(&launched).await?;
            assert_eq!(execution.document, "DefenderConnector-ApplyArcTags");
            assert_eq!(fleet.tags(&launched).await?, fleet.four_tags(&launched));
            for tag in [("Arc", "No"), ("Stage", "Test")] {
                let excluded = fleet.launch(region, &[tag]).await?;
                account.tagged_by_event(&excluded).await?;
                let own = Tags::from([(tag.0.to_owned(), tag.1.to_owned())]);
                assert_eq!(fleet.tags(&excluded).await?, own);
            }
            let other = fleet.launch(region, &[("Arc", "Yes")]).await?;
            account.tagged_by_event(&other).await?;
            assert_eq!(fleet.tags(&other).await?.len(), 5);
        }
        assert_eq!(account.runs().await?.len(), runs, "there was a run");
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}

/// EC2 describes an instance before it lets it be tagged; other tests' launches only take longer.
#[test]
fn an_instance_that_is_not_yet_taggable_is_tried_again() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        fleet.deploy(&fleet.stack()).await?;
        // All attempts of the runbook together take longer than the instance does.
        let late = [
            ("taggableAfterSeconds", 3.into()),
            ("automationRetrySeconds", 1.into()),
        ];
        let launched = account
            .emulator
            .with_switches(late, async || {
                let launched = fleet.launch(REGIONS[1], &[]).await?;
                account.tagged_by_event(&launched).await?;
                Ok(launched)
            })
            .await?;
        assert_eq!(fleet.tags(&launched).await?, fleet.four_tags(&launched));
        let writes = account.tag_writes().await?;
        let (last, refused) = writes
            .split_last()
            .ok_or_else(|| anyhow::anyhow!("no write"))?;
        assert_eq!(last.outcome, "ok");
        assert!(!refused.is_empty(), "it was taggable at once");
        Ok(())
    })
}

/// Takes a role's only policy away.
async fn disarm(account: &Account, role: &str) -> Result<()> {
    for policy in account.existing_role(role).await?.inline {
        let delete = account.iam.delete_role_policy().role_name(role);
        delete.policy_name(policy).send().await?;
    }
    Ok(())
}

/// What the rule could not start, and what failed, lies in the region's queue; a sweep mends it.
#[test]
fn what_fails_on_the_way_is_kept_and_the_next_sweep_repairs_it() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let stack = fleet.stack();
        fleet.deploy(&stack).await?;
        let region = REGIONS[1];
        let policies = role_policies(account, "DefenderConnectorRunbook").await?;
        disarm(account, "DefenderConnectorRunbook").await?;
        let failed = fleet.launch(region, &[]).await?;
        let failure = account
            .failure_about(region, "DefenderConnector-ApplyArcTags")
            .await?;
        assert!(failure.body.contains("Failed"), "{failure:?}");

        disarm(account, "DefenderConnectorEvents").await?;
        let never_started = fleet.launch(region, &[]).await?;
        let failure = account.failure_about(region, &never_started.id).await?;
        let code = failure.message_attributes["ERROR_CODE"]["StringValue"].as_str();
        assert_eq!(code, Some("NO_PERMISSIONS"), "{failure:?}");

        for (name, document) in policies {
            let restore = account.iam.put_role_policy().policy_name(name);
            let restore = restore.role_name("DefenderConnectorRunbook");
            restore.policy_document(document).send().await?;
        }
        let untouched = fleet.make(region, NewInstance::default()).await?;
        let report = account.successful_sweep(&stack).await?;
        assert_eq!(report["InstancesTagged"], 3, "{report:#}");
        for instance in [&failed, &never_started, &untouched] {
            assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
        }
        Ok(())
    })
}

async fn role_policies(account: &Account, role: &str) -> Result<Vec<(String, String)>> {
    let mut policies = Vec::new();
    for name in account.existing_role(role).await?.inline {
        policies.push((name.clone(), account.role_policy(role, &name).await?));
    }
    Ok(policies)
}
