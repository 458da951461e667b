//! `Ref` and `Fn::GetAtt` of both custom resources, tags, in a second stack on the same function.

use anyhow::Result;
use integration_tests::{Stack, on_local_cloud};
use serde_json::json;

use crate::small_stack::{connector_properties, service_token, template};

#[test]
fn every_attribute_is_there_and_an_equal_connector_is_not_written_again() -> Result<()> {
    on_local_cloud(async |account| {
        let application = account.stack();
        application.create().await?.must_be("CREATE_COMPLETE")?;
        let token = service_token(account, &application).await?;
        let attributes = ["ConnectorId", "ConnectorName", "AccountId"];
        let properties = connector_properties(account);
        let connector = template(
            &token,
            "Custom::SecurityConnector",
            &properties,
            &attributes,
        );
        let small = Stack::of_template(account, "connector", connector);
        let made = small.create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(made.output("PhysicalId"), account.connector_id());
        assert_eq!(made.output("ConnectorId"), account.connector_id());
        assert_eq!(made.output("ConnectorName"), format!("aws-{}", account.id));
        assert_eq!(made.output("AccountId"), account.id);
        assert_eq!(account.azure.writes().await?, 1);

        let names = json!({"CspmMonitor": "CspmMonitorAws"});
        let properties = json!({"AccountId": account.id, "RoleNames": names});
        let provider = template(
            &token,
            "Custom::IdentityProvider",
            &properties,
            &["ProviderArn"],
        );
        let small = Stack::of_template(account, "provider", provider);
        let made = small.create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(made.output("PhysicalId"), account.provider_arn());
        assert_eq!(made.output("ProviderArn"), account.provider_arn());
        Ok(())
    })
}

#[test]
fn tags_come_change_and_go_and_those_of_others_stay() -> Result<()> {
    on_local_cloud(async |account| {
        let application = account.stack();
        application.create().await?.must_be("CREATE_COMPLETE")?;
        let token = service_token(account, &application).await?;
        let id = account.connector_id();
        let with_tags = |tags| {
            let mut properties = connector_properties(account);
            properties["Tags"] = tags;
            template(&token, "Custom::SecurityConnector", &properties, &[])
        };
        let tags = json!({"Team": "blue", "CostCenter": "1"});
        let mut small = Stack::of_template(account, "tags", with_tags(tags));
        small.create().await?.must_be("CREATE_COMPLETE")?;
        let mut connector = account.azure.connector(&id).await?;
        assert_eq!(connector["tags"]["Team"], "blue");
        assert_eq!(connector["tags"]["ManagedBy"], "defender-connector-aws");

        connector["tags"]["Policy"] = json!("added by Azure Policy");
        account.azure.seed(&id, &connector.to_string()).await?;
        small.set_template(with_tags(json!({"Team": "red"})));
        small.update().await?.must_be("UPDATE_COMPLETE")?;
        let tags = account.azure.connector(&id).await?["tags"].clone();
        assert_eq!(tags["Team"], "red");
        assert_eq!(
            tags["CostCenter"],
            json!(null),
            "a tag that is no longer asked for goes"
        );
        assert_eq!(tags["Policy"], "added by Azure Policy");

        small.delete().await?.must_be("DELETE_COMPLETE")?;
        application.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}
