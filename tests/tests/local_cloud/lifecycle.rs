//! Deploy, update, delete: as the README has it, and what must be there in between.

use anyhow::Result;
use integration_tests::{Account, Inventory, Outcome, on_local_cloud};
use serde_json::{Value, json};

#[test]
fn sam_deploys_updates_and_deletes_leaving_nothing() -> Result<()> {
    on_local_cloud(async |account| {
        let before = Inventory::of(account).await?;
        let mut stack = account.stack();
        let made = stack.sam_deploy().await?.must_be("CREATE_COMPLETE")?;
        assert_outputs(account, &made);
        assert_connector(account, &made).await?;
        assert_eq!(account.azure.writes().await?, 1);

        stack.sam_deploy().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(
            account.azure.writes().await?,
            1,
            "a deploy without changes writes nothing"
        );

        let physical_id = stack.physical_id("SecurityConnector").await?;
        stack.set("ScanIntervalHours", "24");
        stack.sam_deploy().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(account.azure.writes().await?, 2, "one change is one write");
        assert_eq!(stack.physical_id("SecurityConnector").await?, physical_id);
        assert_eq!(scan_interval(account).await?, 24);

        // `sam delete` looks every 30 seconds; this way its first look finds the stack gone.
        account.emulator.switch("deleteWaitSeconds", 25).await?;
        stack.sam_delete().await?;
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

fn assert_outputs(account: &Account, made: &Outcome) {
    assert_eq!(made.output("ConnectorId"), account.connector_id());
    assert_eq!(made.output("ConnectorName"), format!("aws-{}", account.id));
    assert_eq!(made.output("ProviderArn"), account.provider_arn());
    assert_eq!(
        made.output("AzureSignInRoleArn"),
        account.sign_in_role_arn()
    );
    let role = format!("arn:aws:iam::{}:role/CspmMonitorAws", account.id);
    assert_eq!(made.output("CspmMonitorRoleArn"), role);
    assert_eq!(made.output("DeploymentId"), deployment_id(account));
}

async fn assert_connector(account: &Account, made: &Outcome) -> Result<()> {
    let connector = account.azure.connector(&account.connector_id()).await?;
    let properties = &connector["properties"];
    assert_eq!(properties["hierarchyIdentifier"], account.id);
    assert_eq!(properties["environmentName"], "AWS");
    let environment = &properties["environmentData"];
    assert_eq!(environment["environmentType"], "AwsAccount");
    assert_eq!(environment["scanInterval"], 4);
    assert_eq!(environment["regions"], json!([]));
    let offerings = properties["offerings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    assert_eq!(offerings.len(), 1, "{offerings:?}");
    assert_eq!(offerings[0]["offeringType"], "CspmMonitorAws");
    let role = format!("arn:aws:iam::{}:role/CspmMonitorAws", account.id);
    assert_eq!(offerings[0]["nativeCloudConnection"]["cloudRoleArn"], role);
    let expected = json!({
        "ManagedBy": "defender-connector-aws",
        "DeploymentId": deployment_id(account),
        "StackId": made.stack_id,
    });
    assert_eq!(connector["tags"], expected);
    Ok(())
}

#[test]
fn either_access_mode_and_a_change_between_them_leaves_the_connector_alone() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack().with("AccessMode", "LeastPrivilege");
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let role = account.existing_role("CspmMonitorAws").await?;
        assert!(role.attached.is_empty(), "{role:?}");
        assert!(role.inline.contains("CspmMonitorAwsPolicy"), "{role:?}");

        stack.set("AccessMode", "Default");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let role = account.existing_role("CspmMonitorAws").await?;
        assert!(
            role.attached
                .contains("arn:aws:iam::aws:policy/ReadOnlyAccess"),
            "{role:?}"
        );
        assert_eq!(role.inline, ["CspmMonitorAwsDenyPolicy".to_owned()].into());
        assert_eq!(account.azure.writes().await?, 1);
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(account.role("CspmMonitorAws").await?, None);
        Ok(())
    })
}

#[test]
fn regions_are_written_when_they_change_and_not_when_their_order_does() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = account.stack().with("Regions", "eu-west-1,us-east-1");
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(regions(account).await?, json!(["eu-west-1", "us-east-1"]));
        stack.set("Regions", "us-east-1,eu-west-1");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(
            account.azure.writes().await?,
            1,
            "the order of regions means nothing"
        );
        stack.set("Regions", "us-east-1");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(regions(account).await?, json!(["us-east-1"]));
        stack.set("Regions", "");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(regions(account).await?, json!([]));
        assert_eq!(account.azure.writes().await?, 3);
        Ok(())
    })
}

/// The provider and what each function may do there, after a deploy.
#[test]
fn the_provider_carries_every_audience_and_says_who_added_it() -> Result<()> {
    on_local_cloud(async |account| {
        account.stack().create().await?.must_be("CREATE_COMPLETE")?;
        let provider = account.provider().await?;
        let provider = provider.ok_or_else(|| anyhow::anyhow!("there is no provider"))?;
        assert_eq!(provider.audiences.len(), 7, "{provider:?}");
        for audience in &provider.audiences {
            let tag = provider
                .tags
                .get(&format!("defender-connector-aws/{audience}"));
            assert_eq!(tag, Some(&deployment_id(account)), "{audience}");
        }
        assert_eq!(
            provider.tags.get("ManagedBy").map(String::as_str),
            Some("defender-connector-aws")
        );
        Ok(())
    })
}

fn deployment_id(account: &Account) -> String {
    format!("{}-{}", account.stack_name(), account.id)
}

async fn scan_interval(account: &Account) -> Result<Value> {
    let connector = account.azure.connector(&account.connector_id()).await?;
    Ok(connector["properties"]["environmentData"]["scanInterval"].clone())
}

async fn regions(account: &Account) -> Result<Value> {
    let connector = account.azure.connector(&account.connector_id()).await?;
    Ok(connector["properties"]["environmentData"]["regions"].clone())
}
