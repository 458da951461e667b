//! An account that Microsoft's own template onboarded: refused, then adopted, then given back.

use anyhow::Result;
use integration_tests::{FOREIGN_AUDIENCES, MicrosoftOnboarding, on_local_cloud};
use serde_json::json;

#[test]
fn it_is_refused_with_a_reason_that_says_what_to_set() -> Result<()> {
    on_local_cloud(async |account| {
        let microsoft = MicrosoftOnboarding::run(account).await?;
        let role = account.existing_role("CspmMonitorAws").await?;
        let provider = account.provider().await?;
        let mut stack = account.stack();

        let refused = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = refused.reason("IdentityProvider");
        for expected in [
            "CspmMonitorAws",
            "CspmMonitorRoleName",
            "AdoptExisting",
            &account.id,
        ] {
            assert!(
                reason.contains(expected),
                "{expected} is missing in {reason}"
            );
        }
        assert_eq!(
            account.azure.requests().await?,
            [],
            "nothing was even asked of Azure"
        );
        stack.delete().await?.must_be("DELETE_COMPLETE")?;

        stack.set("CspmMonitorRoleName", "DefenderCspm");
        let refused = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = refused.reason("SecurityConnector");
        assert!(reason.contains("AdoptExisting=true"), "{reason}");
        assert!(
            reason
                .to_lowercase()
                .contains("/securityconnectors/aws-production"),
            "{reason}"
        );
        assert_eq!(account.azure.writes().await?, 0);
        assert_eq!(
            account.azure.raw(&microsoft.connector_id).await?,
            Some(microsoft.connector)
        );
        assert_eq!(account.existing_role("CspmMonitorAws").await?, role);
        assert_eq!(account.provider().await?, provider);
        Ok(())
    })
}

#[test]
fn it_is_adopted_updated_and_given_back_as_it_was() -> Result<()> {
    on_local_cloud(async |account| {
        let microsoft = MicrosoftOnboarding::run(account).await?;
        let role = account.existing_role("CspmMonitorAws").await?;
        let provider = account.provider().await?;
        let mut stack = account
            .stack()
            .with("CspmMonitorRoleName", "Ours")
            .with("AdoptExisting", "true");

        let made = stack.create().await?.must_be("CREATE_COMPLETE")?;
        assert!(
            made.output("ConnectorId")
                .eq_ignore_ascii_case(&microsoft.connector_id)
        );
        let adopted = account.azure.connector(&microsoft.connector_id).await?;
        assert_eq!(adopted["tags"]["Adopted"], "true");
        assert_eq!(adopted["tags"]["CostCenter"], "4711");
        let properties = &adopted["properties"];
        assert_eq!(properties["environmentData"]["scanInterval"], 4);
        let ours = format!("arn:aws:iam::{}:role/Ours", account.id);
        assert_eq!(
            properties["offerings"][0]["nativeCloudConnection"]["cloudRoleArn"],
            ours
        );
        // The plan is off in this stack; what no plan writes stays.
        let kinds = properties["offerings"].as_array().into_iter().flatten();
        let kinds: Vec<&str> = kinds
            .filter_map(|offering| offering["offeringType"].as_str())
            .collect();
        assert_eq!(kinds, ["CspmMonitorAws", "DefenderForDevOpsGithub"]);
        assert_eq!(account.azure.connectors().await?.len(), 1);

        stack.set("ScanIntervalHours", "6");
        stack.set("CspmPlan", "Defender");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let adopted = account.azure.connector(&microsoft.connector_id).await?;
        assert_eq!(adopted["properties"]["environmentData"]["scanInterval"], 6);
        assert_eq!(
            adopted["properties"]["offerings"].as_array().map(Vec::len),
            Some(3)
        );

        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        microsoft
            .assert_untouched_but_for_signature(account)
            .await?;
        assert_eq!(account.existing_role("CspmMonitorAws").await?, role);
        assert_eq!(account.provider().await?, provider);
        assert_eq!(account.role("Ours").await?, None);
        Ok(())
    })
}

#[test]
fn a_failed_adoption_leaves_it_equal_to_the_byte() -> Result<()> {
    on_local_cloud(async |account| {
        let microsoft = MicrosoftOnboarding::run(account).await?;
        let provider = account.provider().await?;
        let body = json!({"error": {"code": "BadRequest", "message": "Not today."}});
        account
            .azure
            .fault(json!({"method": "PUT", "times": 1, "status": 400, "body": body}))
            .await?;
        let stack = account
            .stack()
            .with("CspmMonitorRoleName", "Ours")
            .with("AdoptExisting", "true");
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        assert!(ended.reason("SecurityConnector").contains("400 BadRequest"));
        assert_eq!(
            account.azure.raw(&microsoft.connector_id).await?,
            Some(microsoft.connector)
        );
        assert_eq!(account.provider().await?, provider);
        Ok(())
    })
}

/// The provider had six audiences: the seventh is added, recorded, and taken back.
#[test]
fn only_the_audience_that_was_missing_is_added() -> Result<()> {
    on_local_cloud(async |account| {
        MicrosoftOnboarding::run(account).await?;
        let stack = account
            .stack()
            .with("CspmMonitorRoleName", "Ours")
            .with("AdoptExisting", "true");
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let provider = account.provider().await?;
        let provider = provider.ok_or_else(|| anyhow::anyhow!("there is no provider"))?;
        let added: Vec<&String> = provider
            .audiences
            .iter()
            .filter(|audience| !FOREIGN_AUDIENCES.contains(&audience.as_str()))
            .collect();
        assert_eq!(added.len(), 1, "{provider:?}");
        let tags: Vec<&String> = provider.tags.keys().collect();
        assert_eq!(tags, [&format!("defender-connector-aws/{}", added[0])]);
        Ok(())
    })
}
